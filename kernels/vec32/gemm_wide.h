/* gemm of values of sixteen bits: signed codes, less a zero, or times the integer scale of their sub-block. Panel and
 * columns are widened once; vpmaddwd multiplies two elements of eight rows and needs no bound but that of the whole
 * sum. The panel is transposed as bytes and widened then, when zeros and scales of eight rows are one vector, too. */
#ifndef GB_VEC32_GEMM_WIDE_H
#define GB_VEC32_GEMM_WIDE_H

#include "kernels/vec32/gemm.h"

typedef struct {
    size_t elems; /* of a float term: 16, 32, or 256 (activations are q8_K) */
    int affine;   /* a minimum is added, times the sum of the activations, which are q8_1 */
    __m256i (*codes)(const char *row, size_t k);                        /* the k-th 32 of a row, signed */
    __m256 (*row_scales)(const char *const row[8], size_t k, size_t m); /* of term k; m = 1: its minima */
    int zeros;                                                          /* zero() of the k-th 32 is taken off */
    int (*zero)(const char *row, size_t k);
    /* Or NULL: what multiplies the k-th to (k + 7)-th 32 of eight rows, in the upper byte of both words of their lane.
     */
    void (*factors)(const char *const row[8], size_t k, __m256i factor[8]);
} gb_wide_format;

enum { GB_PANEL_PAIRS = GB_PANEL_K / 2, GB_PANEL_TERMS = GB_PANEL_K / 16, GB_PAIRS_UNROLLED = 4 };

typedef struct {
    __m256i pair[GB_PANEL_PAIRS][2]; /* lane = row: two values of sixteen bits */
    __m256 d[GB_PANEL_TERMS][2], m[GB_PANEL_TERMS][2];
} gb_wide_panel;

/* The k-th 32 codes of eight rows, in the upper bytes of words: out[p] has those of elements 2p and 2p + 1. */
GB_INLINE void gb_wide_columns8(const gb_wide_format *f, const char *const row[8], size_t k, __m256i out[16]) {
    const __m128i low = _mm_setr_epi32(0x01800080, 0x05800480, 0x09800880, 0x0d800c80); /* 80: a zero */
    const __m256i first = _mm256_broadcastsi128_si256(low);
    const __m256i second = _mm256_add_epi8(first, _mm256_set1_epi16(0x0200));
    __m256 quad[8];
    for (size_t r = 0; r < 8; r++) quad[r] = _mm256_castsi256_ps(f->codes(row[r], k));
    gb_transpose8(quad);
    for (size_t s = 0; s < 8; s++) {
        out[2 * s] = _mm256_shuffle_epi8(_mm256_castps_si256(quad[s]), first);
        out[2 * s + 1] = _mm256_shuffle_epi8(_mm256_castps_si256(quad[s]), second);
    }
}

/* zero() of eight rows in both words of their lane. */
GB_INLINE __m256i gb_wide_zeros8(const gb_wide_format *f, const char *const row[8], size_t k) {
    int32_t zero[8];
    for (size_t r = 0; r < 8; r++) zero[r] = (int32_t)(((uint32_t)f->zero(row[r], k) & 0xffffU) * 0x10001U);
    return gb_load256(zero);
}

/* `count` terms from term `from` on. */
GB_INLINE void gb_wide_fill_panel(const gb_wide_format *f, const char *const row[GB_PANEL_ROWS], size_t from,
                                  size_t count, gb_wide_panel *p) {
    for (size_t v = 0; v < 2; v++) {
        __m256i factor[8];
        for (size_t i = 0; i < count * f->elems / 32; i++) {
            const size_t k = from * f->elems / 32 + i;
            __m256i high[16];
            gb_wide_columns8(f, row + 8 * v, k, high);
            if (f->factors && i % 8 == 0) f->factors(row + 8 * v, k, factor);
            const __m256i zero = f->zeros ? gb_wide_zeros8(f, row + 8 * v, k) : _mm256_setzero_si256();
            for (size_t s = 0; s < 16; s++) {
                /* (256 code * 256 factor) >> 16 */
                const __m256i value =
                    f->factors ? _mm256_mulhi_epi16(high[s], factor[i % 8]) : _mm256_srai_epi16(high[s], 8);
                p->pair[16 * i + s][v] = f->zeros ? _mm256_sub_epi16(value, zero) : value;
            }
        }
        for (size_t k = 0; k < count; k++) {
            p->d[k][v] = f->row_scales(row + 8 * v, from + k, 0);
            if (f->affine) p->m[k][v] = f->row_scales(row + 8 * v, from + k, 1);
        }
    }
}

/* Scratch: per column n codes of sixteen bits, then a scale a term, then a sum a term. */
GB_INLINE int16_t *gb_wide_codes(const gb_gemm_args *g, size_t col) {
    return (int16_t *)g->scratch + col * g->n;
}

GB_INLINE float *gb_wide_scales(const gb_wide_format *f, const gb_gemm_args *g, size_t col) {
    return (float *)(void *)gb_wide_codes(g, g->cols) + col * (g->n / f->elems);
}

GB_INLINE float *gb_wide_sums(const gb_wide_format *f, const gb_gemm_args *g, size_t col) {
    return gb_wide_scales(f, g, g->cols + col);
}

/* Codes of an activation block, which end it but for the sums of q8_K. */
GB_INLINE size_t gb_wide_act_bytes(const gb_wide_format *f) {
    return f->elems == 256 ? sizeof(gb_block_q8_K) : f->affine ? sizeof(gb_block_q8_1) : sizeof(gb_block_q8_0);
}

GB_INLINE size_t gb_wide_act_codes(const gb_wide_format *f) {
    if (f->elems == 256) return offsetof(gb_block_q8_K, qs);
    return f->affine ? offsetof(gb_block_q8_1, qs) : offsetof(gb_block_q8_0, qs);
}

GB_INLINE void gb_wide_columns(const gb_wide_format *f, const gb_gemm_args *g) {
    const size_t elems = f->elems == 256 ? 256 : 32; /* of an activation block */
    for (size_t c = 0; c < g->cols; c++) {
        const char *block = (const char *)g->a + c * g->a_stride;
        int16_t *q = gb_wide_codes(g, c);
        for (size_t k = 0; k < g->n / elems; k++, block += gb_wide_act_bytes(f), q += elems) {
            const int8_t *qs = (const int8_t *)block + gb_wide_act_codes(f);
            const float d = f->elems == 256 ? gb_load_f32(block, 0) : gb_half(gb_load_u16(block, 0));
            for (size_t i = 0; i < elems / f->elems; i++) gb_wide_scales(f, g, c)[k * (elems / f->elems) + i] = d;
            if (f->affine) gb_wide_sums(f, g, c)[k] = gb_half(gb_load_u16(block, 1));
            for (size_t i = 0; i < elems; i += 16) gb_store256(q + i, _mm256_cvtepi8_epi16(gb_load128(qs + i)));
        }
    }
}

GB_INLINE size_t gb_wide_panel_act(const gb_wide_format *f) {
    (void)f;
    return GB_PANEL_K * sizeof(int16_t);
}

/* Two values of every row times two codes of every column. */
GB_INLINE void gb_pair_step(const __m256i w[2], const int16_t *const q[GB_TILE_COLS], size_t at, size_t cols,
                            __m256i sum[2][GB_TILE_COLS]) {
    for (size_t c = 0; c < cols; c++) {
        const __m256i a = gb_broadcast32(q[c] + at);
        sum[0][c] = gb_pin(gb_add_pairs(sum[0][c], w[0], a));
        sum[1][c] = gb_pin(gb_add_pairs(sum[1][c], w[1], a));
    }
}

GB_INLINE void gb_wide_tile(const gb_wide_format *f, const gb_wide_panel *p, const gb_gemm_args *g, size_t col,
                            size_t cols, size_t from, size_t count, __m256 acc[2][GB_TILE_COLS]) {
    const size_t pairs = f->elems / 2;
    const int16_t *q[GB_TILE_COLS];
    const float *d[GB_TILE_COLS];
    const float *s[GB_TILE_COLS];
    for (size_t c = 0; c < cols; c++) {
        q[c] = gb_wide_codes(g, col + c) + from * f->elems;
        d[c] = gb_wide_scales(f, g, col + c) + from;
        s[c] = gb_wide_sums(f, g, col + c) + from;
    }
    for (size_t k = 0; k < count; k++) {
        __m256i sum[2][GB_TILE_COLS];
        for (size_t c = 0; c < cols; c++) sum[0][c] = sum[1][c] = _mm256_setzero_si256();
        for (size_t i = k * pairs; i < (k + 1) * pairs; i += GB_PAIRS_UNROLLED)
            for (size_t u = i; u < i + GB_PAIRS_UNROLLED; u++) gb_pair_step(p->pair[u], q, 2 * u, cols, sum);
        for (size_t c = 0; c < cols; c++) {
            const __m256 da = _mm256_set1_ps(d[c][k]);
            for (size_t v = 0; v < 2; v++) {
                __m256 term = _mm256_mul_ps(_mm256_mul_ps(p->d[k][v], da), _mm256_cvtepi32_ps(sum[v][c]));
                if (f->affine) term = _mm256_add_ps(term, _mm256_mul_ps(p->m[k][v], _mm256_set1_ps(s[c][k])));
                acc[v][c] = _mm256_add_ps(acc[v][c], term);
            }
        }
    }
}

/* gemm of a format from the fields of its gb_wide_format. */
#define GB_WIDE_GEMM(name, isa, ...) GB_GEMM_KERNEL(name, isa, wide, __VA_ARGS__)

#endif
