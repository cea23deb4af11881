/* int8_row on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/int8_row.h"

void gb_int8_row_dequantize_avx512vnni(const void *blocks, float *x, size_t n) {
    const __m512 d = gb_broadcast_f32(blocks);
    const int8_t *q = (const int8_t *)blocks + sizeof(float);
    for (size_t i = 0; i < n; i += 16) _mm512_storeu_ps(x + i, _mm512_mul_ps(gb_bytes_to_f32(q + i), d));
}

GB_INT8_ROW_KERNELS(avx512vnni, sums)
