/* Attention over a KV cache of f16, f32 or q8_0 rows, AVX2. q and p are f32, so products are not exact: no fused
 * operations. */
#include "kernels/avx2/rows.h"
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/attention.h"

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

GB_Q8_0_SCORE_KERNEL(avx2, avx2, byte_scores)

/* p[t] * d of eight rows, or of the `rows` that are left. */
GB_INLINE void row_weights(const float *p, const char *v, size_t v_stride, size_t rows, float weight[8]) {
    if (rows >= 8) {
        _mm256_storeu_ps(weight, _mm256_mul_ps(_mm256_loadu_ps(p), gb_halves8(v, v_stride)));
        return;
    }
    for (size_t j = 0; j < rows; j++) weight[j] = p[j] * gb_half(((const gb_block_q8_0 *)(v + j * v_stride))->d);
}

/* `blocks` of every row: 32 elements of the output each. */
GB_INLINE void accumulate_blocks(size_t blocks, const float *p, const void *values, size_t v_stride, size_t count,
                                 float *out) {
    const char *v = values;
    __m256 acc[2][4];
    for (size_t i = 0; i < 4 * blocks; i++) acc[i / 4][i % 4] = _mm256_setzero_ps();
    for (size_t t = 0; t < count; t += 8, v += 8 * v_stride) {
        const size_t rows = count - t < 8 ? count - t : 8;
        float weight[2][8];
        for (size_t b = 0; b < blocks; b++)
            row_weights(p + t, v + b * sizeof(gb_block_q8_0), v_stride, rows, weight[b]);
        for (size_t j = 0; j < rows; j++) {
            const gb_block_q8_0 *row = (const gb_block_q8_0 *)(v + j * v_stride);
            for (size_t b = 0; b < blocks; b++) {
                const __m256 w = _mm256_set1_ps(weight[b][j]);
                for (size_t i = 0; i < 4; i++) {
                    const __m128i codes = _mm_loadl_epi64((const __m128i *)(row[b].qs + 8 * i));
                    const __m256 x = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes));
                    acc[b][i] = gb_add_product(0, w, x, acc[b][i]);
                }
            }
        }
    }
    for (size_t i = 0; i < 4 * blocks; i++) _mm256_storeu_ps(out + 8 * i, acc[i / 4][i % 4]);
}

GB_Q8_0_ACC_KERNEL(avx2, accumulate_blocks, 2)
