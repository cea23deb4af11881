/* Attention over a KV cache of f32, f16 or q8_0 rows. The query and the probabilities are f32. */
#include "reference/lanes.h"
#include "reference/number.h"
#include "reference/reference.h"

/* Element i of a row, widened. */
typedef float element_fn(const void *row, size_t i);

static float f16_element(const void *row, size_t i) {
    return gb_f32_from_f16(gb_load_u16(row, i));
}

/* A score is the sixteen-lane dot of q and the key, times scale. */
static void score(element_fn *element, const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,
                  float scale, float *scores) {
    for (size_t t = 0; t < count; t++) {
        const void *row = (const char *)k + t * k_stride;
        float lane[GB_LANES] = {0};
        for (size_t i = 0; i < head_dim; i++) lane[i % GB_LANES] = lane[i % GB_LANES] + q[i] * element(row, i);
        scores[t] = gb_fold_lanes(lane) * scale;
    }
}

static void weighted_sum(element_fn *element, const float *p, const void *v, size_t v_stride, size_t count,
                         size_t head_dim, float *out) {
    for (size_t i = 0; i < head_dim; i++) {
        float acc = 0.0F;
        for (size_t t = 0; t < count; t++) acc = acc + p[t] * element((const char *)v + t * v_stride, i);
        out[i] = acc;
    }
}

#define ATTENTION(name, element)                                                                                       \
    void gb_ref_##name##_attn_score(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,     \
                                    float scale, float *scores) {                                                      \
        score(element, q, k, k_stride, count, head_dim, scale, scores);                                                \
    }                                                                                                                  \
    void gb_ref_##name##_attn_acc(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim,       \
                                  float *out) {                                                                        \
        weighted_sum(element, p, v, v_stride, count, head_dim, out);                                                   \
    }

ATTENTION(f32, gb_load_f32)
ATTENTION(f16, f16_element)

/* Keys of bytes meet a query of bytes, as weights meet activations: integers inside a block, one float term for each.
 */
void gb_ref_q8_0_attn_score(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim, float scale,
                            float *scores) {
    gb_block_q8_0 query[GB_Q8_0_HEAD / 32];
    gb_ref_q8_0_quantize_act(q, query, head_dim);
    for (size_t t = 0; t < count; t++)
        scores[t] = gb_ref_q8_0_dot((const char *)k + t * k_stride, query, head_dim) * scale;
}

/* The probability and the scale are multiplied once for a block; the product is rounded, then that with the code. */
void gb_ref_q8_0_attn_acc(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim, float *out) {
    for (size_t i = 0; i < head_dim; i++) {
        float acc = 0.0F;
        for (size_t t = 0; t < count; t++) {
            const gb_block_q8_0 *b = (const gb_block_q8_0 *)((const char *)v + t * v_stride) + i / 32;
            acc = acc + (p[t] * gb_f32_from_f16(b->d)) * (float)b->qs[i % 32];
        }
        out[i] = acc;
    }
}
