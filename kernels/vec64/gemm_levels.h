/* gemm of super-blocks whose codes are levels or grid values raised by an offset (i-quants): sums of a sub-block do not
 * fit sixteen bits, so they are multiplied by their scales in 32. Panel: per sub-block its vectors of codes and one of
 * scales; then d. Tile: per sub-block its activation codes, 4 columns x 4 bytes a vector, and minus the offset times
 * their sums, where the sums start; then the d. */
#ifndef GB_VEC64_GEMM_LEVELS_H
#define GB_VEC64_GEMM_LEVELS_H

#include "kernels/vec64/dot_k.h"

typedef struct gb_levels {
    size_t subs; /* 8, 16 */
    int offset;
    int most; /* the largest code */
} gb_levels;

/* Bytes of a panel of sixteen rows and of a tile, as constants for the descriptor. */
#define GB_LEVELS_PANEL(subs) ((GB_QUADS + (subs) + 1) * 64)
#define GB_LEVELS_TILE(subs)  ((GB_QUADS + (subs) + 1) * 4 * GB_COLS)

/* Where vector `quad` of codes goes, in vectors. */
GB_INLINE size_t gb_levels_at(const gb_levels *f, size_t quad) {
    return quad + quad / (GB_QUADS / f->subs);
}

GB_INLINE void gb_levels_pack(const gb_levels *f, const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    const size_t quads = GB_QUADS / f->subs;
    for (size_t j = 0; j < 8; j++) { /* 32 elements */
        uint8_t codes[32 * GB_COLS];
        gb_pack_codes(col, at + offsetof(gb_block_q8_K, qs) + 32 * j, codes);
        GB_UNROLL
        for (size_t i = 0; i < 8; i += quads) {
            uint8_t *to = out + gb_levels_at(f, 8 * j + i) * 4 * GB_COLS;
            const __m128i sum = gb_column_sums(codes + i * 4 * GB_COLS, quads);
            memcpy(to, codes + i * 4 * GB_COLS, quads * 4 * GB_COLS);
            _mm_storeu_si128((__m128i *)(to + quads * 4 * GB_COLS), _mm_mullo_epi32(sum, _mm_set1_epi32(-f->offset)));
        }
    }
    out += gb_levels_at(f, GB_QUADS) * 4 * GB_COLS;
    for (size_t t = 0; t < GB_COLS; t++) memcpy(out + 4 * t, col[t] + at + offsetof(gb_block_q8_K, d), sizeof(float));
}

GB_INLINE void gb_levels_multiply(const gb_levels *f, const uint8_t *panel, const uint8_t *tile, size_t blocks,
                                  size_t groups, __m512 acc[GB_GROUPS][GB_COLS]) {
    const size_t quads = GB_QUADS / f->subs;
    for (size_t b = 0; b < blocks; b++, panel += groups * 64, tile += 4 * GB_COLS) {
        __m512i total[GB_GROUPS][GB_COLS];
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++) total[i][t] = _mm512_setzero_si512();
        }
        for (size_t j = 0; j < f->subs; j++, panel += (quads + 1) * groups * 64, tile += (quads + 1) * 4 * GB_COLS) {
            __m512i sum[GB_GROUPS][GB_COLS];
            gb_dot_codes(panel, tile, tile + quads * 4 * GB_COLS, quads, groups, f->most, sum);
            GB_UNROLL
            for (size_t i = 0; i < groups; i++) {
                const __m512i scale = gb_load512(panel + (quads * groups + i) * 64);
                GB_UNROLL
                for (size_t t = 0; t < GB_COLS; t++)
                    total[i][t] = _mm512_add_epi32(total[i][t], _mm512_mullo_epi32(sum[i][t], scale));
            }
        }
        gb_finish_signed(panel, tile, groups, total, acc);
    }
}

/* gemm of a format from its `levels` and unpack(). */
#define GB_LEVELS_GEMM(name, subs, unit) GB_SUPER_GEMM(name, levels, GB_LEVELS_PANEL(subs), GB_LEVELS_TILE(subs), unit)

#endif
