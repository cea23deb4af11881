/* Attention over a key-value cache of f32 or f16 rows. The query and the weights p are f32, so no product is exact:
 * multiply and add stay separate for both formats. */
#include "kernels/vec16/lanes.h"

GB_INLINE void score(gb_elements kind, const float *q, const char *k, size_t k_stride, size_t count, size_t head_dim,
                     float scale, float *scores) {
    const char *query = (const char *)q;
    size_t t = 0;
    for (; t + GB_TILE_ROWS <= count; t += GB_TILE_ROWS) {
        const gb_floats dots =
            gb_lanes_dot(kind, k + t * k_stride, k_stride, GB_TILE_ROWS, GB_LANES_F32, query, head_dim, 0);
        gb_v_fstore(scores + t, dots * gb_v_fset(scale));
    }
    for (; t < count; t++) {
        const gb_floats dot = gb_lanes_dot(kind, k + t * k_stride, k_stride, 1, GB_LANES_F32, query, head_dim, 0);
        scores[t] = gb_v_first(dot) * scale;
    }
}

/* 16 * width elements of the result, kept in registers while all rows pass by. */
GB_INLINE void accumulate(gb_elements kind, const float *p, const char *v, size_t v_stride, size_t count, size_t width,
                          float *out) {
    gb_floats4 acc[4];
    for (size_t b = 0; b < width; b++) acc[b] = gb_zero_lanes();
    for (size_t t = 0; t < count; t++) {
        const gb_floats weight = gb_v_fset(p[t]);
        const gb_floats4 weights = {{weight, weight, weight, weight}};
        for (size_t b = 0; b < width; b++) {
            const gb_floats4 x = kind.load(v + t * v_stride + b * GB_LANES * kind.bytes);
            acc[b] = gb_add_products(acc[b], weights, x, 0);
        }
    }
    for (size_t b = 0; b < width; b++)
        for (size_t j = 0; j < 4; j++) gb_v_fstore(out + b * GB_LANES + 4 * j, acc[b].val[j]);
}

GB_INLINE void attn_acc(gb_elements kind, const float *p, const char *v, size_t v_stride, size_t count, size_t head_dim,
                        float *out) {
    size_t i = 0;
    for (; i + 4 * GB_LANES <= head_dim; i += 4 * GB_LANES)
        accumulate(kind, p, v + i * kind.bytes, v_stride, count, 4, out + i);
    for (; i + GB_LANES <= head_dim; i += GB_LANES)
        accumulate(kind, p, v + i * kind.bytes, v_stride, count, 1, out + i);
    if (i == head_dim) return;
    gb_floats4 acc = gb_zero_lanes();
    for (size_t t = 0; t < count; t++) {
        const gb_floats weight = gb_v_fset(p[t]);
        const gb_floats4 x = gb_load_tail(kind, v + t * v_stride + i * kind.bytes, head_dim - i);
        acc = gb_add_products(acc, (gb_floats4){{weight, weight, weight, weight}}, x, 0);
    }
    float last[GB_LANES];
    for (size_t j = 0; j < 4; j++) gb_v_fstore(last + 4 * j, acc.val[j]);
    memcpy(out + i, last, (head_dim - i) * sizeof *out);
}

#define GB_ATTENTION_KERNELS(name, isa, kind)                                                                          \
    void gb_##name##_attn_score_##isa(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,   \
                                      float scale, float *scores) {                                                    \
        score(kind, q, k, k_stride, count, head_dim, scale, scores);                                                   \
    }                                                                                                                  \
    void gb_##name##_attn_acc_##isa(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim,     \
                                    float *out) {                                                                      \
        attn_acc(kind, p, v, v_stride, count, head_dim, out);                                                          \
    }
