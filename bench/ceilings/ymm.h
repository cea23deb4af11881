/* The loops in YMM registers but for int8_step(), which the file that includes this defines. */
#include <immintrin.h>

#define VECTOR         __m256i
#define FLOATS         __m256
#define REGISTER       "x"
#define INT8_PRODUCTS  32
#define FLOAT_PRODUCTS 8
#define spread(x)      _mm256_set1_epi8(x)
#define spread_float   _mm256_set1_ps
#define load(p)        _mm256_load_si256((const __m256i *)(const void *)(p))
#define either         _mm256_or_si256

static inline __m256 float_step(__m256 sum, __m256 a, __m256 b) {
    return _mm256_fmadd_ps(a, b, sum);
}

static inline unsigned fold(__m256i v) {
    const __m128i h = _mm_or_si128(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    const __m128i q = _mm_or_si128(h, _mm_srli_si128(h, 8));
    return (unsigned)(_mm_extract_epi32(q, 0) | _mm_extract_epi32(q, 1));
}

static inline float fold_float(__m256 v) {
    return _mm_cvtss_f32(_mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)));
}
