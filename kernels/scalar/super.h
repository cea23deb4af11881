/* Super-blocks of 256, plain C: what follows from the integers of one super-block and from its unpacked form. */
#ifndef GB_SCALAR_SUPER_H
#define GB_SCALAR_SUPER_H

#include "kernels/scalar/common.h"

enum { GB_BLOCK = 256 };

typedef struct {
    gb_flat_format flat;
    size_t bytes; /* of a block */
    /* isum = sum of scale * (value . q), msum = sum of min * (sums of q); msum only with mins */
    void (*sums)(const void *block, const gb_block_q8_K *a, int *isum, int *msum);
    size_t d_at, dmin_at;             /* of the f16 scales */
    uint16_t (*d)(const void *block); /* where they are not at one place; otherwise NULL */
} gb_super;

/* Eight scales and mins of six bits, four bytes a word: the first four of each are the low six bits of words 0 and 1,
 * the last four take a nibble of word 2 and the top two bits of words 0 and 1. */
GB_INLINE void gb_get_scales_mins(const uint8_t q[12], int32_t sc[8], int32_t mn[8]) {
    uint32_t u[3];
    memcpy(u, q, sizeof u);
    const uint32_t word[4] = {u[0] & 0x3f3f3f3fU, (u[2] & 0x0f0f0f0fU) | (u[0] >> 2 & 0x30303030U), u[1] & 0x3f3f3f3fU,
                              (u[2] >> 4 & 0x0f0f0f0fU) | (u[1] >> 2 & 0x30303030U)};
    for (size_t j = 0; j < 8; j++) {
        sc[j] = (int32_t)(word[j / 4] >> j % 4 * 8 & 63U);
        mn[j] = (int32_t)(word[2 + j / 4] >> j % 4 * 8 & 63U);
    }
}

/* Sum of sixteen products of plane codes: the bits `low_mask` of low >> low_shift and, above them, those of `high_mask`
 * of high >> high_shift. */
GB_INLINE int gb_plane_sum(const uint8_t *low, int low_shift, int low_mask, const uint8_t *high, int high_shift,
                           int high_mask, int place, const int8_t *q) {
    int sum = 0;
    for (size_t l = 0; l < 16; l++)
        sum += ((low[l] >> low_shift & low_mask) | (high[l] >> high_shift & high_mask) << place) * q[l];
    return sum;
}

GB_INLINE void gb_super_dequantize(const gb_super *f, const void *blocks, float *x, size_t n) {
    const size_t run = GB_BLOCK / f->flat.subs;
    for (size_t k = 0; k < n / GB_BLOCK; k++) {
        gb_flat_block b;
        f->flat.unpack(blocks, k, &b);
        for (size_t j = 0; j < f->flat.subs; j++) {
            const int32_t *code = b.code + j * run;
            float ds = b.d * (float)b.sc[j];
            if (f->flat.unit > 0.0F) ds = ds * f->flat.unit;
            const float dm = f->flat.mins ? b.dmin * (float)b.mn[j] : 0.0F;
            for (size_t l = 0; l < run; l++) *x++ = f->flat.mins ? ds * (float)code[l] - dm : ds * (float)code[l];
        }
    }
}

GB_INLINE float gb_super_dot(const gb_super *f, const void *w, const void *a, size_t n) {
    const char *block = w;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / GB_BLOCK; k++, block += f->bytes) {
        int isum;
        int msum;
        f->sums(block, &ba[k], &isum, &msum);
        const uint16_t d = f->d ? f->d(block) : gb_load_u16(block + f->d_at, 0);
        float term = (gb_f32_from_f16(d) * ba[k].d) * (float)isum;
        if (f->flat.mins) term = term - (gb_f32_from_f16(gb_load_u16(block + f->dmin_at, 0)) * ba[k].d) * (float)msum;
        acc = acc + term;
    }
    return f->flat.unit > 0.0F ? f->flat.unit * acc : acc;
}

/* All operations of a format from its descriptor `format`. */
#define GB_SUPER_KERNELS(name)                                                                                         \
    void gb_##name##_dequantize_scalar(const void *blocks, float *x, size_t n) {                                       \
        gb_super_dequantize(&format, blocks, x, n);                                                                    \
    }                                                                                                                  \
    float gb_##name##_dot_scalar(const void *w, const void *a, size_t n) {                                             \
        return gb_super_dot(&format, w, a, n);                                                                         \
    }                                                                                                                  \
    void gb_##name##_gemv_scalar(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {     \
        for (size_t r = 0; r < rows; r++) y[r] = gb_super_dot(&format, (const char *)w + r * w_stride, a, n);          \
    }                                                                                                                  \
    void gb_##name##_gemm_scalar(const gb_gemm_args *g) {                                                              \
        gb_block_gemm(&format.flat, g);                                                                                \
    }

#endif
