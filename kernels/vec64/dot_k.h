/* dot of a format of super.h: one row, so that bringing the activations into another order, as gemv does, would cost
 * more than all the rest. Codes are taken in natural order, to meet the activations as they lie.
 *
 * The sums of four products are packed to sixteen bits and meet their scales there, two vectors at once: codes of six
 * bits give at most 63 * 128 * 4 = 32256. Where codes have seven bits, or eight, sums of two products meet the scales
 * instead: at most 127 * 128 * 2 = 32512.
 *
 * The sums of four super-blocks are folded all at once, and only after those of the next four are under way: the
 * processor does not look far enough ahead to find work beside a fold that waits for its own sums. */
#ifndef GB_VEC64_DOT_K_H
#define GB_VEC64_DOT_K_H

#include "kernels/vec64/super.h"

enum { GB_DOT_FOLD = 4 /* super-blocks */ };

/* Partial sums: of scaled products, and of mins times sums of activations. */
typedef struct gb_dot_sums {
    __m512i sum[GB_DOT_FOLD];
    __m256i min_sum[GB_DOT_FOLD];
    __m128i d; /* f16, dmin above it */
    __m128 da;
} gb_dot_sums;

GB_INLINE int gb_dot_pairs(const gb_super *f) {
    return f->sum || f->wide;
}

/* Sixteen-bit scales of sums in vectors v and v + 1, packed: in quarter h those of the h-th sixteen elements of v, then
 * of v + 1. Of pairs: those of vector v. */
GB_INLINE __m512i gb_dot_scales(const gb_super *f, __m256i natural, size_t v) {
    const short per = (short)(f->sub / 16);
    const short next = gb_dot_pairs(f) ? 0 : 4;
    const short at[4] = {(short)(4 * v), (short)(4 * v + 1), (short)(4 * v + 2), (short)(4 * v + 3)};
    short which[32];
    GB_UNROLL
    for (size_t i = 0; i < 16; i++) {
        which[8 * (i / 4) + i % 4] = (short)(at[i / 4] / per);
        which[8 * (i / 4) + 4 + i % 4] = (short)((at[i / 4] + next) / per);
    }
    return _mm512_permutexvar_epi16(gb_load512(which), _mm512_castsi256_si512(natural));
}

/* Codes of eight bits are levels raised by 128: as levels, -127 to 113, they take the signs of the activations. */
GB_INLINE __m512i gb_dot_pair(const gb_super *f, __m512i code, __m512i q) {
    if (!f->wide) return _mm512_maddubs_epi16(code, q);
    const __m512i level = _mm512_xor_si512(code, _mm512_set1_epi8((char)0x80));
    const __m512i with_sign = _mm512_mask_sub_epi8(level, _mm512_movepi8_mask(q), _mm512_setzero_si512(), level);
    return _mm512_maddubs_epi16(_mm512_abs_epi8(q), with_sign);
}

/* Scales or mins of all sixteens, of whose activations the sums are known. */
GB_INLINE __m256i gb_dot_by_sum(const gb_super *f, __m256i natural, const gb_block_q8_K *a) {
    const __m256i twice = _mm256_setr_epi16(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    if (f->ones) natural = _mm256_set1_epi16(1);
    if (f->sub == 32 && !f->ones) natural = _mm256_permutexvar_epi16(twice, natural);
    return _mm256_madd_epi16(natural, gb_load256(a->bsums));
}

GB_INLINE void gb_dot_block(const gb_super *f, const uint8_t *w, const gb_block_q8_K *a, gb_dot_sums *out, size_t i) {
    const gb_super_scales s = f->scales(w);
    const __m256i sc = _mm256_cvtepi8_epi16(s.sc);
    const __m512i none = _mm512_setzero_si512();
    __m512i sum = none;
    __m512i more = none;
    __m512i code[4];
    if (f->natural)
        f->natural(w, code);
    else
        f->codes(w, code);
    if (f->mins) {
        out->min_sum[i] = gb_dot_by_sum(f, _mm256_cvtepi8_epi16(s.mn), a);
    } else if (!f->wide) {
        const __m256i raised = _mm256_slli_epi32(gb_dot_by_sum(f, sc, a), (int)f->offset_log2);
        sum = _mm512_zextsi256_si512(_mm256_sub_epi32(_mm256_setzero_si256(), raised));
    }
    GB_UNROLL
    for (size_t v = 0; v < 4; v += 2) {
        const __m512i q0 = gb_load512(a->qs + 64 * v);
        const __m512i q1 = gb_load512(a->qs + 64 * v + 64);
        if (f->ones) {
            sum = gb_add_bytes(sum, code[v], q0, 127);
            more = gb_add_bytes(more, code[v + 1], q1, 127);
        } else if (gb_dot_pairs(f)) {
            sum = gb_add_pairs(sum, gb_dot_pair(f, code[v], q0), gb_dot_scales(f, sc, v));
            more = gb_add_pairs(more, gb_dot_pair(f, code[v + 1], q1), gb_dot_scales(f, sc, v + 1));
        } else {
            const __m512i products =
                _mm512_packs_epi32(gb_add_bytes(none, code[v], q0, 127), gb_add_bytes(none, code[v + 1], q1, 127));
            sum = gb_add_pairs(sum, products, gb_dot_scales(f, sc, v));
        }
    }
    out->sum[i] = f->ones || gb_dot_pairs(f) ? _mm512_add_epi32(sum, more) : sum;
}

/* Lane i = the sum of v[i]. */
GB_INLINE __m128i gb_fold_four(const __m512i v[4]) {
    const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
    const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
    const __m512i c = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(c), _mm512_extracti64x4_epi64(c, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

GB_INLINE __m128i gb_fold_four256(const __m256i v[4]) {
    const __m256i a = _mm256_add_epi32(_mm256_unpacklo_epi32(v[0], v[1]), _mm256_unpackhi_epi32(v[0], v[1]));
    const __m256i b = _mm256_add_epi32(_mm256_unpacklo_epi32(v[2], v[3]), _mm256_unpackhi_epi32(v[2], v[3]));
    const __m256i c = _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    return _mm_add_epi32(_mm256_castsi256_si128(c), _mm256_extracti128_si256(c, 1));
}

/* Four dwords at p, p + stride, ..., from the count-th on the last one again. By masked broadcasts: a load of what was
 * just stored piece by piece would wait for the stores. */
GB_INLINE __m128i gb_dot_gather(const void *p, size_t stride, size_t count) {
    const uint8_t *at = p;
    __m128i v = _mm_set1_epi32((int)gb_load_u32(at));
    v = _mm_mask_broadcastd_epi32(v, 2, _mm_loadu_si32(at + gb_min(1, count - 1) * stride));
    v = _mm_mask_broadcastd_epi32(v, 4, _mm_loadu_si32(at + gb_min(2, count - 1) * stride));
    return _mm_mask_broadcastd_epi32(v, 8, _mm_loadu_si32(at + gb_min(3, count - 1) * stride));
}

/* The f16 scales of four super-blocks, dmin above d: read with what stands beside them, or put together. */
GB_INLINE __m128i gb_dot_scale_pairs(const gb_super *f, const uint8_t *w, size_t count) {
    if (!f->d && f->mins) return gb_dot_gather(w + f->d_at, f->bytes, count);
    if (!f->d && f->d_at == 0) return gb_dot_gather(w, f->bytes, count);
    if (!f->d) return _mm_srli_epi32(gb_dot_gather(w + f->d_at - 2, f->bytes, count), 16);
    int d[GB_DOT_FOLD];
    GB_UNROLL
    for (size_t i = 0; i < GB_DOT_FOLD; i++) d[i] = f->d(w + gb_min(i, count - 1) * f->bytes);
    return _mm_setr_epi32(d[0], d[1], d[2], d[3]);
}

/* The low halves of four lanes as f16 -> f32. */
GB_INLINE __m128 gb_dot_halves(__m128i v) {
    return _mm_cvtph_ps(_mm_cvtepi32_epi16(v));
}

/* The sums of `count` super-blocks and what becomes of them: their scales. */
GB_INLINE void gb_dot_blocks(const gb_super *f, const uint8_t *w, const gb_block_q8_K *a, size_t count, size_t ahead,
                             gb_dot_sums *s) {
    if (count < GB_DOT_FOLD) memset(s, 0, sizeof *s);
    GB_UNROLL
    for (size_t i = 0; i < count; i++) gb_dot_block(f, w + i * f->bytes, &a[i], s, i);
    for (size_t line = 0; ahead > 0 && line < count * f->bytes; line += 64) gb_prefetch(w, ahead + line);
    s->da = _mm_castsi128_ps(gb_dot_gather(&a->d, sizeof *a, count));
    s->d = gb_dot_scale_pairs(f, w, count);
}

/* acc + the terms of `count` super-blocks, in order: (d * da) * isum, or (d * da) * isum - (dmin * da) * msum. */
GB_INLINE float gb_dot_fold(const gb_super *f, const gb_dot_sums *s, size_t count, float acc) {
    float terms[GB_DOT_FOLD];
    __m128 term = _mm_mul_ps(_mm_mul_ps(gb_dot_halves(s->d), s->da), _mm_cvtepi32_ps(gb_fold_four(s->sum)));
    if (f->mins) {
        const __m128 dmin = _mm_mul_ps(gb_dot_halves(_mm_srli_epi32(s->d, 16)), s->da);
        term = _mm_sub_ps(term, _mm_mul_ps(dmin, _mm_cvtepi32_ps(gb_fold_four256(s->min_sum))));
    }
    _mm_storeu_ps(terms, term);
    GB_UNROLL
    for (size_t i = 0; i < count; i++) acc = acc + terms[i];
    return acc;
}

/* ahead: bytes to prefetch, 0: none. */
GB_INLINE float gb_super_dot(const gb_super *f, const void *w, const void *a, size_t n, size_t ahead) {
    const uint8_t *block = w;
    const gb_block_q8_K *ba = a;
    size_t k = n / GB_BLOCK;
    float acc = 0.0F;
    gb_dot_sums before;
    if (k >= GB_DOT_FOLD) {
        gb_dot_blocks(f, block, ba, GB_DOT_FOLD, ahead, &before);
        block += GB_DOT_FOLD * f->bytes;
        ba += GB_DOT_FOLD;
        for (k -= GB_DOT_FOLD; k >= GB_DOT_FOLD; k -= GB_DOT_FOLD) {
            gb_dot_sums s;
            gb_dot_blocks(f, block, ba, GB_DOT_FOLD, ahead, &s);
            acc = gb_dot_fold(f, &before, GB_DOT_FOLD, acc);
            before = s;
            block += GB_DOT_FOLD * f->bytes;
            ba += GB_DOT_FOLD;
        }
        acc = gb_dot_fold(f, &before, GB_DOT_FOLD, acc);
    }
    for (; k > 0; k--, block += f->bytes, ba++) {
        gb_dot_blocks(f, block, ba, 1, ahead, &before);
        acc = gb_dot_fold(f, &before, 1, acc);
    }
    return f->unit > 0.0F ? acc * f->unit : acc;
}

GB_INLINE void gb_super_gemv_or_dots(const gb_super *f, const void *w, size_t w_stride, size_t rows, const void *a,
                                     size_t n, float *y) {
    if (!f->by_rows) {
        gb_super_gemv(f, w, w_stride, rows, a, n, y);
        return;
    }
    for (size_t r = 0; r < rows; r++)
        y[r] = gb_super_dot(f, (const uint8_t *)w + r * w_stride, a, n, f->unaided ? 0 : GB_K_PREFETCH);
}

/* gemv and dot likewise, gemm from its `tile`. */
#define GB_SUPER_KERNELS(name, isa)                                                                                    \
    void gb_##name##_gemv_##isa(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {      \
        gb_super_gemv_or_dots(&format, w, w_stride, rows, a, n, y);                                                    \
    }                                                                                                                  \
    float gb_##name##_dot_##isa(const void *w, const void *a, size_t n) {                                              \
        return gb_super_dot(&format, w, a, n, 0);                                                                      \
    }                                                                                                                  \
    void gb_##name##_gemm_##isa(const gb_gemm_args *g) {                                                               \
        gb_gemm_tiles(&tile, g);                                                                                       \
    }

#endif
