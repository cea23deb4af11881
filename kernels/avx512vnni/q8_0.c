/* q8_0 on AVX-512 VNNI. */
#include "kernels/avx512vnni/bytes32.h"
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/q8_0.h"

enum { BLOCK = 32 };

void gb_q8_0_quantize_act_avx512vnni(const float *x, void *blocks, size_t n) {
    gb_block_q8_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) b[i].d = gb_to_half(gb_round_bytes32(x + i * BLOCK, b[i].qs));
}

void gb_q8_0_quantize_avx512vnni(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_q8_0_quantize_act_avx512vnni(x, blocks, n);
}

void gb_q8_0_dequantize_avx512vnni(const void *blocks, float *x, size_t n) {
    const gb_block_q8_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) gb_dequantize_bytes32(b[i].qs, b[i].d, x + i * BLOCK);
}

GB_BLOCK32_KERNELS(q8_0, avx512vnni)
