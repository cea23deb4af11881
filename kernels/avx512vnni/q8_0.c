/* q8_0 on AVX-512 VNNI. */
#include "kernels/avx512vnni/bytes32.h"
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/q8_0.h"

enum { BLOCK = 32 };

static inline void encode(const float *x, gb_block_q8_0 *b, size_t count) {
    uint16_t d[GB_BYTES_BLOCKS];
    const __m256 scales = gb_round_blocks(x, count, b->qs, sizeof *b);
    _mm_storeu_si128((__m128i *)(void *)d, _mm256_cvtps_ph(scales, _MM_FROUND_TO_NEAREST_INT));
    for (size_t i = 0; i < count; i++) b[i].d = d[i];
}

void gb_q8_0_quantize_act_avx512vnni(const float *x, void *blocks, size_t n) {
    gb_block_q8_0 *b = blocks;
    size_t i = 0;
    for (; i + GB_BYTES_BLOCKS <= n / BLOCK; i += GB_BYTES_BLOCKS) encode(x + i * BLOCK, &b[i], GB_BYTES_BLOCKS);
    for (; i < n / BLOCK; i++) encode(x + i * BLOCK, &b[i], 1);
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
