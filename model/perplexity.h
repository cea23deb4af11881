/* Perplexity, by the protocol that llama.cpp's llama-perplexity made common, so that numbers compare line by line.
 *
 * The whole text is tokenized once; chunks of n_ctx tokens follow each other, the rest is dropped; at least two chunks'
 * worth of tokens must be there. Each chunk starts from an empty cache, its first token replaced by BOS where the model
 * adds one. Positions n_ctx/2 .. n_ctx-2 are scored: each predicts the token after it. The negative log likelihood of a
 * token is -(logit - max - ln(sum exp(logit - max))), exp in float by the model's own definition, the sum in double, in
 * ascending order. PPL = exp(mean); its standard error, tokens taken as independent, is
 * PPL * sqrt((mean of squares - square of mean) / (count - 1)). */
#ifndef GB_MODEL_PERPLEXITY_H
#define GB_MODEL_PERPLEXITY_H

#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "harness/pool.h"
#include "model/context.h"

/* Where logits come from: evaluates `count` tokens from an empty cache, as gb_context_eval does after a reset. */
typedef struct gb_logits_source {
    int (*eval)(void *user, const int32_t *tokens, size_t count, size_t logits_from, gb_logits_sink *sink,
                void *sink_user, gb_error *err);
    void *user;
    size_t n_vocab;
    gb_pool *pool; /* to score rows with, or NULL */
} gb_logits_source;

gb_logits_source gb_logits_from_context(gb_context *c, const gb_llama *m);

typedef struct gb_perplexity_params {
    size_t n_ctx;      /* >= 4: at least one position is scored */
    size_t max_chunks; /* 0: all */
    int32_t bos;       /* replaces the first token of each chunk; -1: nothing does */
    /* called after every chunk with the perplexity so far, or NULL */
    void (*on_chunk)(void *user, size_t chunk, size_t chunks, double ppl);
    void *user;
} gb_perplexity_params;

typedef struct gb_perplexity {
    size_t chunks, scored; /* scored: all tokens of all chunks */
    double *running;       /* perplexity after each chunk */
    double *chunk_nll;     /* mean negative log likelihood of each chunk */
    double mean_nll, ppl, ppl_stderr;
    char logits_hash[33]; /* XXH3-128 over the bits of all scored logits in order, every NaN as 7fc00000 */
} gb_perplexity;

/* Fewer than 2 * n_ctx tokens: GB_EINPUT. On success the caller frees with gb_perplexity_free. */
int gb_perplexity_run(const gb_logits_source *source, const int32_t *tokens, size_t count,
                      const gb_perplexity_params *params, gb_perplexity *out, gb_error *err);
void gb_perplexity_free(gb_perplexity *p);

/* Tokens of a chunk that are scored, and the position whose logits are the first to be. */
static inline size_t gb_perplexity_first(size_t n_ctx) {
    return n_ctx / 2;
}
static inline size_t gb_perplexity_scored(size_t n_ctx) {
    return n_ctx - gb_perplexity_first(n_ctx) - 1;
}

/* Negative log likelihood of `target` under one row of logits. */
double gb_nll(const float *logits, size_t n_vocab, int32_t target);

#endif
