/* q8_1, AVX2: the codes of q8_0 and the sum of the elements. */
#include "kernels/vec32/quant.h"

enum { BLOCK = 32 };

void gb_q8_1_quantize_act_avx2(const float *x, void *blocks, size_t n) {
    gb_block_q8_1 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) {
        const float d = gb_round_bytes32(x + i * BLOCK, b[i].qs);
        b[i].d = (uint16_t)_cvtss_sh(d, 0);
        b[i].s = gb_f16_from_scale((float)gb_byte_sum32(gb_load256(b[i].qs)) * d); /* NaN where d is infinite */
    }
}

void gb_q8_1_dequantize_avx2(const void *blocks, float *x, size_t n) {
    const gb_block_q8_1 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) gb_dequantize_bytes32(b[i].qs, b[i].d, x + i * BLOCK);
}
