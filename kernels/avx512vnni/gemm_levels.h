/* gemm of super-blocks whose codes are levels raised by 128 (iq4_xs): sums of 32 products do not fit sixteen bits, so
 * they are multiplied by their scales in 32. Panel: per sub-block eight vectors of codes and one of scales; then d.
 * Tile: per sub-block its activation codes, 4 columns x 4 bytes a vector, and -128 times their sums, where the sums
 * start; then the d. */
#ifndef GB_AVX512VNNI_GEMM_LEVELS_H
#define GB_AVX512VNNI_GEMM_LEVELS_H

#include "kernels/avx512vnni/super.h"

enum {
    GB_LEVELS_SUBS = 8,
    GB_LEVELS_PANEL = (9 * GB_LEVELS_SUBS + 1) * 64,
    GB_LEVELS_SUB_TILE = 9 * 4 * GB_COLS,
    GB_LEVELS_TILE = GB_LEVELS_SUBS * GB_LEVELS_SUB_TILE + 4 * GB_COLS
};

GB_INLINE void gb_levels_pack(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    for (size_t j = 0; j < GB_LEVELS_SUBS; j++, out += GB_LEVELS_SUB_TILE) {
        gb_pack_codes(col, at + offsetof(gb_block_q8_K, qs) + 32 * j, out);
        const __m128i start = _mm_mullo_epi32(gb_column_sums(out, 8), _mm_set1_epi32(-128));
        _mm_storeu_si128((__m128i *)(out + 32 * GB_COLS), start);
    }
    for (size_t t = 0; t < GB_COLS; t++) memcpy(out + 4 * t, col[t] + at + offsetof(gb_block_q8_K, d), sizeof(float));
}

GB_INLINE void gb_levels_multiply(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups,
                                  __m512 acc[GB_GROUPS][GB_COLS]) {
    for (size_t b = 0; b < blocks; b++, panel += groups * 64, tile += 4 * GB_COLS) {
        __m512i total[GB_GROUPS][GB_COLS];
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++) total[i][t] = _mm512_setzero_si512();
        }
        for (size_t j = 0; j < GB_LEVELS_SUBS; j++, panel += 9 * groups * 64, tile += GB_LEVELS_SUB_TILE) {
            __m512i sum[GB_GROUPS][GB_COLS];
            gb_dot_codes(panel, tile, tile + 32 * GB_COLS, 8, groups, sum);
            GB_UNROLL
            for (size_t i = 0; i < groups; i++) {
                const __m512i scale = gb_load512(panel + (8 * groups + i) * 64);
                GB_UNROLL
                for (size_t t = 0; t < GB_COLS; t++)
                    total[i][t] = _mm512_add_epi32(total[i][t], _mm512_mullo_epi32(sum[i][t], scale));
            }
        }
        gb_finish_signed(panel, tile, groups, total, acc);
    }
}

#endif
