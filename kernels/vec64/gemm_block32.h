/* The tile of the formats with blocks of 32, which differ in how weights unpack, in the offset of their codes and in
 * whether they have a minimum.
 * Panel, per block and 16 rows: 8 vectors of codes, 1 of scales, 1 of minima if affine. Tile, per block: 8 x 4 columns
 * x 4 bytes, then per column the start of the integer sum (-offset * sum of the activations, so the offset costs
 * nothing), the scale and, if affine, the sum that q8_1 holds. */
#ifndef GB_VEC64_GEMM_BLOCK32_H
#define GB_VEC64_GEMM_BLOCK32_H

#include "kernels/vec64/gemm_tile.h"

enum {
    GB_PANEL32 = 9 * 64,
    GB_PANEL32_AFFINE = 10 * 64,
    GB_PANEL32_ZEROS = 10 * 64,
    GB_TILE32_START = 32 * GB_COLS,
    GB_TILE32_D = GB_TILE32_START + 4 * GB_COLS,
    GB_TILE32 = GB_TILE32_D + 4 * GB_COLS,
    GB_TILE32_AFFINE = GB_TILE32 + 4 * GB_COLS
};

/* Bits 4i .. 4i + 3 of each dword as a mask of its four bytes: byte i / 2 under all of them, of which each tests its
 * own. */
GB_INLINE __mmask64 gb_four_bits(__m512i dwords, size_t i) {
    const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c));
    const __m512i bits = _mm512_shuffle_epi8(dwords, _mm512_add_epi8(_mm512_set1_epi8((char)(i / 2)), order));
    return _mm512_test_epi8_mask(bits, _mm512_set1_epi32(i % 2 ? (int)0x80402010 : 0x08040201));
}

GB_INLINE void gb_pack_halves(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    uint16_t d[8] = {0};
    for (size_t t = 0; t < GB_COLS; t++) memcpy(&d[t], col[t] + at, sizeof d[t]);
    _mm_storeu_ps((float *)out, _mm_cvtph_ps(gb_load128(d)));
}

/* q8_0 columns. */
GB_INLINE void gb_pack_block32(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out, int offset) {
    gb_pack_codes(col, at + offsetof(gb_block_q8_0, qs), out);
    const __m128i bias = _mm_mullo_epi32(gb_column_sums(out, 8), _mm_set1_epi32(-offset));
    _mm_storeu_si128((__m128i *)(out + GB_TILE32_START), bias);
    gb_pack_halves(col, at, out + GB_TILE32_D);
}

/* q8_1 columns. */
GB_INLINE void gb_pack_affine32(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    gb_pack_codes(col, at + offsetof(gb_block_q8_1, qs), out);
    _mm_storeu_si128((__m128i *)(out + GB_TILE32_START), _mm_setzero_si128());
    gb_pack_halves(col, at + offsetof(gb_block_q8_1, d), out + GB_TILE32_D);
    gb_pack_halves(col, at + offsetof(gb_block_q8_1, s), out + GB_TILE32);
}

enum {
    GB_AFFINE = 1, /* a minimum, against q8_1 */
    GB_ZEROS       /* of each row one that its codes are above their values; no start, but the sum of the activations */
};

/* vectors: of codes in a term, 8, or 4 where it has sixteen elements. more: 0 or one of these. most: the largest code.
 */
GB_INLINE void gb_multiply32(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups, size_t vectors,
                             int more, int most, __m512 acc[GB_GROUPS][GB_COLS]) {
    const size_t panel_bytes = (vectors + (more ? 2 : 1)) * 64;
    const uint8_t *start = tile + vectors * 4 * GB_COLS;
    const size_t tile_bytes = (vectors + (more == GB_AFFINE ? 3 : 2)) * 4 * GB_COLS;
    for (size_t b = 0; b < blocks; b++, panel += panel_bytes * groups, tile += tile_bytes, start += tile_bytes) {
        __m512i sum[GB_GROUPS][GB_COLS];
        if (more == GB_ZEROS) {
            gb_set_sums(NULL, groups, sum);
            gb_dot_run(panel, tile, vectors, groups, most, sum);
        } else {
            gb_dot_codes(panel, tile, start, vectors, groups, most, sum);
        }
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            const __m512 dw = _mm512_loadu_ps(panel + (vectors * groups + i) * 64);
            const uint8_t *const second = panel + ((vectors + 1) * groups + i) * 64;
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++) {
                const __m512 d = _mm512_mul_ps(dw, gb_broadcast_f32(start + 4 * GB_COLS + 4 * t));
                if (more == GB_ZEROS) sum[i][t] = gb_add_pairs_at(sum[i][t], gb_broadcast32(start + 4 * t), second);
                __m512 term = _mm512_mul_ps(d, _mm512_cvtepi32_ps(sum[i][t]));
                if (more == GB_AFFINE) {
                    const __m512 m = _mm512_loadu_ps(second);
                    term = _mm512_add_ps(term, _mm512_mul_ps(m, gb_broadcast_f32(start + 8 * GB_COLS + 4 * t)));
                }
                acc[i][t] = _mm512_add_ps(acc[i][t], term);
            }
        }
    }
}

/* gemm of a format with one scale a block against q8_0. */
GB_INLINE void gb_gemm_block32(size_t bytes, gb_unpack_fn *unpack, gb_pack_fn *pack, gb_multiply_fn *multiply,
                               const gb_gemm_args *g) {
    const gb_tile tile = {.elems = 32,
                          .w_bytes = bytes,
                          .a_bytes = sizeof(gb_block_q8_0),
                          .panel_bytes = GB_PANEL32,
                          .tile_bytes = GB_TILE32,
                          .unpack = unpack,
                          .pack = pack,
                          .multiply = multiply};
    gb_gemm_tiles(&tile, g);
}

/* gemm of a format with scale and minimum against q8_1. */
GB_INLINE void gb_gemm_affine32(size_t bytes, gb_unpack_fn *unpack, gb_multiply_fn *multiply, const gb_gemm_args *g) {
    const gb_tile tile = {.elems = 32,
                          .w_bytes = bytes,
                          .a_bytes = sizeof(gb_block_q8_1),
                          .panel_bytes = GB_PANEL32_AFFINE,
                          .tile_bytes = GB_TILE32_AFFINE,
                          .unpack = unpack,
                          .pack = gb_pack_affine32,
                          .multiply = multiply};
    gb_gemm_tiles(&tile, g);
}

#endif
