/* Attention over a key-value cache of f32 or f16 rows. The query and the weights p are f32, so no product is exact:
 * multiply and add stay separate for both formats. */
#include "kernels/neon/lanes.h"

GB_NEON_INLINE void score(gb_neon_elements kind, const float *q, const char *k, size_t k_stride, size_t count,
                          size_t head_dim, float scale, float *scores) {
    const char *query = (const char *)q;
    size_t t = 0;
    for (; t + GB_TILE_ROWS <= count; t += GB_TILE_ROWS) {
        const float32x4_t dots =
            gb_neon_lanes_dot(kind, k + t * k_stride, k_stride, GB_TILE_ROWS, GB_NEON_F32, query, head_dim, 0);
        vst1q_f32(scores + t, vmulq_n_f32(dots, scale));
    }
    for (; t < count; t++) {
        const float32x4_t dot = gb_neon_lanes_dot(kind, k + t * k_stride, k_stride, 1, GB_NEON_F32, query, head_dim, 0);
        scores[t] = vgetq_lane_f32(dot, 0) * scale;
    }
}

void gb_f32_attn_score_neon(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim, float scale,
                            float *scores) {
    score(GB_NEON_F32, q, k, k_stride, count, head_dim, scale, scores);
}

void gb_f16_attn_score_neon(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim, float scale,
                            float *scores) {
    score(GB_NEON_F16, q, k, k_stride, count, head_dim, scale, scores);
}

/* 16 * width elements of the result, kept in registers while all rows pass by. */
GB_NEON_INLINE void accumulate(gb_neon_elements kind, const float *p, const char *v, size_t v_stride, size_t count,
                               size_t width, float *out) {
    float32x4x4_t acc[4];
    for (size_t b = 0; b < width; b++) acc[b] = gb_neon_zero_lanes();
    for (size_t t = 0; t < count; t++) {
        const float32x4_t weight = vdupq_n_f32(p[t]);
        const float32x4x4_t weights = {{weight, weight, weight, weight}};
        for (size_t b = 0; b < width; b++) {
            const float32x4x4_t x = kind.load(v + t * v_stride + b * GB_LANES * kind.bytes);
            acc[b] = gb_neon_add_products(acc[b], weights, x, 0);
        }
    }
    for (size_t b = 0; b < width; b++)
        for (size_t j = 0; j < 4; j++) vst1q_f32(out + b * GB_LANES + 4 * j, acc[b].val[j]);
}

GB_NEON_INLINE void attn_acc(gb_neon_elements kind, const float *p, const char *v, size_t v_stride, size_t count,
                             size_t head_dim, float *out) {
    size_t i = 0;
    for (; i + 4 * GB_LANES <= head_dim; i += 4 * GB_LANES)
        accumulate(kind, p, v + i * kind.bytes, v_stride, count, 4, out + i);
    for (; i + GB_LANES <= head_dim; i += GB_LANES)
        accumulate(kind, p, v + i * kind.bytes, v_stride, count, 1, out + i);
    if (i == head_dim) return;
    float32x4x4_t acc = gb_neon_zero_lanes();
    for (size_t t = 0; t < count; t++) {
        const float32x4_t weight = vdupq_n_f32(p[t]);
        const float32x4x4_t x = gb_neon_load_tail(kind, v + t * v_stride + i * kind.bytes, head_dim - i);
        acc = gb_neon_add_products(acc, (float32x4x4_t){{weight, weight, weight, weight}}, x, 0);
    }
    float last[GB_LANES];
    for (size_t j = 0; j < 4; j++) vst1q_f32(last + 4 * j, acc.val[j]);
    memcpy(out + i, last, (head_dim - i) * sizeof *out);
}

void gb_f32_attn_acc_neon(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim, float *out) {
    attn_acc(GB_NEON_F32, p, v, v_stride, count, head_dim, out);
}

void gb_f16_attn_acc_neon(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim, float *out) {
    attn_acc(GB_NEON_F16, p, v, v_stride, count, head_dim, out);
}
