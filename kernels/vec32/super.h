/* The K-quants (and, by lattice.h, i-quants) in vectors of 32 bytes: super-blocks of 256 codes that are the unsigned
 * operand of maddubs, with integer scales of sub-blocks. A format file unpacks codes and scales; all operations follow
 * from its descriptor.
 *
 * gemv: a chunk of super-blocks of eight rows, one row at a time and linear through memory, leaves integer partial sums
 * in a buffer; then the eight rows are finished together, lane = row: one float term a super-block, in sequence. */
#ifndef GB_VEC32_SUPER_H
#define GB_VEC32_SUPER_H

#include "kernels/vec32/gemm.h"
#include "kernels/vec32/quant.h"

enum { GB_BLOCK = 256, GB_K_BLOCKS = 16, GB_K_ROWS = 8, GB_K_PREFETCH = 4096 };

/* Sixteen-bit integers of a block. sc: those of vector j of 32 codes, lower half: its first sixteen, upper half: its
 * last sixteen elements. by_sum: factors of the sums of activation codes in natural order, mins or (formats with an
 * offset) the scales once more. */
typedef struct {
    __m256i sc, by_sum;
} gb_super_scales;

typedef struct {
    size_t bytes, d_at, dmin_at; /* of a block; of its f16 scales */
    size_t mins;                 /* 8, 16, or 0: a value is its code minus `offset`, a power of two */
    int offset_log2;
    int levels; /* or codes are the values: signed bytes of at most 127; then the gemm is that of gemm_wide.h */
    size_t sub; /* elements of one 16-bit sum of the gemm: 32, or 16 where 32 do not fit or the scale changes, or 8 */
    size_t run; /* elements of one scale: 16, 32 */
    int small;  /* sums of a run, less the offset, fit sixteen bits */
    float unit; /* a power of two on the finished sum and on d * sc; 0: there is none */
    uint16_t (*d)(const void *block);                               /* where d is not at one place; otherwise NULL */
    void (*codes)(const void *block, size_t half, __m256i code[4]); /* 128 codes in natural order */
    gb_super_scales (*scales)(const void *block);
} gb_super;

GB_INLINE uint16_t gb_super_d(const gb_super *f, const void *block) {
    return f->d ? f->d(block) : gb_load_u16((const char *)block + f->d_at, 0);
}

/* The j-th sixteen-bit value of each 128-bit half, in all places of that half. */
GB_INLINE __m256i gb_spread16(__m256i v, int j) {
    return _mm256_shuffle_epi8(v, _mm256_set1_epi16((int16_t)(2 * j | (2 * j + 1) << 8)));
}

/* Every sixteen-bit value twice: the pairs that madd multiplies. */
GB_INLINE __m256i gb_twice16(__m128i v) {
    return _mm256_set_m128i(_mm_unpackhi_epi16(v, v), _mm_unpacklo_epi16(v, v));
}

/* Eight bytes of scales, then eight of mins (q4_K, q5_K): the layout of reference/kquant.c, four bytes a word. */
GB_INLINE gb_super_scales gb_scales_mins(const uint8_t packed[12]) {
    uint32_t u[3];
    memcpy(u, packed, sizeof u);
    const uint32_t high_sc = (u[2] & 0x0f0f0f0fU) | (u[0] >> 2 & 0x30303030U);
    const uint32_t high_mn = (u[2] >> 4 & 0x0f0f0f0fU) | (u[1] >> 2 & 0x30303030U);
    const __m128i bytes =
        _mm_set_epi32((int)high_mn, (int)(u[1] & 0x3f3f3f3fU), (int)high_sc, (int)(u[0] & 0x3f3f3f3fU));
    return (gb_super_scales){_mm256_broadcastsi128_si256(_mm_cvtepu8_epi16(bytes)),
                             _mm256_zextsi128_si256(_mm_cvtepu8_epi16(_mm_srli_si128(bytes, 8)))};
}

/* One signed byte per sixteen elements, in order: even ones below, odd ones above. */
GB_INLINE __m256i gb_scales16(__m128i bytes) {
    const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    return _mm256_cvtepi8_epi16(_mm_shuffle_epi8(bytes, order));
}

/* Bits 2i, 2i + 1 of 32 bytes are vector i. */
GB_INLINE void gb_two_bits(const void *bytes, __m256i code[4]) {
    const __m256i two = _mm256_set1_epi8(3);
    const __m256i x = gb_load256(bytes);
    code[0] = _mm256_and_si256(x, two);
    code[1] = _mm256_and_si256(_mm256_srli_epi16(x, 2), two);
    code[2] = _mm256_and_si256(_mm256_srli_epi16(x, 4), two);
    code[3] = _mm256_and_si256(_mm256_srli_epi16(x, 6), two);
}

/* For formats without sub-blocks: all scales are 1. */
GB_INLINE gb_super_scales gb_scales_one(const void *block) {
    (void)block;
    return (gb_super_scales){_mm256_set1_epi16(1), _mm256_set1_epi16(1)};
}

/* --- dequantize -----------------------------------------------------------------------------------------------------
 */

/* scale * (float)v for sixteen integers. */
GB_INLINE void gb_scaled16(float scale, __m256i v, float out[16]) {
    const __m256 low = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(v)));
    const __m256 high = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_extracti128_si256(v, 1)));
    _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_set1_ps(scale), low));
    _mm256_storeu_ps(out + 8, _mm256_mul_ps(_mm256_set1_ps(scale), high));
}

GB_INLINE void gb_super_dequantize(const gb_super *f, const void *blocks, float *x, size_t n) {
    const char *b = blocks;
    const int8_t offset = (int8_t)(f->mins || f->levels ? 0 : 1 << f->offset_log2);
    for (size_t k = 0; k < n / GB_BLOCK; k++, b += f->bytes) {
        const gb_super_scales s = f->scales(b);
        int8_t q[GB_BLOCK];
        float ds[16];
        float dm[16];
        gb_scaled16(gb_half(gb_super_d(f, b)), s.sc, ds);
        if (f->mins) gb_scaled16(gb_half(gb_load_u16(b + f->dmin_at, 0)), s.by_sum, dm);
        for (size_t j = 0; f->unit > 0.0F && j < 16; j++) ds[j] = ds[j] * f->unit;
        for (size_t half = 0; half < 2; half++) {
            __m256i code[4];
            f->codes(b, half, code);
            for (size_t i = 0; i < 4; i++)
                gb_store256(q + 128 * half + 32 * i, _mm256_sub_epi8(code[i], _mm256_set1_epi8(offset)));
        }
        for (size_t j = 0; j < 16; j++, x += 16) {
            for (size_t i = 0; i < 16; i += 8) {
                __m256 v = _mm256_mul_ps(_mm256_set1_ps(ds[j / 2 + j % 2 * 8]), gb_floats8_s8(q + 16 * j + i));
                if (f->mins) v = _mm256_sub_ps(v, _mm256_set1_ps(dm[f->mins == 16 ? j : j / 2]));
                _mm256_storeu_ps(x + i, v);
            }
        }
    }
}

/* --- dot, gemv ------------------------------------------------------------------------------------------------------
 */

typedef struct {
    __m256i isum[GB_K_BLOCKS][GB_K_ROWS]; /* eight partial sums */
    __m128i msum[GB_K_BLOCKS][GB_K_ROWS]; /* four; formats with mins only */
    float d[GB_K_BLOCKS][GB_K_ROWS], dmin[GB_K_BLOCKS][GB_K_ROWS];
} gb_k_parts;

/* Lane i = sum of the four lanes of v[i]. */
GB_INLINE __m256i gb_sum4(const __m128i v[8]) {
    __m256i x[4];
    for (int i = 0; i < 4; i++) x[i] = _mm256_set_m128i(v[i + 4], v[i]);
    return _mm256_hadd_epi32(_mm256_hadd_epi32(x[0], x[1]), _mm256_hadd_epi32(x[2], x[3]));
}

/* Sums of 32 activation codes, from the sums of sixteen: at most 4096. */
GB_INLINE __m128i gb_sums32(const gb_block_q8_K *a) {
    return _mm_hadd_epi16(gb_load128(a->bsums), gb_load128(a->bsums + 8));
}

/* The pairs of products that maddubs adds must fit sixteen bits: every format file says why they do. Levels take the
 * signs of the activations, whose magnitudes, up to 128, are the unsigned operand: 2 * 127 * 128 = 32512. */
GB_INLINE __m256i gb_k_pairs(const gb_super *f, __m256i code, __m256i q) {
    if (f->levels) return _mm256_maddubs_epi16(_mm256_abs_epi8(q), _mm256_sign_epi8(code, q));
    return _mm256_maddubs_epi16(code, q);
}

/* One half of a super-block. A function, not a loop, because gcc leaves a loop rolled where codes() is long. */
GB_INLINE void gb_k_half(const gb_super *f, const void *w, const gb_block_q8_K *a, int half, __m256i sc,
                         __m256i sum[2]) {
    __m256i code[4];
    f->codes(w, (size_t)half, code);
    for (int i = 0; i < 4; i++) {
        const __m256i q = gb_load256(a->qs + 128 * half + 32 * i);
        if (GB_SUMS_BYTES && f->scales == gb_scales_one) {
            sum[i % 2] = gb_add_bytes(sum[i % 2], code[i], q);
            continue;
        }
        const __m256i pair = gb_k_pairs(f, code[i], q);
        sum[i % 2] = gb_add_pairs(sum[i % 2], pair, gb_spread16(sc, 4 * half + i));
    }
}
GB_INLINE void gb_k_part(const gb_super *f, const void *w, const gb_block_q8_K *a, gb_k_parts *p, size_t k, size_t r) {
    const gb_super_scales s = f->scales(w);
    __m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    if (!f->mins && !f->levels) { /* 32 * sum sc * bsums <= 32 * 16 * 128 * 2048 = 2^27 */
        const __m256i above = _mm256_madd_epi16(s.by_sum, gb_load256(a->bsums));
        sum[0] = _mm256_sub_epi32(sum[0], _mm256_slli_epi32(above, f->offset_log2));
    }
    gb_k_half(f, w, a, 0, s.sc, sum);
    gb_k_half(f, w, a, 1, s.sc, sum);
    p->isum[k][r] = _mm256_add_epi32(sum[0], sum[1]);
    p->d[k][r] = gb_half(gb_super_d(f, w));
    if (!f->mins) return;
    p->dmin[k][r] = gb_half(gb_load_u16((const char *)w + f->dmin_at, 0));
    if (f->mins == 8) {
        p->msum[k][r] = _mm_madd_epi16(_mm256_castsi256_si128(s.by_sum), gb_sums32(a));
    } else {
        const __m256i m = _mm256_madd_epi16(s.by_sum, gb_load256(a->bsums));
        p->msum[k][r] = _mm_add_epi32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
    }
}

GB_INLINE void gb_k_clear(gb_k_parts *p, size_t count, size_t row) {
    for (size_t k = 0; k < count; k++) {
        for (size_t r = row; r < GB_K_ROWS; r++) {
            p->isum[k][r] = _mm256_setzero_si256();
            p->msum[k][r] = _mm_setzero_si128();
            p->d[k][r] = p->dmin[k][r] = 0.0F;
        }
    }
}

/* (d * da) * isum - (dmin * da) * msum of eight rows. */
GB_INLINE __m256 gb_k_term(const gb_super *f, const gb_k_parts *p, size_t k, __m256 da) {
    const __m256 isum = _mm256_cvtepi32_ps(gb_sum8(p->isum[k]));
    const __m256 term = _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(p->d[k]), da), isum);
    if (!f->mins) return term;
    const __m256 msum = _mm256_cvtepi32_ps(gb_sum4(p->msum[k]));
    return _mm256_sub_ps(term, _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(p->dmin[k]), da), msum));
}

/* acc + the terms, super-block after super-block. */
GB_INLINE __m256 gb_k_chain(const gb_super *f, __m256 acc, const gb_k_parts *p, const gb_block_q8_K *a, size_t count) {
    for (size_t k = 0; k < count; k++) acc = _mm256_add_ps(acc, gb_k_term(f, p, k, _mm256_set1_ps(a[k].d)));
    return acc;
}

GB_INLINE void gb_super_gemv(const gb_super *f, const void *w, size_t w_stride, size_t rows, const void *a, size_t n,
                             float *y) {
    const size_t blocks = n / GB_BLOCK;
    gb_k_parts parts;
    for (size_t from = 0; from < blocks; from += GB_K_BLOCKS) {
        const size_t count = blocks - from < GB_K_BLOCKS ? blocks - from : GB_K_BLOCKS;
        const gb_block_q8_K *chunk = (const gb_block_q8_K *)a + from;
        for (size_t row = 0; row < rows; row += GB_K_ROWS) {
            const size_t some = rows - row < GB_K_ROWS ? rows - row : GB_K_ROWS;
            const __m256i mask = gb_lane_mask((ptrdiff_t)some);
            const char *first = (const char *)w + row * w_stride + from * f->bytes;
            if (some < GB_K_ROWS) gb_k_clear(&parts, count, some);
            for (size_t r = 0; r < some; r++) {
                for (size_t k = 0; k < count; k++) {
                    const char *block = first + r * w_stride + k * f->bytes;
                    for (size_t line = 0; line < f->bytes; line += 64)
                        _mm_prefetch(block + GB_K_PREFETCH + line, _MM_HINT_T0);
                    gb_k_part(f, block, chunk + k, &parts, k, r);
                }
            }
            __m256 acc = from > 0 ? _mm256_maskload_ps(y + row, mask) : _mm256_setzero_ps();
            acc = gb_k_chain(f, acc, &parts, chunk, count);
            if (f->unit > 0.0F && from + count == blocks) acc = _mm256_mul_ps(acc, _mm256_set1_ps(f->unit));
            _mm256_maskstore_ps(y + row, mask, acc);
        }
    }
}

/* One row: eight of its super-blocks take the places of eight rows, and their terms are added in order. */
GB_INLINE float gb_super_dot(const gb_super *f, const void *w, const void *a, size_t n) {
    const size_t blocks = n / GB_BLOCK;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    gb_k_parts parts;
    for (size_t from = 0; from < blocks; from += GB_K_ROWS) {
        const size_t count = blocks - from < GB_K_ROWS ? blocks - from : GB_K_ROWS;
        float da[GB_K_ROWS] = {0};
        float terms[GB_K_ROWS];
        if (count < GB_K_ROWS) gb_k_clear(&parts, 1, count);
        for (size_t i = 0; i < count; i++) {
            gb_k_part(f, (const char *)w + (from + i) * f->bytes, ba + from + i, &parts, 0, i);
            da[i] = ba[from + i].d;
        }
        _mm256_storeu_ps(terms, gb_k_term(f, &parts, 0, _mm256_loadu_ps(da)));
        for (size_t i = 0; i < count; i++) acc = acc + terms[i];
    }
    return f->unit > 0.0F ? acc * f->unit : acc;
}

/* --- gemm -----------------------------------------------------------------------------------------------------------
 */

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
 * elements are four). madd with minus the scale (at most 128 in
 * size) undoes the sign. Without, the products of a sum fit: see the format's file. */
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

/* dequantize of a format from its descriptor `format`. */
#define GB_SUPER_DEQUANTIZE(name, isa)                                                                                 \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        gb_super_dequantize(&format, blocks, x, n);                                                                    \
    }

/* dot and gemv. */
#define GB_SUPER_DOTS(name, isa)                                                                                       \
    void gb_##name##_gemv_##isa(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {      \
        gb_super_gemv(&format, w, w_stride, rows, a, n, y);                                                            \
    }                                                                                                                  \
    float gb_##name##_dot_##isa(const void *w, const void *a, size_t n) {                                              \
        return gb_super_dot(&format, w, a, n);                                                                         \
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
