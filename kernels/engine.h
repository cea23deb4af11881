/* Float operations of the engine: what tiers with different vectors share. */
#ifndef GB_ENGINE_H
#define GB_ENGINE_H

#include <math.h>
#include <stddef.h>

#include "kernels/kernel.h"

/* The pairs from x[i] on that fill no vector. */
static inline void gb_rotate_rest(float *x, size_t i, size_t n_rot, const float *cs) {
    for (; i + 1 < n_rot; i += 2) {
        const float re = x[i];
        const float im = x[i + 1];
        x[i] = re * cs[i] - im * cs[i + 1];
        x[i + 1] = re * cs[i + 1] + im * cs[i];
    }
}

/* argmax from what a tier does with vectors: the maximum of a row, which skips NaN (-inf if nothing is left), and the
 * search for a value, whose index is n where it is not found. The row is read once, in pieces; the search goes only
 * over the piece that has the maximum. */
typedef float gb_row_max_fn(const float *x, size_t n);
typedef size_t gb_find_fn(const float *x, size_t n, float value);

enum { GB_ARGMAX_PIECE = 1024 }; /* floats: few enough to search cheaply */

static inline __attribute__((always_inline)) size_t gb_argmax_pieces(gb_row_max_fn *row_max, gb_find_fn *find,
                                                                     const float *x, size_t n) {
    float greatest = -INFINITY;
    size_t at = 0;
    for (size_t i = 0; i < n; i += GB_ARGMAX_PIECE) {
        const float max = row_max(x + i, n - i < GB_ARGMAX_PIECE ? n - i : GB_ARGMAX_PIECE);
        if (max > greatest) {
            greatest = max;
            at = i;
        }
    }
    /* nothing above -inf: the first -inf, which may be anywhere, or only NaN */
    const size_t found = at + find(x + at, n - at, greatest);
    return found < n ? found : 0;
}

#define GB_ARGMAX_KERNEL(isa, row_max, find)                                                                           \
    size_t gb_f32_argmax_##isa(const float *x, size_t n) {                                                             \
        return gb_argmax_pieces(row_max, find, x, n);                                                                  \
    }

/* All of them but attention, from functions of these names in the vectors of a tier. */
#define GB_ENGINE_KERNELS(isa)                                                                                         \
    void gb_f32_rmsnorm_##isa(const float *x, const float *w, float *y, size_t n, float eps) {                         \
        rmsnorm(x, w, y, n, eps);                                                                                      \
    }                                                                                                                  \
    void gb_f32_rope_##isa(float *x, size_t heads, size_t head_dim, size_t n_rot, const float *cs) {                   \
        rope(x, heads, head_dim, n_rot, cs);                                                                           \
    }                                                                                                                  \
    void gb_f32_softmax_##isa(float *x, size_t n) {                                                                    \
        softmax(x, n);                                                                                                 \
    }                                                                                                                  \
    void gb_f32_silu_mul_##isa(const float *gate, const float *up, float *y, size_t n) {                               \
        silu_mul(gate, up, y, n);                                                                                      \
    }                                                                                                                  \
    void gb_f32_add_##isa(const float *x, float *y, size_t n) {                                                        \
        add(x, y, n);                                                                                                  \
    }                                                                                                                  \
    GB_ARGMAX_KERNEL(isa, row_max, find)

/* Attention over q8_0. The query becomes an activation row, by the encoder of the tier or of one below;
 * from_bytes(query, k, k_stride, count, blocks, scale, scores) goes on from there. */
#define GB_Q8_0_SCORE_KERNEL(isa, encoder, from_bytes)                                                                 \
    void gb_q8_0_attn_score_##isa(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,       \
                                  float scale, float *scores) {                                                        \
        gb_block_q8_0 query[GB_Q8_0_HEAD / 32];                                                                        \
        gb_q8_0_quantize_act_##encoder(q, query, head_dim);                                                            \
        from_bytes(query, k, k_stride, count, head_dim / 32, scale, scores);                                           \
    }

/* accumulate(blocks, p, v, v_stride, count, out): a block of every row, or as many as a tier has registers for, `most`:
 * 1 or 2. */
#define GB_Q8_0_ACC_KERNEL(isa, accumulate, most)                                                                      \
    void gb_q8_0_attn_acc_##isa(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim,         \
                                float *out) {                                                                          \
        const gb_block_q8_0 *b = v;                                                                                    \
        size_t left = head_dim / 32;                                                                                   \
        for (; left >= (most); left -= (most), b += (most), out += 32 * (most))                                        \
            accumulate(most, p, b, v_stride, count, out);                                                              \
        if (left) accumulate(1, p, b, v_stride, count, out);                                                           \
    }

#endif
