/* A model with its threads and context, for tests. Every function fails the running test instead of returning an error.
 */
#ifndef GB_TESTS_ENGINE_RUN_H
#define GB_TESTS_ENGINE_RUN_H

#include "model/context.h"
#include "model/llama.h"
#include "model/tokenizer.h"

typedef struct engine_run {
    gb_pool *pool;
    gb_llama *m;
    gb_context *c;
} engine_run;

/* isa: a tier, "reference" or NULL for the best. n_ctx 0: the model's. */
engine_run engine_open(const char *path, const char *isa, size_t threads, size_t n_ctx, size_t batch, gb_format kv);
void engine_close(engine_run e);

/* Logits after the last of these tokens, appended to the context: malloc'ed, n_vocab floats. */
float *engine_logits(engine_run e, const int32_t *tokens, size_t count);
/* XXH3 over the logits of every token of a fresh context. */
void engine_hash(engine_run e, const int32_t *tokens, size_t count, char hash[33]);
/* `count` greedy tokens after the prompt. */
void engine_greedy(engine_run e, const int32_t *prompt, size_t prompt_count, int32_t *out, size_t count);

/* Ids of a text with the model's own tokenizer: malloc'ed. */
int32_t *engine_tokenize(engine_run e, const char *text, size_t size, size_t *count);

/* Names of the tiers that run here, and "reference": NULL after the last. */
const char *const *engine_isas(void);

#endif
