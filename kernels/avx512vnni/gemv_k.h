/* gemv of the K-quants. A row is read once, front to back; per super-block only its integers and its scales are kept,
 * with lane = row, and after sixteen rows the float terms are computed and summed in order for all of them at once. */
#ifndef GB_AVX512VNNI_GEMV_K_H
#define GB_AVX512VNNI_GEMV_K_H

#include "kernels/avx512vnni/simd.h"

enum {
    GB_SUPER = 32,       /* super-blocks of a row handled at a time */
    GB_K_PREFETCH = 4096 /* bytes ahead */
};

/* The activation row as a span of gemv wants it, computed once for all rows. */
typedef struct gb_act_k {
    _Alignas(64) int8_t q[GB_SUPER][256]; /* order as the format's sums() reads them */
    int16_t bsums[GB_SUPER][16];          /* sums of 16 (q6_K), or in the first 8 of 32 elements (q4_K) */
    float d[GB_SUPER];
} gb_act_k;

/* Exact integers of sixteen rows. scale: bytes of the block's f16 d (and dmin above it). */
typedef struct gb_sums_k {
    _Alignas(64) int32_t sum[GB_SUPER][GB_ROWS];
    int32_t min_sum[GB_SUPER][GB_ROWS];
    uint32_t scale[GB_SUPER][GB_ROWS];
} gb_sums_k;

typedef void gb_prepare_k_fn(gb_act_k *act, size_t k, const gb_block_q8_K *a);
typedef void gb_row_k_fn(const uint8_t *w, const gb_act_k *act, size_t blocks, gb_sums_k *s, size_t r);
typedef __m512 gb_term_k_fn(const gb_sums_k *s, size_t k, __m512 da);

typedef struct gb_super_k {
    size_t bytes;             /* of a weight block */
    gb_prepare_k_fn *prepare; /* one activation block */
    gb_row_k_fn *row;         /* one weight row: integers and scales */
    gb_term_k_fn *term;       /* float term of super-block k, lane = row */
} gb_super_k;

GB_INLINE void gb_gemv_k(const gb_super_k *f, const void *w, size_t w_stride, size_t rows, const void *a, size_t n,
                         float *y) {
    gb_act_k act;
    gb_sums_k s;
    const gb_block_q8_K *ba = a;
    for (size_t k = 0; k < n / 256; k += GB_SUPER) {
        const size_t blocks = gb_min(GB_SUPER, n / 256 - k);
        for (size_t b = 0; b < blocks; b++) {
            f->prepare(&act, b, &ba[k + b]);
            act.d[b] = ba[k + b].d;
        }
        for (size_t r = 0; r < rows; r += GB_ROWS) {
            const size_t count = gb_min(GB_ROWS, rows - r);
            const __mmask16 lanes = gb_lanes(count);
            const uint8_t *first = (const uint8_t *)w + r * w_stride + k * f->bytes;
            for (size_t i = 0; i < count; i++) f->row(first + i * w_stride, &act, blocks, &s, i);
            __m512 acc = k ? _mm512_maskz_loadu_ps(lanes, y + r) : _mm512_setzero_ps();
            for (size_t b = 0; b < blocks; b++) acc = _mm512_add_ps(acc, f->term(&s, b, _mm512_set1_ps(act.d[b])));
            _mm512_mask_storeu_ps(y + r, lanes, acc);
        }
    }
}

#endif
