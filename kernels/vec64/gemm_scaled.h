/* gemm of K-quants whose codes times scales do not fit a byte (q4_K, q5_K, q6_K): sums of a sub-block, or of half of
 * one, are brought into 16 bits and scaled by one vpdpwssd.
 *
 * A sum starts at -bias * s - 1, where s is the sum of its activation codes: sum of (code - bias) * q - 1 over its
 * elements lies in -32513 .. 32767 (q4_K: 32 * -8 * -128 - 1, q5_K: 16 * -16 * -128 - 1, q6_K: 8 * -32 * -128 - 1) and
 * is a 16-bit operand. For q6_K the bias is the offset of its codes; formats with mins have what it took added again,
 * times the scale. The 1 is given back by the start of the total. */
#ifndef GB_VEC64_GEMM_SCALED_H
#define GB_VEC64_GEMM_SCALED_H

#include "kernels/vec64/dot_k.h"

/* Of sixteen rows, lane = row: bytes in order, four a dword (two vectors with sub-blocks of 32, else four), d, dmin. */
typedef struct gb_panel_scales {
    __m512i sc[4], mn[2];
    __m512 d, dmin;
} gb_panel_scales;

typedef struct gb_scaled {
    size_t subs; /* 8, or 16 with signed scales and without mins */
    size_t part; /* vectors of codes in one sum */
    unsigned bias_log2;
    int most; /* the largest code */
} gb_scaled;

/* Panel: per sub-block its vectors of codes and one of scales; then, with mins, four vectors of mins and four of
 * scales, two sub-blocks a lane; the start of the total; d; dmin. */
GB_INLINE size_t gb_scaled_quads(const gb_scaled *f) {
    return GB_QUADS / f->subs;
}

/* Where vector `quad` of codes goes. */
GB_INLINE uint8_t *gb_scaled_at(const gb_scaled *f, uint8_t *panel, size_t step, size_t quad) {
    return panel + (quad + quad / gb_scaled_quads(f)) * step;
}

GB_INLINE void gb_scaled_mins(const gb_scaled *f, const gb_panel_scales *s, uint8_t *out, size_t step) {
    uint8_t *tail = gb_scaled_at(f, out, step, GB_QUADS);
    __m512i total = _mm512_setzero_si512();
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        const __m512i pair = gb_byte_pair(s->sc[i / 2], i % 2);
        total = gb_add_pairs(total, pair, _mm512_set1_epi16((int16_t)(gb_scaled_quads(f) / f->part)));
        _mm512_storeu_si512(tail + i * step, gb_byte_pair(s->mn[i / 2], i % 2));
        _mm512_storeu_si512(tail + (4 + i) * step, _mm512_slli_epi32(pair, f->bias_log2 - 3));
        _mm512_storeu_si512(gb_scaled_at(f, out, step, (2 * i + 1) * 8) - step,
                            _mm512_and_si512(pair, _mm512_set1_epi32(0xffff)));
        _mm512_storeu_si512(gb_scaled_at(f, out, step, (2 * i + 2) * 8) - step, _mm512_srli_epi32(pair, 16));
    }
    _mm512_storeu_si512(tail + 8 * step, total);
    _mm512_storeu_ps(tail + 9 * step, s->d);
    _mm512_storeu_ps(tail + 10 * step, s->dmin);
}

GB_INLINE void gb_scaled_signed(const gb_scaled *f, const gb_panel_scales *s, uint8_t *out, size_t step) {
    uint8_t *tail = gb_scaled_at(f, out, step, GB_QUADS);
    __m512i total = _mm512_setzero_si512();
    for (size_t j = 0; j < f->subs; j++) {
        const __m512i byte =
            _mm512_slli_epi32(_mm512_srlv_epi32(s->sc[j / 4], _mm512_set1_epi32((int)(j % 4 * 8))), 24);
        const __m512i scale = _mm512_srai_epi32(byte, 24);
        total = _mm512_add_epi32(total, _mm512_slli_epi32(scale, 1)); /* two sums a sub-block */
        _mm512_storeu_si512(gb_scaled_at(f, out, step, (j + 1) * 4) - step,
                            _mm512_and_si512(scale, _mm512_set1_epi32(0xffff)));
    }
    _mm512_storeu_si512(tail, total);
    _mm512_storeu_ps(tail + step, s->d);
}

/* Tile per super-block: per sub-block its activation codes, 4 columns x 4 bytes a vector, and the starts of its sums;
 * then, with mins, per pair of sub-blocks their sums s as 16-bit pairs, and 8 s (within -32768 .. 32512); then the d.
 */
GB_INLINE size_t gb_scaled_sub_tile(const gb_scaled *f) {
    return (gb_scaled_quads(f) + gb_scaled_quads(f) / f->part) * 4 * GB_COLS;
}

GB_INLINE void gb_scaled_pack(const gb_scaled *f, const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    const size_t quads = gb_scaled_quads(f);
    uint8_t *tail = out + f->subs * gb_scaled_sub_tile(f);
    __m128i even = _mm_setzero_si128();
    for (size_t j = 0; j < 8; j++) { /* 32 elements */
        uint8_t codes[32 * GB_COLS];
        gb_pack_codes(col, at + offsetof(gb_block_q8_K, qs) + 32 * j, codes);
        __m128i all = _mm_setzero_si128();
        GB_UNROLL
        for (size_t i = 0; i < 8; i += f->part) {
            uint8_t *sub = out + (8 * j + i) / quads * gb_scaled_sub_tile(f);
            const uint8_t *from = codes + i * 4 * GB_COLS;
            const __m128i sum = gb_column_sums(from, f->part);
            memcpy(sub + i % quads * 4 * GB_COLS, from, f->part * 4 * GB_COLS);
            _mm_storeu_si128((__m128i *)(sub + (quads + i % quads / f->part) * 4 * GB_COLS),
                             _mm_sub_epi32(_mm_set1_epi32(-1), _mm_slli_epi32(sum, (int)f->bias_log2)));
            all = _mm_add_epi32(all, sum);
        }
        if (f->subs != 8) continue;
        if (j % 2 == 0) {
            even = all;
            continue;
        }
        const __m128i pair = _mm_blend_epi16(even, _mm_slli_epi32(all, 16), 0xaa);
        _mm_storeu_si128((__m128i *)(tail + j / 2 * 32), pair);
        _mm_storeu_si128((__m128i *)(tail + j / 2 * 32 + 16), _mm_slli_epi16(pair, 3));
    }
    if (f->subs == 8) tail += 128;
    for (size_t t = 0; t < GB_COLS; t++) memcpy(tail + 4 * t, col[t] + at + offsetof(gb_block_q8_K, d), sizeof(float));
}

/* One sum of a sub-block times four columns, scaled into total. */
GB_INLINE void gb_scaled_part(const gb_scaled *f, const uint8_t *panel, const uint8_t *tile, size_t part, size_t groups,
                              __m512i total[GB_GROUPS][GB_COLS]) {
    const size_t quads = gb_scaled_quads(f);
    const size_t q = part * f->part;
    __m512i sum[GB_GROUPS][GB_COLS];
    gb_dot_codes(panel + q * groups * 64, tile + 16 * q, tile + 16 * (quads + part), f->part, groups, f->most, sum);
    GB_UNROLL
    for (size_t i = 0; i < groups; i++) {
        GB_UNROLL
        for (size_t t = 0; t < GB_COLS; t++)
            total[i][t] = gb_add_pairs_at(total[i][t], sum[i][t], panel + (quads * groups + i) * 64);
    }
}

/* Terms of a super-block with mins: rest and sums are the ends of its panel and tile. */
GB_INLINE void gb_scaled_finish_mins(const uint8_t *rest, const uint8_t *sums, size_t groups,
                                     __m512i total[GB_GROUPS][GB_COLS], __m512 acc[GB_GROUPS][GB_COLS]) {
    GB_UNROLL
    for (size_t i = 0; i < groups; i++) {
        const uint8_t *p = rest + i * 64;
        const __m512 d = _mm512_loadu_ps(p + 9 * groups * 64);
        const __m512 dmin = _mm512_loadu_ps(p + 10 * groups * 64);
        GB_UNROLL
        for (size_t t = 0; t < GB_COLS; t++) {
            __m512i min_sum = _mm512_setzero_si512();
            GB_UNROLL
            for (size_t j = 0; j < 4; j++) {
                const uint8_t *pair = sums + 32 * j + 4 * t;
                min_sum = gb_add_pairs_at(min_sum, gb_broadcast32(pair), p + j * groups * 64);
                total[i][t] = gb_add_pairs_at(total[i][t], gb_broadcast32(pair + 16), p + (4 + j) * groups * 64);
            }
            const __m512 da = gb_broadcast_f32(sums + 128 + 4 * t);
            acc[i][t] = _mm512_add_ps(acc[i][t], gb_affine_term(d, dmin, da, total[i][t], min_sum));
        }
    }
}

/* Bytes of a panel of sixteen rows and of a tile, as constants for the descriptor. */
#define GB_SCALED_PANEL(subs)      ((GB_QUADS + (subs) + ((subs) == 8 ? 11 : 2)) * 64)
#define GB_SCALED_TILE(subs, part) ((GB_QUADS + GB_QUADS / (part) + ((subs) == 8 ? 9 : 1)) * 4 * GB_COLS)

GB_INLINE void gb_scaled_multiply(const gb_scaled *f, const uint8_t *panel, const uint8_t *tile, size_t blocks,
                                  size_t groups, __m512 acc[GB_GROUPS][GB_COLS]) {
    const size_t sub_panel = (gb_scaled_quads(f) + 1) * 64 * groups;
    for (size_t b = 0; b < blocks; b++) {
        const uint8_t *rest = panel + f->subs * sub_panel;
        const uint8_t *sums = tile + f->subs * gb_scaled_sub_tile(f);
        __m512i total[GB_GROUPS][GB_COLS];
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++)
                total[i][t] = gb_load512(rest + ((f->subs == 8 ? 8 * groups : 0) + i) * 64);
        }
        for (size_t j = 0; j < f->subs; j++) { /* no loop over the parts: gcc 12 would unroll it too late and spill */
            const uint8_t *codes = panel + j * sub_panel;
            const uint8_t *acts = tile + j * gb_scaled_sub_tile(f);
            gb_scaled_part(f, codes, acts, 0, groups, total);
            if (f->part < gb_scaled_quads(f)) gb_scaled_part(f, codes, acts, 1, groups, total);
        }
        if (f->subs == 8)
            gb_scaled_finish_mins(rest, sums, groups, total, acc);
        else
            gb_finish_signed(rest + groups * 64, sums, groups, total, acc);
        panel += GB_SCALED_PANEL(f->subs) * groups;
        tile += GB_SCALED_TILE(f->subs, f->part);
    }
}

/* Scales and mins of q4_K and q5_K, whose blocks begin alike: d, dmin, twelve bytes. */
GB_INLINE void gb_load_panel_scales(const uint8_t *const rows[GB_ROWS], size_t at, gb_panel_scales *s) {
    __m512i h[4];
    gb_load_rows(rows, at, h);
    const __m512i six = _mm512_set1_epi32(0x3f3f3f3f);
    const __m512i four = _mm512_set1_epi32(0x0f0f0f0f);
    const __m512i two = _mm512_set1_epi32(0x30303030);
    s->sc[0] = _mm512_and_si512(h[1], six);
    s->sc[1] = _mm512_or_si512(_mm512_and_si512(h[3], four), _mm512_and_si512(_mm512_srli_epi32(h[1], 2), two));
    s->mn[0] = _mm512_and_si512(h[2], six);
    s->mn[1] = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi32(h[3], 4), four),
                               _mm512_and_si512(_mm512_srli_epi32(h[2], 2), two));
    s->d = gb_halves(h[0]);
    s->dmin = gb_halves(_mm512_srli_epi32(h[0], 16));
}

/* And what else is alike in them: the order of codes() and where scales lie. */
#define GB_NIBBLES_K_FORMAT(name)                                                                                      \
    GB_INLINE gb_super_scales scales(const uint8_t *w) {                                                               \
        return gb_scales_mins(w + offsetof(gb_block_##name, scales));                                                  \
    }                                                                                                                  \
    GB_SUPER_FORMAT(name, .sub = 32, .mins = 1, .order = {0, 2, 1, 3, 4, 6, 5, 7}, .natural = natural, .scales = scales)

/* gemm of a format from its `scaled` and unpack(). */
#define GB_SCALED_GEMM(name, subs, part)                                                                               \
    GB_SUPER_GEMM(name, scaled, GB_SCALED_PANEL(subs), GB_SCALED_TILE(subs, part), 0.0F)

#endif
