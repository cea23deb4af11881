/* The forward pass: a KV cache, working memory and a team of threads around a gb_llama.
 *
 * The logits of a token depend on the model, the KV cache type and the tokens before it, and on nothing else: not on
 * the number of threads, not on how the tokens were split into calls and batches, not on the instruction set (R3). */
#ifndef GB_MODEL_CONTEXT_H
#define GB_MODEL_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "harness/pool.h"
#include "model/llama.h"

typedef struct gb_context gb_context;

typedef struct gb_context_params {
    size_t n_ctx;   /* positions, 1 to the model's n_ctx */
    size_t n_batch; /* most tokens worked on at once */
    gb_format kv;   /* f16, f32 or q8_0 */
} gb_context_params;

/* The model and the pool are borrowed and must outlive the context. */
int gb_context_new(const gb_llama *m, gb_pool *pool, const gb_context_params *params, gb_context **out, gb_error *err);
void gb_context_free(gb_context *c);

/* Forgets all tokens. */
void gb_context_reset(gb_context *c);
size_t gb_context_used(const gb_context *c); /* tokens in the cache */
size_t gb_context_kv_bytes(const gb_context *c);
size_t gb_context_work_bytes(const gb_context *c); /* everything but the KV cache */
gb_pool *gb_context_pool(const gb_context *c);

/* Receives logits: `rows` rows of n_vocab floats, of tokens first .. first + rows - 1 of the call; called in ascending
 * order on the caller's thread, with at most a few MiB at a time. A result other than GB_OK ends the evaluation. */
typedef int gb_logits_sink(void *user, size_t first, size_t rows, const float *logits, gb_error *err);

/* Appends `count` tokens and hands the logits of tokens logits_from .. count - 1 to the sink (none if
 * logits_from >= count; then the sink may be NULL). Too many tokens for the cache or an id outside the vocabulary:
 * GB_EINPUT, nothing done. */
int gb_context_eval(gb_context *c, const int32_t *tokens, size_t count, size_t logits_from, gb_logits_sink *sink,
                    void *user, gb_error *err);

/* The inputs of a layer's matrix products, and of the output matrix. */
typedef enum gb_input {
    GB_INPUT_ATTN,     /* of attn_q, attn_k, attn_v */
    GB_INPUT_ATTN_OUT, /* of attn_output */
    GB_INPUT_FFN,      /* of ffn_gate, ffn_up */
    GB_INPUT_FFN_DOWN, /* of ffn_down */
    GB_INPUT_HEAD,     /* of output; layer is n_layer */
    GB_INPUT_COUNT
} gb_input;

/* Receives the input rows of a product as floats, before they are converted for it: `rows` rows of n floats, of tokens
 * in ascending order, on the caller's thread. */
typedef void gb_input_sink(void *user, size_t layer, gb_input input, size_t rows, size_t n, const float *x);

/* From now on every input goes to the sink, and no logits are computed: gb_context_eval with logits_from 0 and no
 * logits sink evaluates all tokens in all layers. Costs nothing while it is not asked for. */
int gb_context_observe(gb_context *c, gb_input_sink *sink, void *user, gb_error *err);

#endif
