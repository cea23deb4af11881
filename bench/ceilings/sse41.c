#include <smmintrin.h>

#define VECTOR         __m128i
#define FLOATS         __m128
#define REGISTER       "x"
#define INT8_PRODUCTS  16
#define FLOAT_PRODUCTS 4
#define spread(x)      _mm_set1_epi8(x)
#define spread_float   _mm_set1_ps
#define load(p)        _mm_load_si128((const __m128i *)(const void *)(p))
#define either         _mm_or_si128

/* As avx2, in half the width. */
static inline __m128i int8_step(__m128i sum, __m128i a, __m128i b) {
    return _mm_add_epi32(sum, _mm_madd_epi16(_mm_maddubs_epi16(a, b), _mm_set1_epi16(1)));
}

/* There is no fused multiply-add. */
static inline __m128 float_step(__m128 sum, __m128 a, __m128 b) {
    return _mm_add_ps(sum, _mm_mul_ps(a, b));
}

static inline unsigned fold(__m128i v) {
    const __m128i q = _mm_or_si128(v, _mm_srli_si128(v, 8));
    return (unsigned)(_mm_extract_epi32(q, 0) | _mm_extract_epi32(q, 1));
}

static inline float fold_float(__m128 v) {
    const __m128 h = _mm_add_ps(v, _mm_movehl_ps(v, v));
    return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}

#include "bench/ceilings/vector.h"

const gb_loops gb_loops_sse41 = GB_VECTOR_LOOPS;
