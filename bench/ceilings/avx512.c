#include "bench/ceilings/zmm.h"

/* As avx2, in twice the width. */
static inline __m512i int8_step(__m512i sum, __m512i a, __m512i b) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(a, b), _mm512_set1_epi16(1)));
}

#include "bench/ceilings/vector.h"

const gb_loops gb_loops_avx512 = GB_VECTOR_LOOPS;
