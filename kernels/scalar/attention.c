/* Attention over a KV cache of f16, f32 or q8_0 rows, plain C. */
#include "kernels/engine.h"
#include "kernels/scalar/rows.h"

/* A score is the sixteen-lane dot of a cache row with q, times scale. */
GB_INLINE void score(gb_load_fn *load, const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,
                     float scale, float *scores) {
    gb_row_gemv(k, k_stride, count, q, head_dim, scores, load, gb_load_f32);
    for (size_t t = 0; t < count; t++) scores[t] = scores[t] * scale;
}

/* Four cache rows a pass over the output, each element still one chain in ascending t. */
GB_INLINE void accumulate(gb_load_fn *load, const float *p, const void *v, size_t v_stride, size_t count,
                          size_t head_dim, float *out) {
    const char *row = v;
    size_t t = 0;
    for (size_t i = 0; i < head_dim; i++) out[i] = 0.0F;
    for (; t + 4 <= count; t += 4, row += 4 * v_stride) {
        const char *row1 = row + v_stride;
        const char *row2 = row1 + v_stride;
        const char *row3 = row2 + v_stride;
        for (size_t i = 0; i < head_dim; i++) {
            float acc = out[i] + p[t] * load(row, i);
            acc = acc + p[t + 1] * load(row1, i);
            acc = acc + p[t + 2] * load(row2, i);
            out[i] = acc + p[t + 3] * load(row3, i);
        }
    }
    for (; t < count; t++, row += v_stride)
        for (size_t i = 0; i < head_dim; i++) out[i] = out[i] + p[t] * load(row, i);
}

#define ATTENTION(format, load)                                                                                        \
    void gb_##format##_attn_score_scalar(const float *q, const void *k, size_t k_stride, size_t count,                 \
                                         size_t head_dim, float scale, float *scores) {                                \
        score(load, q, k, k_stride, count, head_dim, scale, scores);                                                   \
    }                                                                                                                  \
    void gb_##format##_attn_acc_scalar(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim,  \
                                       float *out) {                                                                   \
        accumulate(load, p, v, v_stride, count, head_dim, out);                                                        \
    }

ATTENTION(f16, gb_load_f16)
ATTENTION(f32, gb_load_f32)

static void byte_scores(const gb_block_q8_0 *query, const void *k, size_t k_stride, size_t count, size_t blocks,
                        float scale, float *scores) {
    gb_q8_0_gemv_scalar(k, k_stride, count, query, 32 * blocks, scores);
    for (size_t t = 0; t < count; t++) scores[t] = scores[t] * scale;
}

GB_Q8_0_SCORE_KERNEL(scalar, scalar, byte_scores)

static void accumulate_block(size_t blocks, const float *p, const void *v, size_t v_stride, size_t count, float *out) {
    (void)blocks;
    for (size_t i = 0; i < 32; i++) out[i] = 0.0F;
    for (size_t t = 0; t < count; t++) {
        const gb_block_q8_0 *b = (const gb_block_q8_0 *)((const char *)v + t * v_stride);
        const float weight = p[t] * gb_f32_from_f16(b->d);
        for (size_t i = 0; i < 32; i++) out[i] = out[i] + weight * (float)b->qs[i];
    }
}

GB_Q8_0_ACC_KERNEL(scalar, accumulate_block, 1)
