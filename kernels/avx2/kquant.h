/* Shared by the K-quants: the gemv over 256-element super-blocks and small scale helpers.
 *
 * A chunk of super-blocks of eight rows, one row at a time and linear through memory, leaves integer partial sums in a
 * buffer; then the eight rows are finished together, lane = row: one float term a super-block, in sequence. */
#ifndef GB_AVX2_KQUANT_H
#define GB_AVX2_KQUANT_H

#include "kernels/avx2/simd.h"

enum { GB_K_BLOCKS = 16, GB_K_ROWS = 8, GB_K_PREFETCH = 4096 };

typedef struct {
    __m256i isum[GB_K_BLOCKS][GB_K_ROWS]; /* eight partial sums */
    __m128i msum[GB_K_BLOCKS][GB_K_ROWS]; /* four; formats with mins only */
    float d[GB_K_BLOCKS][GB_K_ROWS], dmin[GB_K_BLOCKS][GB_K_ROWS];
} gb_k_parts;

typedef struct {
    size_t block_bytes;
    int mins;
    void (*part)(const void *w, const gb_block_q8_K *a, gb_k_parts *p, size_t k, size_t r);
} gb_k_format;

/* The j-th sixteen-bit value of each 128-bit half, in all places of that half. */
GB_INLINE __m256i gb_spread16(__m256i v, int j) {
    return _mm256_shuffle_epi8(v, _mm256_set1_epi16((int16_t)(2 * j | (2 * j + 1) << 8)));
}

/* Every sixteen-bit value twice: the pairs that madd multiplies. */
GB_INLINE __m256i gb_twice16(__m128i v) {
    return _mm256_set_m128i(_mm_unpackhi_epi16(v, v), _mm_unpacklo_epi16(v, v));
}

/* Lane i = sum of the four lanes of v[i]. */
GB_INLINE __m256i gb_sum4(const __m128i v[8]) {
    __m256i x[4];
    for (int i = 0; i < 4; i++) x[i] = _mm256_set_m128i(v[i + 4], v[i]);
    return _mm256_hadd_epi32(_mm256_hadd_epi32(x[0], x[1]), _mm256_hadd_epi32(x[2], x[3]));
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

/* acc = acc + ((d * da) * isum - (dmin * da) * msum), super-block after super-block. */
GB_INLINE __m256 gb_k_chain(const gb_k_format *f, __m256 acc, const gb_k_parts *p, const gb_block_q8_K *a,
                            size_t count) {
    for (size_t k = 0; k < count; k++) {
        const __m256 da = _mm256_set1_ps(a[k].d);
        const __m256 isum = _mm256_cvtepi32_ps(gb_sum8(p->isum[k]));
        __m256 term = _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(p->d[k]), da), isum);
        if (f->mins) {
            const __m256 msum = _mm256_cvtepi32_ps(gb_sum4(p->msum[k]));
            term = _mm256_sub_ps(term, _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(p->dmin[k]), da), msum));
        }
        acc = _mm256_add_ps(acc, term);
    }
    return acc;
}

GB_INLINE void gb_k_gemv(const gb_k_format *f, const void *w, size_t w_stride, size_t rows, const void *a, size_t n,
                         float *y) {
    const size_t blocks = n / 256;
    gb_k_parts parts;
    for (size_t from = 0; from < blocks; from += GB_K_BLOCKS) {
        const size_t count = blocks - from < GB_K_BLOCKS ? blocks - from : GB_K_BLOCKS;
        const gb_block_q8_K *chunk = (const gb_block_q8_K *)a + from;
        for (size_t row = 0; row < rows; row += GB_K_ROWS) {
            const size_t some = rows - row < GB_K_ROWS ? rows - row : GB_K_ROWS;
            const __m256i mask = gb_lane_mask((ptrdiff_t)some);
            const char *first = (const char *)w + row * w_stride + from * f->block_bytes;
            if (some < GB_K_ROWS) gb_k_clear(&parts, count, some);
            for (size_t r = 0; r < some; r++) {
                for (size_t k = 0; k < count; k++) {
                    const char *block = first + r * w_stride + k * f->block_bytes;
                    for (size_t line = 0; line < f->block_bytes; line += 64)
                        _mm_prefetch(block + GB_K_PREFETCH + line, _MM_HINT_T0);
                    f->part(block, chunk + k, &parts, k, r);
                }
            }
            const __m256 acc = from > 0 ? _mm256_maskload_ps(y + row, mask) : _mm256_setzero_ps();
            _mm256_maskstore_ps(y + row, mask, gb_k_chain(f, acc, &parts, chunk, count));
        }
    }
}

#endif
