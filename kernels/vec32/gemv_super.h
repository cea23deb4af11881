/* gemv and dot of the super-blocks of super.h. A chunk of super-blocks of eight rows, one row at a time and linear
 * through memory, leaves integer partial sums in a buffer; then the eight rows are finished together, lane = row: one
 * float term a super-block, in sequence. */
#ifndef GB_VEC32_GEMV_SUPER_H
#define GB_VEC32_GEMV_SUPER_H

#include "kernels/vec32/super.h"

enum { GB_K_BLOCKS = 16, GB_K_ROWS = 8, GB_K_PREFETCH = 4096 };

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

/* The j-th sixteen-bit value of each 128-bit half, in all places of that half. */
GB_INLINE __m256i gb_spread16(__m256i v, int j) {
    return _mm256_shuffle_epi8(v, _mm256_set1_epi16((int16_t)(2 * j | (2 * j + 1) << 8)));
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

/* dot and gemv. */
#define GB_SUPER_DOTS(name, isa)                                                                                       \
    void gb_##name##_gemv_##isa(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {      \
        gb_super_gemv(&format, w, w_stride, rows, a, n, y);                                                            \
    }                                                                                                                  \
    float gb_##name##_dot_##isa(const void *w, const void *a, size_t n) {                                              \
        return gb_super_dot(&format, w, a, n);                                                                         \
    }

#endif
