#include "bench/ceilings/ymm.h"

/* One instruction for 32 products. */
static inline __m256i int8_step(__m256i sum, __m256i a, __m256i b) {
    return _mm256_dpbusd_avx_epi32(sum, a, b);
}

#include "bench/ceilings/vector.h"

const gb_loops gb_loops_avxvnni = GB_VECTOR_LOOPS;
