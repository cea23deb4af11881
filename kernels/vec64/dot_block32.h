/* dot of a format of gemv_block32.h: one row, so that bringing the activations into another order, as gemv does, would
 * cost more than all the rest. Codes meet the activations as they lie, and the sums of eight blocks are folded
 * together. Terms are added one after the other; the chain of eight begins when the next eight are under way, since the
 * processor does not look far enough ahead to find work beside terms that are not ready. */
#ifndef GB_VEC64_DOT_BLOCK32_H
#define GB_VEC64_DOT_BLOCK32_H

#include "kernels/vec64/gemv_block32.h"
#include "reference/number.h"

enum { GB_DOT_BLOCKS = 8 };

GB_INLINE __m256i gb_add_dwords(__m256i a, __m256i b) {
    return _mm256_add_epi32(a, b);
}

/* Lane i of the result = the sum of v[i]. */
GB_INLINE __m256i gb_fold_eight(const __m256i v[8]) {
    return gb_fold_eight_by(gb_add_dwords, v);
}

/* Word i of sixteen bytes at p + i * (stride - 2): the f16 at p + i * stride, which these reads never pass. */
GB_INLINE __m128i gb_blend_halves(const uint8_t *p, size_t stride) {
    const size_t step = stride - sizeof(uint16_t);
    __m128i h = gb_load128(p);
    h = _mm_blend_epi16(h, gb_load128(p + step), 2);
    h = _mm_blend_epi16(h, gb_load128(p + 2 * step), 4);
    h = _mm_blend_epi16(h, gb_load128(p + 3 * step), 8);
    h = _mm_blend_epi16(h, gb_load128(p + 4 * step), 16);
    h = _mm_blend_epi16(h, gb_load128(p + 5 * step), 32);
    h = _mm_blend_epi16(h, gb_load128(p + 6 * step), 64);
    return _mm_blend_epi16(h, gb_load128(p + 7 * step), 128);
}

/* One f16 for each of eight terms, from the count-th on the last one again. */
GB_INLINE __m256 gb_dot_halves8(const uint8_t *p, size_t stride, size_t per, size_t count) {
    if (count == GB_DOT_BLOCKS && per == 1) return _mm256_cvtph_ps(gb_blend_halves(p, stride));
    if (count == GB_DOT_BLOCKS && per == 4) {
        const uint32_t two = gb_load_u16(p, 0) | (uint32_t)gb_load_u16(p + stride, 0) << 16;
        const __m128i four = _mm_setr_epi8(0, 1, 0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 2, 3);
        return _mm256_cvtph_ps(_mm_shuffle_epi8(_mm_cvtsi32_si128((int)two), four));
    }
    uint64_t word[2] = {0, 0};
    GB_UNROLL
    for (size_t i = 0; i < GB_DOT_BLOCKS; i++)
        word[i / 4] |= (uint64_t)gb_load_u16(p + gb_min(i, count - 1) / per * stride, 0) << 16 * (i % 4);
    return _mm256_cvtph_ps(_mm_set_epi64x((long long)word[1], (long long)word[0]));
}

/* The terms of blocks 0 .. count - 1; those beyond them are that of the last one again. */
GB_INLINE __m256 gb_dot_terms8(const gb_block32 *f, const uint8_t *w, const uint8_t *a, size_t count) {
    const size_t bytes = gb_act32_bytes(f);
    const __m256i offset = _mm256_set1_epi8((char)f->code_offset);
    const __m256i none = _mm256_setzero_si256();
    const int most = f->bytes_wide ? 255 : 127;
    __m256i part[GB_DOT_BLOCKS];
    GB_UNROLL
    for (size_t i = 0; i < GB_DOT_BLOCKS; i++) {
        const size_t b = gb_min(i, count - 1);
        const __m256i q = gb_load256(a + b * bytes + gb_act32_codes(f));
        part[i] = gb_add_bytes32(none, f->natural(w + b / f->per * f->bytes, b % f->per), q, most);
        if (f->code_offset) part[i] = _mm256_sub_epi32(part[i], gb_add_bytes32(none, offset, q, most));
    }
    const __m256 sum = _mm256_cvtepi32_ps(gb_fold_eight(part));
    const __m256 dw = f->scale8 ? f->scale8(w, count) : gb_dot_halves8(w, f->bytes, f->per, count);
    const __m256 term = _mm256_mul_ps(_mm256_mul_ps(dw, gb_dot_halves8(a, bytes, 1, count)), sum);
    if (!f->affine) return term;
    const __m256 m = gb_dot_halves8(w + sizeof(uint16_t), f->bytes, 1, count);
    const __m256 s = gb_dot_halves8(a + offsetof(gb_block_q8_1, s), bytes, 1, count);
    return _mm256_add_ps(term, _mm256_mul_ps(m, s));
}

/* acc + the first `count` of eight terms, in order. */
GB_INLINE float gb_dot_chain(__m256 eight, size_t count, float acc) {
    float terms[GB_DOT_BLOCKS];
    _mm256_storeu_ps(terms, eight);
    GB_UNROLL
    for (size_t i = 0; i < count; i++) acc = acc + terms[i];
    return acc;
}

GB_INLINE float gb_dot_block32(const gb_block32 *f, const void *w, const void *a, size_t n) {
    float y = 0.0F;
    if (!f->natural) {
        gb_gemv_block32(f, w, 0, 1, a, n, &y);
        return y;
    }
    const uint8_t *bw = w;
    const uint8_t *ba = a;
    size_t b = n / 32;
    __m256 before = _mm256_setzero_ps(); /* a chain of additions that begins with +0 does not see eight more */
    for (; b >= GB_DOT_BLOCKS; b -= GB_DOT_BLOCKS) {
        const __m256 terms = gb_dot_terms8(f, bw, ba, GB_DOT_BLOCKS);
        y = gb_dot_chain(before, GB_DOT_BLOCKS, y);
        before = terms;
        bw += gb_term_at(f, GB_DOT_BLOCKS);
        ba += gb_act32_at(f, GB_DOT_BLOCKS);
    }
    y = gb_dot_chain(before, GB_DOT_BLOCKS, y);
    return b > 0 ? gb_dot_chain(gb_dot_terms8(f, bw, ba, b), b, y) : y;
}

/* dot and gemv of a format from its gb_block32. */
#define GB_BLOCK32_DOTS(name, isa, block)                                                                              \
    void gb_##name##_gemv_##isa(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {      \
        gb_gemv_block32(&(block), w, w_stride, rows, a, n, y);                                                         \
    }                                                                                                                  \
    float gb_##name##_dot_##isa(const void *w, const void *a, size_t n) {                                              \
        return gb_dot_block32(&(block), w, a, n);                                                                      \
    }

/* The same and gemm of a format from its `format` and gemm(). */
#define GB_BLOCK32_KERNELS(name, isa)                                                                                  \
    GB_BLOCK32_DOTS(name, isa, format)                                                                                 \
    void gb_##name##_gemm_##isa(const gb_gemm_args *g) {                                                               \
        gemm(g);                                                                                                       \
    }

/* dequantize of a format from its dequantize(). */
#define GB_BLOCK32_DEQUANTIZE(name, isa)                                                                               \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        dequantize(blocks, x, n);                                                                                      \
    }

#endif
