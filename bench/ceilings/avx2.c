#include "bench/ceilings/ymm.h"

/* Pairs to 16 bits, pairs of pairs to 32: three instructions for 32 products, the shortest way without VNNI. */
static inline __m256i int8_step(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)));
}

#include "bench/ceilings/vector.h"

const gb_loops gb_loops_avx2 = GB_VECTOR_LOOPS;
