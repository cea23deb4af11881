/* Models of the architectures llama and qwen2: the hyperparameters and weights of a GGUF file, validated, with every
 * kernel resolved.
 *
 * The file stays mapped; matrices point into the mapping, norms and biases are copied. Every expected tensor must be
 * there with the shape that the hyperparameters imply, and a tensor that the architecture does not know is an error:
 * ignoring it (an expert, a norm of q) would give plausible wrong answers. */
#ifndef GB_MODEL_LLAMA_H
#define GB_MODEL_LLAMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "harness/pool.h"
#include "kernels/registry.h"
#include "model/column_order.h"
#include "model/gguf.h"

/* Limits far above any known model: they keep every later size computation inside 64 bits. */
enum {
    GB_MAX_LAYERS = 1024,
    GB_MAX_WIDTH = 1 << 20,
    GB_MAX_FFN = 1 << 22,
    GB_MAX_VOCAB = 1 << 24,
    GB_MAX_CONTEXT = 1 << 24,
};

/* A weight matrix: `rows` rows of `n` weights, in the file. */
typedef struct gb_matrix {
    const uint8_t *data;
    float *bias;          /* rows floats added to the product, or NULL */
    const int32_t *order; /* column j is multiplied with element order[j] of the input; NULL: with element j */
    size_t rows, n, row_bytes;
    gb_format format;
    gb_gemv_fn *gemv;
    gb_gemm_fn *gemm;
} gb_matrix;

typedef struct gb_layer {
    float *attn_norm, *ffn_norm; /* n_embd each */
    gb_matrix q, k, v, o, gate, up, down;
} gb_layer;

typedef struct gb_llama {
    gb_gguf *file;
    gb_cap cap;
    const char *architecture; /* "llama" or "qwen2": the prefix of its keys */
    bool neox;                /* rope turns pairs (i, i + n_rot / 2) of a head instead of (2i, 2i + 1) */
    bool qkv_bias;            /* q, k and v must have biases */
    size_t n_layer, n_embd, n_ff, n_vocab, n_ctx; /* n_ctx: positions the model was trained for */
    size_t n_head, n_head_kv, head_dim, n_rot;
    float eps;
    double *frequency; /* n_rot / 2 angles per position, scaling included */
    gb_matrix embedding, output;
    float *output_norm;
    gb_layer *layers;
    gb_column_orders orders; /* of all matrices that have one */
    /* kernels */
    gb_dequantize_fn *embed;
    gb_quantize_act_fn *quantize_act[GB_FORMAT_COUNT]; /* by activation format; NULL where not needed */
    gb_rmsnorm_fn *rmsnorm;
    gb_rope_fn *rope;
    gb_softmax_fn *softmax;
    gb_silu_mul_fn *silu_mul;
    gb_add_fn *add;
    gb_argmax_fn *argmax;
} gb_llama;

/* Opens, validates, scans the scales (a NaN or infinite scale is refused; `pool` shares that work and may be NULL) and
 * resolves the kernels that `cap` allows. On error *out is NULL and err names the file and what is wrong with it. */
int gb_llama_load(const char *path, const gb_cap *cap, gb_pool *pool, gb_llama **out, gb_error *err);
/* The same for who only asks for sizes and formats: weights are not looked at, so it must not be computed with. */
int gb_llama_inspect(const char *path, gb_llama **out, gb_error *err);
void gb_llama_free(gb_llama *m);

/* gb_gguf_check_scales with the work shared by the threads of a pool (NULL: none); err must not be NULL. */
int gb_llama_check_scales(const gb_gguf *file, gb_pool *pool, gb_error *err);

/* Bytes of all tensors, and 8 * bytes / weights over all tensors (norms included). */
uint64_t gb_llama_tensor_bytes(const gb_llama *m);
double gb_llama_bits_per_weight(const gb_llama *m);

#endif
