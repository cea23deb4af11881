/* A small random model of the Llama family as its makers publish it (Hugging Face names, rope in halves), with a
 * straightforward pass in double: what any file made from it must compute. */
#ifndef GB_TESTS_FLOAT_MODEL_H
#define GB_TESTS_FLOAT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct float_tensor {
    char name[96];     /* "model.layers.0.self_attn.q_proj.weight" */
    size_t rows, cols; /* rows 0: a vector */
    float *data;       /* multiples of 1/128 up to 1: exact in F16 and BF16 too */
} float_tensor;

enum { FLOAT_MODEL_TENSORS = 64 };

typedef struct float_model {
    size_t vocab, dim, layers, heads, kv_heads, head_dim, ffn, context;
    bool tied, qkv_bias, o_bias, mlp_bias;
    float rope_base, eps;
    const float *rope_factors; /* head_dim / 2 divisors of the frequencies, or NULL */
    float_tensor tensors[FLOAT_MODEL_TENSORS];
    size_t count;
} float_model;

/* Two layers, four heads of eight, two KV heads, tied, no biases; a test changes what it is about, then fills. */
float_model float_model_shape(void);
void float_model_fill(float_model *m, uint64_t seed);
void float_model_free(float_model *m);
float_tensor *float_model_find(float_model *m, const char *name);

/* Logits after the last of `count` tokens: vocab doubles. */
void float_model_logits(float_model *m, const int32_t *ids, size_t count, double *logits);

/* Writes a GGUF file of F32 tensors. interleave: the rows of q and k in the order of llama files. */
void float_model_write_gguf(float_model *m, const char *path, const char *architecture, bool interleave);

/* "attn_q.weight" for "self_attn.q_proj.weight"; NULL if the name is none of a layer. */
const char *float_model_gguf_part(const char *hf_part);

#endif
