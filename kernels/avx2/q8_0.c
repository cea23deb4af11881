/* q8_0, AVX2. Codes are widened to 16 bits before they are multiplied: maddubs would saturate or wrap at -128. */
#include "kernels/avx2/block32.h"

void gb_q8_0_quantize_act_avx2(const float *x, void *blocks, size_t n) {
    gb_block_q8_0 *b = blocks;
    for (size_t i = 0; i < n / GB_BLOCK32; i++)
        b[i].d = (uint16_t)_cvtss_sh(gb_round_bytes32(x + i * GB_BLOCK32, b[i].qs), 0);
}

void gb_q8_0_quantize_avx2(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_q8_0_quantize_act_avx2(x, blocks, n);
}

void gb_q8_0_dequantize_avx2(const void *blocks, float *x, size_t n) {
    const gb_block_q8_0 *b = blocks;
    for (size_t i = 0; i < n / GB_BLOCK32; i++) gb_dequantize_bytes32(b[i].qs, b[i].d, x + i * GB_BLOCK32);
}

GB_INLINE __m128i half(const void *w, size_t i, size_t h) {
    return gb_load128(((const gb_block_q8_0 *)w)[i].qs + 16 * h);
}

static const gb_byte_format format = {.bytes = sizeof(gb_block_q8_0), GB_SCALE_F16, .wide = 1, .half = half};
GB_BYTE_DOTS(q8_0, format)
