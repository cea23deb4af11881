/* Shared by the scalar kernels of the block formats: plain C, no intrinsics, any architecture.
 *
 * The gemm packs three columns of activations into one 64-bit integer, a0 + a1 * 2^21 + a2 * 2^42, so that one multiply
 * by a weight code serves three columns. A field holds |sum| < 2^20: the largest is a term of gptq8, or of a four-bit
 * group with a hostile zero, 32 * 255 * 128; q8_0 has 32 * 128 * 128 = 2^19, sub-blocks of K-quants less. */
#ifndef GB_SCALAR_COMMON_H
#define GB_SCALAR_COMMON_H

#include "kernels/compiler.h"
#include "kernels/kernel.h"
#include "reference/number.h"

enum {
    GB_FIELD_BITS = 21,
    GB_FIELD_HALF = 1 << 20,
    GB_FIELDS = 3,        /* columns in one packed integer */
    GB_GEMM_COLS = 6,     /* columns of one pass: two packed integers */
    GB_GEMM_CHUNK = 512,  /* elements of K in one panel: 8 KiB of packed activations */
    GB_MAX_SUBS = 16,     /* sub-blocks of a block */
    GB_CHUNK_BLOCKS = 32, /* blocks of a chunk: 512 / 16 */
};

/* One unpacked weight block: x = (d * sc) * code - dmin * mn. Formats without sub-blocks have one, sc = 1; those with
 * an added minimum have x = d * code + dmin. */
typedef struct {
    float d, dmin;
    int32_t sc[GB_MAX_SUBS], mn[GB_MAX_SUBS];
    int32_t code[256];
} gb_flat_block;

/* What the shared loops need to know of a format. A block here is what has one float term: q1_0, q2_0 and nvfp4 pack
 * several into theirs, which is unpack's business. */
typedef struct {
    size_t elems, subs; /* per block */
    int mins;           /* has mn */
    int affine;         /* dmin is added, times the sum that an activation block of q8_1 holds */
    float unit;         /* a power of two on the finished sum and on d * sc; 0: there is none */
    void (*unpack)(const void *row, size_t block, gb_flat_block *out);
    float (*act)(const void *row, size_t block, const int8_t **qs); /* activation block: its scale and codes */
    /* or NULL: a block's products with 32 codes, and its scale, without unpacking it */
    int (*sum)(const void *row, size_t block, const int8_t *qs, float *d);
} gb_flat_format;

GB_INLINE float gb_act_q8_0(const void *row, size_t block, const int8_t **qs) {
    const gb_block_q8_0 *b = (const gb_block_q8_0 *)row + block;
    *qs = b->qs;
    return gb_f32_from_f16(b->d);
}

/* Terms of sixteen: half a block. */
GB_INLINE float gb_act_half_q8_0(const void *row, size_t term, const int8_t **qs) {
    const float d = gb_act_q8_0(row, term / 2, qs);
    *qs += term % 2 * 16;
    return d;
}

GB_INLINE float gb_act_q8_1(const void *row, size_t block, const int8_t **qs) {
    const gb_block_q8_1 *b = (const gb_block_q8_1 *)row + block;
    *qs = b->qs;
    return gb_f32_from_f16(b->d);
}

GB_INLINE float gb_act_sum_q8_1(const void *row, size_t block) {
    return gb_f32_from_f16(((const gb_block_q8_1 *)row)[block].s);
}

GB_INLINE float gb_act_q8_K(const void *row, size_t block, const int8_t **qs) {
    const gb_block_q8_K *b = (const gb_block_q8_K *)row + block;
    *qs = b->qs;
    return b->d;
}

/* The element of largest magnitude with its sign, the first of equals; 0 if there is none. Magnitudes are compared as
 * integers: bit patterns of non-negative floats are ordered, and NaN, above infinity, never counts. */
GB_INLINE float gb_extreme(const float *x, size_t n) {
    uint32_t top = 0;
    float extreme = 0.0F;
    for (size_t i = 0; i < n; i++) {
        const uint32_t a = gb_f32_bits(x[i]) & 0x7fffffffU;
        if (a > top && a <= 0x7f800000U) {
            top = a;
            extreme = x[i];
        }
    }
    return extreme;
}

GB_INLINE int gb_mul4(const int8_t *w, const int8_t *a) {
    return w[0] * a[0] + w[1] * a[1] + w[2] * a[2] + w[3] * a[3];
}

/* Low nibbles of n bytes, minus zero, times a[0..n), high nibbles times a[high..high + n). */
GB_INLINE void gb_mul_nibbles(const uint8_t *w, const int8_t *a, size_t n, size_t high, int zero, int *low_sum,
                              int *high_sum) {
    int lo = 0;
    int hi = 0;
    for (size_t j = 0; j < n; j += 2) {
        lo += ((w[j] & 15) - zero) * a[j] + ((w[j + 1] & 15) - zero) * a[j + 1];
        hi += ((w[j] >> 4) - zero) * a[j + high] + ((w[j + 1] >> 4) - zero) * a[j + high + 1];
    }
    *low_sum = lo;
    *high_sum = hi;
}

/* The three sums of a packed integer. A bias makes every field positive, so that nothing borrows from its neighbour. */
GB_INLINE void gb_split_fields(int64_t packed, int out[GB_FIELDS]) {
    const int64_t bias =
        (int64_t)GB_FIELD_HALF * (1 + ((int64_t)1 << GB_FIELD_BITS) + ((int64_t)1 << 2 * GB_FIELD_BITS));
    const uint64_t u = (uint64_t)(packed + bias);
    const uint64_t mask = ((uint64_t)1 << GB_FIELD_BITS) - 1;
    out[0] = (int)(u & mask) - GB_FIELD_HALF;
    out[1] = (int)(u >> GB_FIELD_BITS & mask) - GB_FIELD_HALF;
    out[2] = (int)(u >> 2 * GB_FIELD_BITS) - GB_FIELD_HALF;
}

/* Activations of up to six columns, one chunk of K. Absent columns hold zeros. */
typedef struct {
    int64_t packed[2][GB_GEMM_CHUNK];
    float d[GB_GEMM_COLS][GB_CHUNK_BLOCKS], s[GB_GEMM_COLS][GB_CHUNK_BLOCKS];
    int32_t sum[GB_GEMM_COLS][GB_GEMM_CHUNK / 16]; /* of the codes of a sub-block, for the mins */
} gb_gemm_panel;

GB_INLINE void gb_fill_panel(const gb_flat_format *f, const gb_gemm_args *g, size_t col, size_t width, size_t block,
                             size_t blocks, gb_gemm_panel *p) {
    const size_t run = f->elems / f->subs;
    memset(p, 0, sizeof *p);
    for (size_t c = 0; c < width; c++) {
        const char *row = (const char *)g->a + (col + c) * g->a_stride;
        const int64_t place = (int64_t)1 << c % GB_FIELDS * GB_FIELD_BITS;
        int64_t *to = p->packed[c / GB_FIELDS];
        for (size_t k = 0; k < blocks; k++) {
            const int8_t *qs;
            p->d[c][k] = f->act(row, block + k, &qs);
            if (f->affine) p->s[c][k] = gb_act_sum_q8_1(row, block + k);
            for (size_t j = 0; j < f->elems; j++) {
                to[k * f->elems + j] += qs[j] * place;
                p->sum[c][(k * f->elems + j) / run] += qs[j];
            }
        }
    }
}

/* One block of one row against the panel's columns: acc = acc + term. */
GB_INLINE void gb_panel_block(const gb_flat_format *f, const gb_flat_block *w, const gb_gemm_panel *p, size_t k,
                              int wide, float acc[GB_GEMM_COLS]) {
    int isum[GB_GEMM_COLS] = {0};
    int msum[GB_GEMM_COLS] = {0};
    const size_t run = f->elems / f->subs;
    for (size_t s = 0; s < f->subs; s++) {
        const int32_t *code = w->code + s * run;
        const int64_t *a0 = p->packed[0] + k * f->elems + s * run;
        const int64_t *a1 = p->packed[1] + k * f->elems + s * run;
        int64_t sum0 = 0;
        int64_t sum1 = 0;
        if (wide) {
            for (size_t j = 0; j < run; j++) {
                sum0 += code[j] * a0[j];
                sum1 += code[j] * a1[j];
            }
        } else {
            for (size_t j = 0; j < run; j++) sum0 += code[j] * a0[j];
        }
        int field[GB_GEMM_COLS];
        gb_split_fields(sum0, field);
        gb_split_fields(sum1, field + GB_FIELDS);
        for (size_t c = 0; c < GB_GEMM_COLS; c++) {
            isum[c] += w->sc[s] * field[c];
            if (f->mins) msum[c] += w->mn[s] * p->sum[c][k * f->subs + s];
        }
    }
    for (size_t c = 0; c < GB_GEMM_COLS; c++) {
        float term = (w->d * p->d[c][k]) * (float)isum[c];
        if (f->mins) term = term - (w->dmin * p->d[c][k]) * (float)msum[c];
        if (f->affine) term = term + w->dmin * p->s[c][k];
        acc[c] = acc[c] + term;
    }
}

/* dot of a format without sub-blocks. */
GB_INLINE float gb_terms_dot(const gb_flat_format *f, const void *w, const void *a, size_t n) {
    float acc = 0.0F;
    for (size_t k = 0; k < n / f->elems; k++) {
        gb_flat_block b;
        const int8_t *qs;
        const float da = f->act(a, k, &qs);
        if (f->sum) {
            const int sum = f->sum(w, k, qs, &b.d);
            acc = acc + (b.d * da) * (float)sum;
            continue;
        }
        f->unpack(w, k, &b);
        int isum = 0;
        for (size_t j = 0; j < f->elems; j++) isum += b.code[j] * qs[j];
        float term = (b.d * da) * (float)isum;
        if (f->affine) term = term + b.dmin * gb_act_sum_q8_1(a, k);
        acc = acc + term;
    }
    return acc;
}

GB_INLINE void gb_terms_dequantize(const gb_flat_format *f, const void *blocks, float *x, size_t n) {
    for (size_t k = 0; k < n / f->elems; k++, x += f->elems) {
        gb_flat_block b;
        f->unpack(blocks, k, &b);
        for (size_t j = 0; j < f->elems; j++) x[j] = (float)b.code[j] * b.d;
        for (size_t j = 0; f->affine && j < f->elems; j++) x[j] = x[j] + b.dmin;
    }
}

/* Codes of a block of nibble pairs, fifth bits at qh (or NULL), lowered by `offset`. */
GB_INLINE void gb_unpack_nibbles(const uint8_t qs[16], const uint8_t *qh, int offset, int32_t code[32]) {
    for (size_t j = 0; j < 16; j++) {
        code[j] = (qs[j] & 15) - offset;
        code[j + 16] = (qs[j] >> 4) - offset;
    }
    for (size_t j = 0; qh && j < 32; j++) code[j] += (qh[j / 8] >> (j % 8) & 1) << 4;
}

/* Levels of `pairs` bytes: those of the low nibbles, then those of the high ones. */
GB_INLINE void gb_unpack_levels(const int8_t levels[16], const uint8_t *qs, size_t pairs, int32_t *code) {
    for (size_t j = 0; j < pairs; j++) {
        code[j] = levels[qs[j] & 15];
        code[j + pairs] = levels[qs[j] >> 4];
    }
}

GB_INLINE int gb_level_sum(const int8_t levels[16], const uint8_t *qs, size_t pairs, const int8_t *q) {
    int sum = 0;
    for (size_t j = 0; j < pairs; j++) sum += levels[qs[j] & 15] * q[j] + levels[qs[j] >> 4] * q[j + pairs];
    return sum;
}

/* gemm of any block format: a weight block is unpacked once for six columns; between chunks of K the partial sums lie
 * in y, so that each output element is one sequential chain over the blocks, as in dot. */
GB_INLINE void gb_block_gemm(const gb_flat_format *f, const gb_gemm_args *g) {
    const size_t blocks = g->n / f->elems;
    const size_t step = GB_GEMM_CHUNK / f->elems;
    gb_gemm_panel panel;
    gb_flat_block w;
    for (size_t col = 0; col < g->cols; col += GB_GEMM_COLS) {
        const size_t width = g->cols - col < GB_GEMM_COLS ? g->cols - col : GB_GEMM_COLS;
        for (size_t block = 0; block < blocks; block += step) {
            const size_t count = blocks - block < step ? blocks - block : step;
            gb_fill_panel(f, g, col, width, block, count, &panel);
            for (size_t r = 0; r < g->rows; r++) {
                const char *row = (const char *)g->w + r * g->w_stride;
                float *y = g->y + col * g->y_stride + r;
                float acc[GB_GEMM_COLS] = {0};
                if (block > 0)
                    for (size_t c = 0; c < width; c++) acc[c] = y[c * g->y_stride];
                for (size_t k = 0; k < count; k++) {
                    f->unpack(row, block + k, &w);
                    gb_panel_block(f, &w, &panel, k, width > GB_FIELDS, acc);
                }
                const int finished = block + count == blocks;
                for (size_t c = 0; c < width; c++)
                    y[c * g->y_stride] = f->unit > 0.0F && finished ? f->unit * acc[c] : acc[c];
            }
        }
    }
}

/* dot, gemv and gemm of a format without sub-blocks from its description. */
#define GB_TERM_DOTS(name, format)                                                                                     \
    float gb_##name##_dot_scalar(const void *w, const void *a, size_t n) {                                             \
        return gb_terms_dot(&(format), w, a, n);                                                                       \
    }                                                                                                                  \
    void gb_##name##_gemv_scalar(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {     \
        for (size_t r = 0; r < rows; r++) y[r] = gb_terms_dot(&(format), (const char *)w + r * w_stride, a, n);        \
    }                                                                                                                  \
    void gb_##name##_gemm_scalar(const gb_gemm_args *g) {                                                              \
        gb_block_gemm(&(format), g);                                                                                   \
    }

/* And dequantize. */
#define GB_TERM_KERNELS(name, format)                                                                                  \
    GB_TERM_DOTS(name, format)                                                                                         \
    void gb_##name##_dequantize_scalar(const void *blocks, float *x, size_t n) {                                       \
        gb_terms_dequantize(&(format), blocks, x, n);                                                                  \
    }

#endif
