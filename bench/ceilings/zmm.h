/* The loops in ZMM registers but for int8_step(), which the file that includes this defines. */
#include <immintrin.h>

#define VECTOR         __m512i
#define FLOATS         __m512
#define REGISTER       "v"
#define INT8_PRODUCTS  64
#define FLOAT_PRODUCTS 16
#define spread(x)      _mm512_set1_epi8(x)
#define spread_float   _mm512_set1_ps
#define load(p)        _mm512_load_si512(p)
#define either         _mm512_or_si512
#define fold(v)        (unsigned)_mm512_reduce_or_epi32(v)
#define fold_float     _mm512_reduce_add_ps

static inline __m512 float_step(__m512 sum, __m512 a, __m512 b) {
    return _mm512_fmadd_ps(a, b, sum);
}
