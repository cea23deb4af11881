/* The tile of q8_0 and q4_0, which differ only in how weights unpack and in the offset of their codes.
 * Panel, per block and 16 rows: 8 vectors of codes, 1 of scales. Tile, per block: 8 x 4 columns x 4 bytes, then per
 * column the start of the integer sum (-offset * sum of the activations, so the offset costs nothing) and the scale. */
#ifndef GB_AVX512VNNI_GEMM_BLOCK32_H
#define GB_AVX512VNNI_GEMM_BLOCK32_H

#include "kernels/avx512vnni/gemm_tile.h"

enum { GB_PANEL32 = 9 * 64, GB_TILE32 = 32 * GB_COLS + 8 * GB_COLS };

GB_INLINE void gb_pack_block32(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out, int offset) {
    gb_pack_codes(col, at + offsetof(gb_block_q8_0, qs), out);
    const __m128i bias = _mm_mullo_epi32(gb_column_sums(out, 8), _mm_set1_epi32(-offset));
    _mm_storeu_si128((__m128i *)(out + 128), bias);
    uint16_t d[8] = {0};
    for (size_t t = 0; t < GB_COLS; t++) memcpy(&d[t], col[t] + at, sizeof d[t]);
    _mm_storeu_ps((float *)(out + 144), _mm_cvtph_ps(gb_load128(d)));
}

GB_INLINE void gb_multiply_block32(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups,
                                   __m512 acc[GB_GROUPS][GB_COLS]) {
    for (size_t b = 0; b < blocks; b++, panel += GB_PANEL32 * groups, tile += GB_TILE32) {
        __m512i sum[GB_GROUPS][GB_COLS];
        gb_dot_codes(panel, tile, tile + 128, 8, groups, sum);
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            const __m512 dw = _mm512_loadu_ps(panel + (8 * groups + i) * 64);
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++) {
                const __m512 d = _mm512_mul_ps(dw, gb_broadcast_f32(tile + 144 + 4 * t));
                acc[i][t] = _mm512_add_ps(acc[i][t], _mm512_mul_ps(d, _mm512_cvtepi32_ps(sum[i][t])));
            }
        }
    }
}

#endif
