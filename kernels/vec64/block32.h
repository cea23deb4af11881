/* A nibble format from its description: what the files of these formats share, which is all but their numbers. */
#ifndef GB_VEC64_BLOCK32_H
#define GB_VEC64_BLOCK32_H

#include "kernels/vec64/nibbles.h"

/* f16 scale of one block. */
GB_INLINE float gb_scale_f16(const void *block) {
    uint16_t d;
    memcpy(&d, block, sizeof d);
    return gb_half(d);
}

#define GB_SCALE8_q4_0   NULL
#define GB_SCALE8_q4_1   NULL
#define GB_SCALE8_q5_0   NULL
#define GB_SCALE8_q5_1   NULL
#define GB_SCALE8_iq4_nl NULL
#define GB_SCALE8_mxfp4  scale8

/* What the operations of a format are made of. layout: a gb_nibble_format. offset, affine: as in gb_block32. scales,
 * scale: of sixteen blocks, of one block; scales of sixteen rows come from row_scales(row, at). */
#define GB_NIBBLE_FORMAT(name, layout, offset, is_affine, scales_of, scale_of, row_scales_of)                          \
    GB_INLINE __m512i sums(const uint8_t *w, const gb_act32 *act, size_t b) {                                          \
        return gb_sums_nibbles(&(layout), w, act, b);                                                                  \
    }                                                                                                                  \
    GB_INLINE __m256i natural(const uint8_t *block, size_t t) {                                                        \
        (void)t;                                                                                                       \
        return gb_block_natural(&(layout), block);                                                                     \
    }                                                                                                                  \
    static const gb_block32 format = {.bytes = sizeof(gb_block_##name),                                                \
                                      .per = 1,                                                                        \
                                      .bytes_wide = (offset) == 128,                                                   \
                                      .code_offset = offset,                                                           \
                                      .affine = is_affine,                                                             \
                                      .place = gb_place_halves,                                                        \
                                      .sums = sums,                                                                    \
                                      .scales = scales_of,                                                             \
                                      .natural = natural,                                                              \
                                      .scale8 = GB_SCALE8_##name};                                                     \
    GB_INLINE void dequantize(const void *blocks, float *x, size_t n) {                                                \
        const uint8_t *b = blocks;                                                                                     \
        for (size_t i = 0; i < n; i += 32, b += sizeof(gb_block_##name))                                               \
            gb_dequantize_nibbles(&(layout), &format, b, scale_of(b), x + i);                                          \
    }                                                                                                                  \
    GB_INLINE void unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step) {                   \
        gb_unpack_nibbles(&(layout), row, at, out, step);                                                              \
        _mm512_storeu_ps(out + 8 * step, row_scales_of(row, at));                                                      \
        if (is_affine) _mm512_storeu_ps(out + 9 * step, gb_row_scales(row, at + sizeof(uint16_t)));                    \
    }                                                                                                                  \
    GB_INLINE void pack(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {                                  \
        gb_pack_block32(col, at, out, offset);                                                                         \
    }                                                                                                                  \
    GB_INLINE void multiply(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups,                   \
                            __m512 acc[GB_GROUPS][GB_COLS]) {                                                          \
        gb_multiply32(panel, tile, blocks, groups, 8, is_affine, gb_most_nibble(&(layout)), acc);                      \
    }                                                                                                                  \
    GB_INLINE void gemm(const gb_gemm_args *g) {                                                                       \
        if (is_affine)                                                                                                 \
            gb_gemm_affine32(sizeof(gb_block_##name), unpack, multiply, g);                                            \
        else                                                                                                           \
            gb_gemm_block32(sizeof(gb_block_##name), unpack, pack, multiply, g);                                       \
    }

#endif
