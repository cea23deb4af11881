/* Attention over a KV cache of f16 or f32 rows, AVX2. q and p are f32, so products are not exact: no fused operations.
 */
#include "kernels/avx2/rows.h"

GB_INLINE void score(const gb_row_format *f, const float *q, const void *k, size_t k_stride, size_t count,
                     size_t head_dim, float scale, float *scores) {
    static const gb_row_format query = GB_ROW_F32;
    gb_row_gemv(f, &query, 0, k, k_stride, count, q, head_dim, scores);
    for (size_t t = 0; t < count; t++) scores[t] = scores[t] * scale;
}

/* `vectors` * 8 elements of the output, all of the cache. */
GB_INLINE void accumulate(const gb_row_format *f, size_t vectors, const float *p, const char *v, size_t v_stride,
                          size_t count, float *out) {
    __m256 acc[8];
    for (size_t i = 0; i < vectors; i++) acc[i] = _mm256_setzero_ps();
    for (size_t t = 0; t < count; t++, v += v_stride) {
        const __m256 weight = _mm256_set1_ps(p[t]);
        for (size_t i = 0; i < vectors; i++)
            acc[i] = _mm256_add_ps(acc[i], _mm256_mul_ps(weight, f->load(v + 8 * i * f->bytes)));
    }
    for (size_t i = 0; i < vectors; i++) _mm256_storeu_ps(out + 8 * i, acc[i]);
}

/* The last head_dim % 8 elements through zero-padded copies. */
GB_INLINE void accumulate_tail(const gb_row_format *f, const float *p, const char *v, size_t v_stride, size_t count,
                               size_t width, float *out) {
    __m256 acc = _mm256_setzero_ps();
    for (size_t t = 0; t < count; t++) {
        __m256 x[2];
        gb_tail16(f, v + t * v_stride, width, x);
        acc = _mm256_add_ps(acc, _mm256_mul_ps(_mm256_set1_ps(p[t]), x[0]));
    }
    _mm256_maskstore_ps(out, gb_lane_mask((ptrdiff_t)width), acc);
}

GB_INLINE void weighted_sum(const gb_row_format *f, const float *p, const void *v, size_t v_stride, size_t count,
                            size_t head_dim, float *out) {
    const char *row = v;
    size_t i = 0;
    for (; i + 64 <= head_dim; i += 64) accumulate(f, 8, p, row + i * f->bytes, v_stride, count, out + i);
    for (; i + 8 <= head_dim; i += 8) accumulate(f, 1, p, row + i * f->bytes, v_stride, count, out + i);
    if (i < head_dim) accumulate_tail(f, p, row + i * f->bytes, v_stride, count, head_dim - i, out + i);
}

#define ATTENTION(name, ROW)                                                                                           \
    void gb_##name##_attn_score_avx2(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,    \
                                     float scale, float *scores) {                                                     \
        static const gb_row_format format = ROW;                                                                       \
        score(&format, q, k, k_stride, count, head_dim, scale, scores);                                                \
    }                                                                                                                  \
    void gb_##name##_attn_acc_avx2(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim,      \
                                   float *out) {                                                                       \
        static const gb_row_format format = ROW;                                                                       \
        weighted_sum(&format, p, v, v_stride, count, head_dim, out);                                                   \
    }

ATTENTION(f16, GB_ROW_F16)
ATTENTION(f32, GB_ROW_F32)
