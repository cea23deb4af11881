/* q8_0 on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/q8_0.h"

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

GB_BYTE_KERNELS(q8_0, avx2, format)
