/* Operations: what a kernel of each kind receives and promises.
 *
 * For every (format, operation) exactly one result is defined, bit for bit, by the plain C in reference/. Every variant
 * returns those bits (docs/numerics.md, rules R1-R6). Common domain: n is a positive multiple of the format's
 * block_elems (for f32/f16/bf16: any n >= 1); rows may start at any address; float arrays are 4-byte aligned; inputs
 * and outputs do not overlap unless the op says so; kernels never read or write outside the stated extents, allocate
 * nothing, touch no global state and may be called from any thread. (Maps that follow from the constant tables may be
 * computed at the first call of an encoder, once and guarded.) NaN results compare equal to any NaN. */
#ifndef GB_KERNEL_H
#define GB_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/formats.h"

/* --- block operations ------------------------------------------------------------------------------------------- */

/* Weights: one row of n floats -> blocks. importance: n floats >= 0 (one per column) or NULL: the format's encoding
 * without (in formats of GB_NEED_IMPORTANCE: the same as n ones). */
typedef void gb_quantize_fn(const float *x, void *blocks, size_t n, const float *importance);
/* Activations: one row of n floats -> blocks of a partner format. */
typedef void gb_quantize_act_fn(const float *x, void *blocks, size_t n);
/* Blocks -> n floats. */
typedef void gb_dequantize_fn(const void *blocks, float *x, size_t n);
/* One weight row times one activation row (partner format), n elements. */
typedef float gb_dot_fn(const void *w, const void *a, size_t n);
/* y[r] = dot(row r, a), row r at w + r * w_stride bytes. */
typedef void gb_gemv_fn(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y);
/* y[c * y_stride + r] = dot(row r, column c), column c at a + c * a_stride bytes, y_stride in floats, y_stride >= rows.
 * scratch: gb_gemm_scratch(n, cols) bytes, 64-byte aligned, content undefined before and after. */
typedef struct gb_gemm_args {
    const void *w;
    size_t w_stride, rows;
    const void *a;
    size_t a_stride, cols;
    size_t n;
    float *y;
    size_t y_stride;
    void *scratch;
} gb_gemm_args;
typedef void gb_gemm_fn(const gb_gemm_args *g);

/* Enough for 4 floats or ints per 32 elements and column (columns in whole fours), activations widened to two bytes,
 * and a 64 KiB panel. */
static inline size_t gb_gemm_scratch(size_t n, size_t cols) {
    return (cols + 3) / 4 * 4 * ((n + 255) / 256 * (256 * 2 + 32 * 4)) + 65536;
}

/* --- float operations of the engine (all rows f32 unless named) -------------------------------------------------- */

/* y[i] = (x[i] * s) * w[i], s = 1 / sqrt(sum(x^2) / n + eps); y may be x. */
typedef void gb_rmsnorm_fn(const float *x, const float *w, float *y, size_t n, float eps);
/* Rotates `heads` heads of head_dim floats in place: pairs (2i, 2i+1), i < n_rot / 2, by cs[2i] = cos, cs[2i+1] = sin.
 */
typedef void gb_rope_fn(float *x, size_t heads, size_t head_dim, size_t n_rot, const float *cs);
/* In place softmax of n >= 1 scores. */
typedef void gb_softmax_fn(float *x, size_t n);
/* y[i] = silu(gate[i]) * up[i]; y may be gate. */
typedef void gb_silu_mul_fn(const float *gate, const float *up, float *y, size_t n);
/* y[i] = x[i] + y[i]. */
typedef void gb_add_fn(const float *x, float *y, size_t n);
/* The index of the greatest of n >= 1, the first of equals (-0 equals +0); NaN is passed over, and 0 where nothing else
 * is. */
typedef size_t gb_argmax_fn(const float *x, size_t n);
/* scores[t] = dot(q, K[t]) * scale, t < count; K[t] at k + t * k_stride bytes in the row's format (KV cache type).
 * f32, f16: the sixteen-lane dot of q and the keys widened. q8_0: the q8_0 dot of K[t] and q as an activation row;
 * head_dim is at most GB_Q8_0_HEAD. */
typedef void gb_attn_score_fn(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,
                              float scale, float *scores);
/* out[i] = sum over t (ascending, from +0) of p[t] * V[t][i]; V[t] at v + t * v_stride bytes in the row's format. q8_0:
 * (p[t] * d) * code. */
typedef void gb_attn_acc_fn(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim, float *out);

/* Elements of the longest head in q8_0: kernels keep its query on the stack. */
enum { GB_Q8_0_HEAD = 4096 };

/* --- the table ---------------------------------------------------------------------------------------------------- */

#define GB_OPS(X)                                                                                                      \
    X(quantize)                                                                                                        \
    X(quantize_act)                                                                                                    \
    X(dequantize)                                                                                                      \
    X(dot)                                                                                                             \
    X(gemv)                                                                                                            \
    X(gemm)                                                                                                            \
    X(rmsnorm)                                                                                                         \
    X(rope)                                                                                                            \
    X(softmax)                                                                                                         \
    X(silu_mul)                                                                                                        \
    X(add)                                                                                                             \
    X(argmax)                                                                                                          \
    X(attn_score)                                                                                                      \
    X(attn_acc)

typedef enum gb_op {
#define GB_OP_ENUM(op) GB_OP_##op,
    GB_OPS(GB_OP_ENUM)
#undef GB_OP_ENUM
        GB_OP_COUNT
} gb_op;

typedef enum gb_isa {
#define GB_ISA(name, arch, needs, flags) GB_ISA_##name,
#include "kernels/isa.def"
#undef GB_ISA
    GB_ISA_COUNT
} gb_isa;

typedef union gb_fn {
#define GB_OP_MEMBER(op) gb_##op##_fn *op;
    GB_OPS(GB_OP_MEMBER)
#undef GB_OP_MEMBER
    void (*any)(void);
} gb_fn;

typedef struct gb_kernel {
    const char *name; /* "gb_q4_K_dot_avx2": the symbol */
    gb_format format;
    gb_op op;
    gb_isa isa;
    gb_fn fn; /* fn.any == NULL: not built into this program (other architecture, or the compiler lacks the flags) */
} gb_kernel;

/* Prototypes of every kernel of the table, so that the compiler checks each definition against its operation. */
#define GB_KERNEL(format, op, isa, file) gb_##op##_fn gb_##format##_##op##_##isa;
#include "kernels/kernels.def"
#undef GB_KERNEL

#endif
