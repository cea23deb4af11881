/* gemm of formats with blocks of 32, with VNNI: four unsigned codes of eight rows meet four activation codes in one
 * instruction, and are summed in 32 bits. Sums start at minus what raises the codes times the sum of the activations.
 */
#ifndef GB_VEC32_GEMM_BYTES_H
#define GB_VEC32_GEMM_BYTES_H

#include "kernels/vec32/gemm.h"

typedef struct {
    size_t elems; /* of a float term: 16, 32 */
    int affine;   /* a minimum is added, times the sum of the activations, which are q8_1 */
    int raised;   /* what all codes are above their values; */
    int zeros;    /* and above that zero(), which differs */
    __m256i (*codes)(const char *row, size_t k);                        /* the k-th 32 of a row */
    __m256 (*row_scales)(const char *const row[8], size_t k, size_t m); /* of term k; m = 1: its minima */
    int (*zero)(const char *row, size_t k);                             /* of term k */
} gb_bytes_format;

enum { GB_PANEL_QUADS = GB_PANEL_K / 4, GB_BYTES_TERMS = GB_PANEL_K / 16 };

typedef struct {
    __m256i quad[GB_PANEL_QUADS][2]; /* lane = row: four codes */
    __m256i zero[GB_BYTES_TERMS][2];
    __m256 d[GB_BYTES_TERMS][2], m[GB_BYTES_TERMS][2];
} gb_bytes_panel;

/* `count` terms from term `from` on. */
GB_INLINE void gb_bytes_fill_panel(const gb_bytes_format *f, const char *const row[GB_PANEL_ROWS], size_t from,
                                   size_t count, gb_bytes_panel *p) {
    for (size_t v = 0; v < 2; v++) {
        for (size_t i = 0; i < count * f->elems / 32; i++) {
            __m256 code[8];
            for (size_t r = 0; r < 8; r++)
                code[r] = _mm256_castsi256_ps(f->codes(row[8 * v + r], from * f->elems / 32 + i));
            gb_transpose8(code);
            for (size_t s = 0; s < 8; s++) p->quad[8 * i + s][v] = _mm256_castps_si256(code[s]);
        }
        for (size_t k = 0; k < count; k++) {
            p->d[k][v] = f->row_scales(row + 8 * v, from + k, 0);
            if (f->affine) p->m[k][v] = f->row_scales(row + 8 * v, from + k, 1);
            int32_t zero[8];
            for (size_t r = 0; f->zeros && r < 8; r++) zero[r] = f->zero(row[8 * v + r], from + k);
            if (f->zeros) p->zero[k][v] = gb_load256(zero);
        }
    }
}

GB_INLINE size_t gb_bytes_act(const gb_bytes_format *f) {
    return f->affine ? sizeof(gb_block_q8_1) : sizeof(gb_block_q8_0);
}

GB_INLINE size_t gb_bytes_panel_act(const gb_bytes_format *f) {
    return GB_PANEL_K / 32 * gb_bytes_act(f);
}

/* Codes of term k of a column. */
GB_INLINE const int8_t *gb_bytes_codes(const gb_bytes_format *f, const char *column, size_t k) {
    const size_t per = 32 / f->elems;
    const size_t at = f->affine ? offsetof(gb_block_q8_1, qs) : offsetof(gb_block_q8_0, qs);
    return (const int8_t *)column + k / per * gb_bytes_act(f) + at + k % per * f->elems;
}

/* Scratch: per column and term the sum of its codes, then a scale, then the sum that q8_1 holds. */
GB_INLINE int32_t *gb_bytes_sums(const gb_bytes_format *f, const gb_gemm_args *g, size_t col) {
    return (int32_t *)g->scratch + col * (g->n / f->elems);
}

GB_INLINE float *gb_bytes_scales(const gb_bytes_format *f, const gb_gemm_args *g, size_t col) {
    return (float *)gb_bytes_sums(f, g, g->cols + col);
}

GB_INLINE float *gb_bytes_mins(const gb_bytes_format *f, const gb_gemm_args *g, size_t col) {
    return gb_bytes_scales(f, g, g->cols + col);
}

GB_INLINE void gb_bytes_columns(const gb_bytes_format *f, const gb_gemm_args *g) {
    for (size_t c = 0; c < g->cols; c++) {
        const char *column = (const char *)g->a + c * g->a_stride;
        for (size_t k = 0; k < g->n / f->elems; k++) {
            const int8_t *q = gb_bytes_codes(f, column, k);
            const void *block = column + k * f->elems / 32 * gb_bytes_act(f);
            const __m256i bytes = f->elems == 32 ? gb_load256(q) : _mm256_zextsi128_si256(gb_load128(q));
            gb_bytes_sums(f, g, c)[k] = gb_byte_sum32(bytes);
            gb_bytes_scales(f, g, c)[k] = gb_half(gb_load_u16(block, 0));
            if (f->affine) gb_bytes_mins(f, g, c)[k] = gb_half(gb_load_u16(block, 1));
        }
    }
}

/* What is taken off the sums of eight rows. */
GB_INLINE __m256i gb_bytes_start(const gb_bytes_format *f, const gb_bytes_panel *p, size_t k, size_t v, int32_t sum) {
    if (!f->zeros) return _mm256_set1_epi32(-f->raised * sum);
    const __m256i above = _mm256_add_epi32(p->zero[k][v], _mm256_set1_epi32(f->raised));
    return _mm256_mullo_epi32(above, _mm256_set1_epi32(-sum));
}

GB_INLINE void gb_bytes_tile(const gb_bytes_format *f, const gb_bytes_panel *p, const gb_gemm_args *g, size_t col,
                             size_t cols, size_t from, size_t count, __m256 acc[2][GB_TILE_COLS]) {
    const size_t quads = f->elems / 4;
    const char *a[GB_TILE_COLS];
    for (size_t c = 0; c < cols; c++) a[c] = (const char *)g->a + (col + c) * g->a_stride;
    for (size_t k = 0; k < count; k++) {
        __m256i sum[2][GB_TILE_COLS];
        for (size_t c = 0; c < cols; c++)
            for (size_t v = 0; v < 2; v++)
                sum[v][c] = gb_bytes_start(f, p, k, v, gb_bytes_sums(f, g, col + c)[from + k]);
        for (size_t s = 0; s < quads; s++) {
            for (size_t c = 0; c < cols; c++) {
                const __m256i q = gb_broadcast32(gb_bytes_codes(f, a[c], from + k) + 4 * s);
                for (size_t v = 0; v < 2; v++)
                    sum[v][c] = gb_pin(gb_add_bytes(sum[v][c], p->quad[k * quads + s][v], q));
            }
        }
        for (size_t c = 0; c < cols; c++) {
            const __m256 da = _mm256_set1_ps(gb_bytes_scales(f, g, col + c)[from + k]);
            for (size_t v = 0; v < 2; v++) {
                __m256 term = _mm256_mul_ps(_mm256_mul_ps(p->d[k][v], da), _mm256_cvtepi32_ps(sum[v][c]));
                if (f->affine) {
                    const __m256 s = _mm256_set1_ps(gb_bytes_mins(f, g, col + c)[from + k]);
                    term = _mm256_add_ps(term, _mm256_mul_ps(p->m[k][v], s));
                }
                acc[v][c] = _mm256_add_ps(acc[v][c], term);
            }
        }
    }
}

/* gemm of a format from the fields of its gb_bytes_format. */
#define GB_BYTES_GEMM(name, isa, ...) GB_GEMM_KERNEL(name, isa, bytes, __VA_ARGS__)

#endif
