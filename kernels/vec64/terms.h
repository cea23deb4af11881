/* Formats whose blocks hold several float terms, all against q8_0: q1_0, q2_0 (terms of 32) and nvfp4 (of 16). */
#ifndef GB_VEC64_TERMS_H
#define GB_VEC64_TERMS_H

#include "kernels/vec64/dot_block32.h"
#include "kernels/vec64/gemm_block32.h"
#include "reference/number.h"

/* Terms in eight bytes: plane t of the activations has eight codes of each, those that meet the t-th bits of the
 * bytes. code: the t-th codes of 64 bytes, unsigned. */
typedef struct gb_eights {
    size_t planes;
    __m512i (*load)(const uint8_t *w, size_t v); /* the bytes of terms 8v .. 8v + 7 */
    __m512i (*code)(__m512i bytes, size_t t);
} gb_eights;

GB_INLINE int8_t *gb_plane(gb_act32 *act, size_t t, size_t b) {
    return act->q + (t * GB_SPAN + b) * 8;
}

GB_INLINE __m512i gb_sums_eights(const gb_eights *f, const uint8_t *w, const gb_act32 *act, size_t b) {
    __m512i s[2];
    GB_UNROLL
    for (size_t v = 0; v < 2; v++) {
        const __m512i bytes = w ? f->load(w, v) : _mm512_setzero_si512();
        s[v] = _mm512_setzero_si512();
        GB_UNROLL
        for (size_t t = 0; t < f->planes; t++) {
            const __m512i code = w ? f->code(bytes, t) : _mm512_set1_epi8(1);
            s[v] = gb_add_bytes(s[v], code, gb_load512(act->q + (t * GB_SPAN + b + 8 * v) * 8), 127);
        }
    }
    return gb_sum_pairs(s[0], s[1]);
}

/* f16 scales of 16 / per blocks, each for `per` terms. Put together in words: a load of what was just stored by halves
 * waits for the stores. */
GB_INLINE __m512 gb_repeat_halves(const void *p, size_t stride, size_t per) {
    const size_t blocks = GB_GROUP / per;
    uint64_t word[2] = {0, 0};
    GB_UNROLL
    for (size_t i = 0; i < blocks; i++)
        word[i / 4] |= (uint64_t)gb_load_u16((const uint8_t *)p + i * stride, 0) << 16 * (i % 4);
    const __m128i d = _mm_set_epi64x((long long)word[1], (long long)word[0]);
    const __m512 f = _mm512_castps256_ps512(_mm256_cvtph_ps(d));
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_permutexvar_ps(_mm512_srli_epi32(lane, per == 2 ? 1 : 2), f);
}

/* Vectors of codes of a term in a gemm panel; bytes of it there, for sixteen rows, and in a tile. */
#define GB_TERM_VECTORS(split) ((split) ? (size_t)4 : (size_t)8)
#define GB_TERM_PANEL(split)   ((GB_TERM_VECTORS(split) + 1) * 64)
#define GB_TERM_TILE(split)    ((GB_TERM_VECTORS(split) + 2) * 4 * GB_COLS)

/* q8_0 blocks that `per` terms meet. */
GB_INLINE void gb_pack_terms(const uint8_t *const col[GB_COLS], size_t at, size_t per, int split, int offset,
                             uint8_t *out) {
    if (!split) {
        for (size_t u = 0; u < per; u++, at += sizeof(gb_block_q8_0), out += GB_TILE32)
            gb_pack_block32(col, at, out, offset);
        return;
    }
    for (size_t u = 0; u < per; u += 2, at += sizeof(gb_block_q8_0)) {
        uint8_t codes[32 * GB_COLS];
        gb_pack_codes(col, at + offsetof(gb_block_q8_0, qs), codes);
        for (size_t h = 0; h < 2; h++, out += GB_TERM_TILE(1)) {
            memcpy(out, codes + 16 * GB_COLS * h, 16 * GB_COLS);
            _mm_storeu_si128((__m128i *)(out + 16 * GB_COLS),
                             _mm_mullo_epi32(gb_column_sums(out, 4), _mm_set1_epi32(-offset)));
            gb_pack_halves(col, at, out + 20 * GB_COLS);
        }
    }
}

/* Vector i of term u, four codes of each row, from sixteen bytes of all rows. */
typedef __m512i gb_unpack_term_fn(const __m512i rows[4], size_t u, size_t i);

/* unpack() of a format with terms of 32 and one scale, f16, at the beginning; codes in the sixteen bytes behind it. */
GB_INLINE void gb_unpack_terms(gb_unpack_term_fn *term, size_t per, const uint8_t *const row[GB_ROWS], size_t at,
                               uint8_t *out, size_t step) {
    const __m512 d = gb_row_scales(row, at);
    __m512i v[4];
    gb_load_rows(row, at + sizeof(uint16_t), v);
    GB_UNROLL
    for (size_t u = 0; u < per; u++, out += 9 * step) {
        GB_UNROLL
        for (size_t i = 0; i < 8; i++) _mm512_storeu_si512(out + i * step, term(v, u, i));
        _mm512_storeu_ps(out + 8 * step, d);
    }
}

/* gemm() of a format from its `format` (a gb_block32) and unpack(). most: the largest code. */
#define GB_TERM_GEMM(name, terms, is_split, most)                                                                      \
    GB_INLINE void pack(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {                                  \
        gb_pack_terms(col, at, terms, is_split, format.code_offset, out);                                              \
    }                                                                                                                  \
    GB_INLINE void multiply(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups,                   \
                            __m512 acc[GB_GROUPS][GB_COLS]) {                                                          \
        gb_multiply32(panel, tile, blocks *(terms), groups, GB_TERM_VECTORS(is_split), 0, most, acc);                  \
    }                                                                                                                  \
    GB_INLINE void gemm(const gb_gemm_args *g) {                                                                       \
        static const gb_tile tile = {.elems = (is_split) ? 16 * (terms) : 32 * (terms),                                \
                                     .w_bytes = sizeof(gb_block_##name),                                               \
                                     .a_bytes = sizeof(gb_block_q8_0) * ((is_split) ? (terms) / 2 : (terms)),          \
                                     .panel_bytes = GB_TERM_PANEL(is_split) * (terms),                                 \
                                     .tile_bytes = GB_TERM_TILE(is_split) * (terms),                                   \
                                     .unpack = unpack,                                                                 \
                                     .pack = pack,                                                                     \
                                     .multiply = multiply};                                                            \
        gb_gemm_tiles(&tile, g);                                                                                       \
    }

#endif
