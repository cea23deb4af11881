/* The gemv of the formats with a float term for every 32 elements (or 16): one weight row at a time, linear through
 * memory.
 *
 * A chunk of K is prepared once (activations in the layout the format likes), then for sixteen rows the float terms
 * of all blocks are written to a buffer, and the sequential chains over them run side by side, lane = row. Between
 * chunks the partial sums lie in y, so every output element is one sequential chain, as in the reference. */
#ifndef GB_VEC32_GEMV_H
#define GB_VEC32_GEMV_H

#include "kernels/vec32/simd.h"

enum { GB_GEMV_BLOCKS = 128, GB_GEMV_ROWS = 16, GB_PREFETCH = 4096 };

typedef struct {
    size_t block_bytes, block_terms; /* of a weight block: a float term is `elems` elements, 32 or 16 */
    size_t elems, a_bytes;           /* a_bytes: of an activation block, 32 elements */
    /* the activations of `count` terms into act, zero-padded to a multiple of eight */
    void (*prepare)(const void *a, size_t count, void *act);
    /* the weights of eight terms times prepared ones k .. k + 7 */
    __m256 (*terms)(const void *w, const void *act, size_t k);
} gb_gemv_format;

/* Terms of one row; the buffer is padded with +0 to a multiple of eight. A sum that starts at +0 is never -0, so adding
 * +0 changes nothing. The last, incomplete group is copied, so that nothing behind the row is read. */
GB_INLINE void gb_row_terms(const gb_gemv_format *f, const char *row, const void *act, size_t count, float *term) {
    size_t k = 0;
    for (; k + 8 <= count; k += 8) {
        const char *w = row + k / f->block_terms * f->block_bytes;
        for (size_t line = 0; line < 8 / f->block_terms * f->block_bytes; line += 64)
            _mm_prefetch(w + GB_PREFETCH + line, _MM_HINT_T0);
        _mm256_storeu_ps(term + k, f->terms(w, act, k));
    }
    if (k < count) {
        char tail[8 * sizeof(gb_block_q8_0)] = {0};
        memcpy(tail, row + k / f->block_terms * f->block_bytes, (count - k) / f->block_terms * f->block_bytes);
        _mm256_storeu_ps(term + k, f->terms(tail, act, k));
    }
}

/* acc[r] = acc[r] + term[r][0] + term[r][1] ... for eight rows at once. */
GB_INLINE __m256 gb_chain_step(__m256 acc, float term[][GB_GEMV_BLOCKS], size_t k) {
    __m256 t[8];
    for (size_t r = 0; r < 8; r++) t[r] = _mm256_loadu_ps(term[r] + k);
    gb_transpose8(t);
    for (size_t i = 0; i < 8; i++) acc = _mm256_add_ps(acc, t[i]);
    return acc;
}

/* Finishes `rows` rows from their terms; sixteen run as two independent chains, to hide the latency of the additions.
 */
GB_INLINE void gb_chain_rows(float term[GB_GEMV_ROWS][GB_GEMV_BLOCKS], size_t rows, size_t count, int resume,
                             float *y) {
    size_t r = 0;
    if (rows == GB_GEMV_ROWS) {
        __m256 low = resume ? _mm256_loadu_ps(y) : _mm256_setzero_ps();
        __m256 high = resume ? _mm256_loadu_ps(y + 8) : _mm256_setzero_ps();
        for (size_t k = 0; k < count; k += 8) {
            low = gb_chain_step(low, term, k);
            high = gb_chain_step(high, term + 8, k);
        }
        _mm256_storeu_ps(y, low);
        _mm256_storeu_ps(y + 8, high);
        return;
    }
    for (; r + 8 <= rows; r += 8) {
        __m256 acc = resume ? _mm256_loadu_ps(y + r) : _mm256_setzero_ps();
        for (size_t k = 0; k < count; k += 8) acc = gb_chain_step(acc, term + r, k);
        _mm256_storeu_ps(y + r, acc);
    }
    for (; r < rows; r++) {
        float acc = resume ? y[r] : 0.0F;
        for (size_t k = 0; k < count; k++) acc = acc + term[r][k];
        y[r] = acc;
    }
}

GB_INLINE void gb_block32_gemv(const gb_gemv_format *f, const void *w, size_t w_stride, size_t rows, const void *a,
                               size_t n, float *y, void *act) {
    const size_t blocks = n / f->elems;
    float term[GB_GEMV_ROWS][GB_GEMV_BLOCKS];
    for (size_t from = 0; from < blocks; from += GB_GEMV_BLOCKS) {
        const size_t count = blocks - from < GB_GEMV_BLOCKS ? blocks - from : GB_GEMV_BLOCKS;
        f->prepare((const char *)a + from * f->elems / 32 * f->a_bytes, count, act);
        for (size_t row = 0; row < rows; row += GB_GEMV_ROWS) {
            const size_t some = rows - row < GB_GEMV_ROWS ? rows - row : GB_GEMV_ROWS;
            const char *first = (const char *)w + row * w_stride + from / f->block_terms * f->block_bytes;
            for (size_t r = 0; r < some; r++) gb_row_terms(f, first + r * w_stride, act, count, term[r]);
            gb_chain_rows(term, some, count, from > 0, y + row);
        }
    }
}

#endif
