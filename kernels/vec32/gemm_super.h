/* gemm of the super-blocks of super.h, by gemm.h: a panel is one super-block of sixteen rows. Its codes meet the
 * activations in sixteen-bit sums of a sub-block or less, or, with VNNI, in sums of 32 bits; these meet the integer
 * scales, and a super-block ends in one float term. */
#ifndef GB_VEC32_GEMM_SUPER_H
#define GB_VEC32_GEMM_SUPER_H

#include "kernels/vec32/gemm.h"
#include "kernels/vec32/gemv_super.h"

/* Sixteen rows of a super-block, lane = row. */
typedef struct {
    __m256i quad[GB_BLOCK / 4][2]; /* four codes of eight bits */
    __m256i sc[16][2];             /* scale of each sum, twice; minus the scale in formats with an offset */
    __m256i mn[8][2];              /* the mins of two sub-blocks */
    __m256 d[2], dmin[2];
} gb_super_panel;

/* Eight rows of 256 bits, one dword after the other: lane = row. */
GB_INLINE void gb_transpose_rows(const __m256i row[8], __m256i out[8]) {
    __m256 m[8];
    for (size_t r = 0; r < 8; r++) m[r] = _mm256_castsi256_ps(row[r]);
    gb_transpose8(m);
    for (size_t i = 0; i < 8; i++) out[i] = _mm256_castps_si256(m[i]);
}

/* Every sixteen-bit value twice: the pairs that madd multiplies. */
GB_INLINE __m256i gb_twice16(__m128i v) {
    return _mm256_set_m128i(_mm_unpackhi_epi16(v, v), _mm_unpacklo_epi16(v, v));
}

/* Elements of a sum of the gemm. Where bytes are summed in 32 bits, nothing but the scales divides them. */
GB_INLINE size_t gb_panel_sub(const gb_super *f) {
    return GB_SUMS_BYTES ? f->run : f->sub;
}

/* Levels become unsigned, with an offset. */
GB_INLINE __m256i gb_panel_codes(const gb_super *f, __m256i code) {
    return f->levels ? _mm256_xor_si256(code, _mm256_set1_epi8(INT8_MIN)) : code;
}

GB_INLINE int gb_panel_offset_log2(const gb_super *f) {
    return f->levels ? 7 : f->offset_log2;
}

GB_INLINE void gb_panel_scales(const gb_super *f, const char *const block[8], gb_super_panel *p, size_t v) {
    const size_t halves = gb_panel_sub(f) == 32 ? 1 : 2;
    __m256i sc[2][8];
    __m256i mn[8];
    for (size_t r = 0; r < 8; r++) {
        gb_super_scales s = f->scales(block[r]);
        mn[r] = s.by_sum;
        if (!f->mins && !GB_SUMS_BYTES) s.sc = _mm256_sub_epi16(_mm256_setzero_si256(), s.sc);
        for (int h = 0; h < 2; h++) {
            const __m128i half = h ? _mm256_extracti128_si256(s.sc, 1) : _mm256_castsi256_si128(s.sc);
            if (!GB_SUMS_BYTES)
                sc[h][r] = gb_twice16(half);
            else
                sc[h][r] = f->small ? _mm256_cvtepu16_epi32(half) : _mm256_cvtepi16_epi32(half);
        }
    }
    __m256i column[8];
    for (size_t h = 0; h < halves; h++) {
        gb_transpose_rows(sc[h], column);
        for (size_t j = 0; j < 8; j++) p->sc[halves * j + h][v] = column[j];
    }
    if (!f->mins) return;
    gb_transpose_rows(mn, column);
    for (size_t j = 0; j < f->mins / 2; j++) p->mn[j][v] = column[j];
}

GB_INLINE void gb_super_fill_panel(const gb_super *f, const char *const row[GB_PANEL_ROWS], size_t from,
                                   gb_super_panel *p) {
    for (size_t v = 0; v < 2; v++) {
        const char *b[8];
        for (size_t r = 0; r < 8; r++) b[r] = row[8 * v + r] + from * f->bytes;
        for (size_t half = 0; half < 2; half++) {
            __m256i vector[4][8];
            for (size_t r = 0; r < 8; r++) {
                __m256i code[4];
                f->codes(b[r], half, code);
                for (size_t i = 0; i < 4; i++) vector[i][r] = code[i];
            }
            for (size_t i = 0; i < 4; i++) {
                __m256i quad[8];
                gb_transpose_rows(vector[i], quad);
                for (size_t s = 0; s < 8; s++) p->quad[32 * half + 8 * i + s][v] = gb_panel_codes(f, quad[s]);
            }
        }
        gb_panel_scales(f, b, p, v);
        uint16_t d[8];
        for (size_t r = 0; r < 8; r++) d[r] = gb_super_d(f, b[r]);
        p->d[v] = _mm256_cvtph_ps(gb_load128(d));
        if (f->mins) p->dmin[v] = gb_row_halves8(b, f->dmin_at);
    }
}

/* Scratch, per column and super-block. mins == 8: the eight sums of 32 activation codes; an offset: for each sixteen
 * (or eight) elements a pair of offset * (sum of the elements that meet in the low, in the high sixteen bits of a
 * lane).
 */
GB_INLINE size_t gb_sums_bytes(const gb_super *f) {
    return f->mins == 8 ? 8 * sizeof(int16_t) : GB_BLOCK / gb_panel_sub(f) * sizeof(int32_t);
}

GB_INLINE const char *gb_column_sums(const gb_super *f, const gb_gemm_args *g, size_t col, size_t from) {
    return (const char *)g->scratch + (col * (g->n / GB_BLOCK) + from) * gb_sums_bytes(f);
}

/* Where bytes are summed in 32 bits: minus the offset times the sum of the activation codes. */
GB_INLINE void gb_start_bytes(const gb_super *f, const gb_block_q8_K *a, int32_t *start) {
    const size_t run = gb_panel_sub(f);
    for (size_t j = 0; j < GB_BLOCK / run; j++) {
        const int32_t sum = run == 32 ? a->bsums[2 * j] + a->bsums[2 * j + 1] : a->bsums[j];
        start[j] = -(sum * (1 << gb_panel_offset_log2(f)));
    }
}

GB_INLINE void gb_prepare_columns(const gb_super *f, const gb_gemm_args *g) {
    char *sums = g->scratch;
    if (f->mins == 16) return; /* bsums are what is needed */
    for (size_t c = 0; c < g->cols; c++) {
        const gb_block_q8_K *a = (const void *)((const char *)g->a + c * g->a_stride);
        for (size_t k = 0; k < g->n / GB_BLOCK; k++, a++, sums += gb_sums_bytes(f)) {
            if (f->mins == 8) {
                _mm_storeu_si128((__m128i *)(void *)sums, gb_sums32(a));
                continue;
            }
            int32_t *start = (int32_t *)(void *)sums;
            if (GB_SUMS_BYTES) {
                gb_start_bytes(f, a, start);
                continue;
            }
            for (size_t j = 0; f->sub == 16 && j < 16; j += 2) {
                const __m256i s = _mm256_slli_epi16(gb_pair_sums16(gb_load256(a->qs + 16 * j)), f->offset_log2);
                start[j] = _mm256_extract_epi32(s, 0);
                start[j + 1] = _mm256_extract_epi32(s, 4);
            }
            for (size_t j = 0; f->sub == 8 && j < 32; j += 4) {
                const __m256i s = _mm256_slli_epi16(gb_pair_sums8(gb_load256(a->qs + 8 * j)), f->offset_log2);
                _mm_storeu_si128((__m128i *)(void *)(start + j), _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(
                                                                     s, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6))));
            }
        }
    }
}

/* With an offset, sixteen-bit sums start at offset * (sum of eight activation codes) and the products are subtracted:
 * they may wrap on the way but end at sum of -(code - offset) * q over eight elements, which lies in -32768 .. 32512
 * for an offset of 32 (the negation matters: the other end would be +32768; where values are larger, sub is 8 and the
 * elements are four). madd with minus the scale (at most 128 in size) undoes the sign. Without, the products of a sum
 * fit: see the format's file. */
GB_INLINE __m256i gb_add_products(const gb_super *f, __m256i sum, __m256i w, __m256i q) {
    const __m256i products = _mm256_maddubs_epi16(w, q);
    return f->mins ? _mm256_add_epi16(sum, products) : _mm256_sub_epi16(sum, products);
}

/* isum + sum * scale. Pairs of a small sum and its sign meet pairs of a scale and 0. */
GB_INLINE __m256i gb_add_scaled(const gb_super *f, __m256i isum, __m256i sum, __m256i scale) {
    if (f->scales == gb_scales_one) return _mm256_add_epi32(isum, sum);
    if (f->small) return gb_add_pairs(isum, sum, scale);
    return _mm256_add_epi32(isum, _mm256_mullo_epi32(sum, scale));
}

/* The same where bytes are summed in 32 bits: no bound but that of the whole super-block, which numerics.md gives. */
GB_INLINE void gb_super_sums_bytes(const gb_super *f, const gb_super_panel *p, const gb_block_q8_K *const a[GB_K_COLS],
                                   const int32_t *const start[GB_K_COLS], size_t cols, __m256i isum[2][GB_K_COLS]) {
    const size_t quads = gb_panel_sub(f) / 4;
    for (size_t j = 0; j < GB_BLOCK / 4 / quads; j++) {
        __m256i sum[2][GB_K_COLS];
        for (size_t c = 0; c < cols; c++)
            sum[0][c] = sum[1][c] = f->mins ? _mm256_setzero_si256() : _mm256_set1_epi32(start[c][j]);
        for (size_t s = 0; s < quads; s++) {
            for (size_t c = 0; c < cols; c++) {
                const __m256i q = gb_broadcast32(a[c]->qs + 4 * (j * quads + s));
                for (size_t v = 0; v < 2; v++)
                    sum[v][c] = gb_pin(gb_add_bytes(sum[v][c], p->quad[j * quads + s][v], q));
            }
        }
        for (size_t c = 0; c < cols; c++)
            for (size_t v = 0; v < 2; v++) isum[v][c] = gb_pin(gb_add_scaled(f, isum[v][c], sum[v][c], p->sc[j][v]));
    }
}

GB_INLINE void gb_super_sums(const gb_super *f, const gb_super_panel *p, const gb_block_q8_K *const a[GB_K_COLS],
                             const int32_t *const start[GB_K_COLS], size_t cols, __m256i isum[2][GB_K_COLS]) {
    if (GB_SUMS_BYTES) {
        gb_super_sums_bytes(f, p, a, start, cols, isum);
        return;
    }
    for (size_t j = 0; j < GB_BLOCK / f->sub; j++) {
        __m256i sum[2][GB_K_COLS];
        for (size_t c = 0; c < cols; c++)
            sum[0][c] = sum[1][c] = f->mins ? _mm256_setzero_si256() : _mm256_set1_epi32(start[c][j]);
        for (size_t s = 0; s < f->sub / 4; s++) {
            const __m256i w0 = p->quad[j * (f->sub / 4) + s][0];
            const __m256i w1 = p->quad[j * (f->sub / 4) + s][1];
            for (size_t c = 0; c < cols; c++) {
                const __m256i q = gb_broadcast32(a[c]->qs + j * f->sub + 4 * s);
                sum[0][c] = gb_pin(gb_add_products(f, sum[0][c], w0, q));
                sum[1][c] = gb_pin(gb_add_products(f, sum[1][c], w1, q));
            }
        }
        for (size_t c = 0; c < cols; c++)
            for (size_t v = 0; v < 2; v++)
                isum[v][c] = gb_pin(gb_add_pairs(isum[v][c], sum[v][c], p->sc[f->sub == 8 ? j / 2 : j][v]));
    }
}

GB_INLINE void gb_super_tile(const gb_super *f, const gb_super_panel *p, const gb_gemm_args *g, size_t col, size_t cols,
                             size_t from, __m256 acc[2][GB_TILE_COLS]) {
    const gb_block_q8_K *a[GB_K_COLS];
    const int32_t *start[GB_K_COLS];
    const char *sums[GB_K_COLS];
    __m256i isum[2][GB_K_COLS];
    for (size_t c = 0; c < cols; c++) {
        a[c] = (const gb_block_q8_K *)(const void *)((const char *)g->a + (col + c) * g->a_stride) + from;
        sums[c] =
            f->mins == 16 ? (const char *)a[c] + offsetof(gb_block_q8_K, bsums) : gb_column_sums(f, g, col + c, from);
        start[c] = (const int32_t *)(const void *)sums[c];
        isum[0][c] = isum[1][c] = _mm256_setzero_si256();
    }
    gb_super_sums(f, p, a, start, cols, isum);
    for (size_t c = 0; c < cols; c++) {
        const __m256 da = gb_broadcast_f32(&a[c]->d);
        for (size_t v = 0; v < 2; v++) {
            __m256 term = _mm256_mul_ps(_mm256_mul_ps(p->d[v], da), _mm256_cvtepi32_ps(isum[v][c]));
            if (f->mins) {
                __m256i msum = _mm256_setzero_si256();
                for (size_t j = 0; j < f->mins / 2; j++)
                    msum = gb_add_pairs(msum, p->mn[j][v], gb_broadcast32(sums[c] + 4 * j));
                term = _mm256_sub_ps(term, _mm256_mul_ps(_mm256_mul_ps(p->dmin[v], da), _mm256_cvtepi32_ps(msum)));
            }
            acc[v][c] = _mm256_add_ps(acc[v][c], term);
            if (f->unit > 0.0F && from + 1 == g->n / GB_BLOCK)
                acc[v][c] = _mm256_mul_ps(acc[v][c], _mm256_set1_ps(f->unit));
        }
    }
}

/* dot, gemv and gemm. */
#define GB_SUPER_KERNELS(name, isa)                                                                                    \
    GB_SUPER_DOTS(name, isa)                                                                                           \
    static void fill_panel(const char *const row[GB_PANEL_ROWS], size_t from, size_t count, void *panel) {             \
        (void)count; /* one super-block is a whole chunk */                                                            \
        gb_super_fill_panel(&format, row, from, panel);                                                                \
    }                                                                                                                  \
    static void tiles(const void *p, const gb_gemm_args *g, size_t col, size_t from, size_t count,                     \
                      __m256 acc[2][GB_TILE_COLS]) {                                                                   \
        (void)count;                                                                                                   \
        gb_super_tile(&format, p, g, col, GB_K_COLS, from, acc);                                                       \
    }                                                                                                                  \
    static void tile1(const void *p, const gb_gemm_args *g, size_t col, size_t from, size_t count,                     \
                      __m256 acc[2][GB_TILE_COLS]) {                                                                   \
        (void)count;                                                                                                   \
        gb_super_tile(&format, p, g, col, 1, from, acc);                                                               \
    }                                                                                                                  \
    void gb_##name##_gemm_##isa(const gb_gemm_args *g) {                                                               \
        static const gb_gemm_format gemm = {.elems = GB_BLOCK,                                                         \
                                            .cols = GB_K_COLS,                                                         \
                                            .bytes = sizeof(gb_block_q8_K),                                            \
                                            .panel = fill_panel,                                                       \
                                            .tile = tiles,                                                             \
                                            .tile1 = tile1};                                                           \
        gb_super_panel panel;                                                                                          \
        gb_prepare_columns(&format, g);                                                                                \
        gb_block_gemm(&gemm, g, &panel);                                                                               \
    }

#endif
