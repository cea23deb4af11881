#include "tests/support/engine_run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "model/logits_hash.h"
#include "model/sampler.h"

static void must(int rc, const gb_error *err) {
    ck_assert_msg(rc == GB_OK, "%s", err->text);
}

engine_run engine_open(const char *path, const char *isa, size_t threads, size_t n_ctx, size_t batch, gb_format kv) {
    engine_run e = {0};
    gb_error err = {0};
    gb_cap cap;
    char message[512];
    ck_assert_msg(gb_cap_from_name(isa, &cap, message, sizeof message) == 0, "%s", message);
    must(gb_pool_new(threads, NULL, 0, &e.pool, &err), &err);
    must(gb_llama_load(path, &cap, e.pool, &e.m, &err), &err);
    const gb_context_params params = {.n_ctx = n_ctx ? n_ctx : e.m->n_ctx, .n_batch = batch, .kv = kv};
    must(gb_context_new(e.m, e.pool, &params, &e.c, &err), &err);
    return e;
}

void engine_close(engine_run e) {
    gb_context_free(e.c);
    gb_llama_free(e.m);
    gb_pool_free(e.pool);
}

typedef struct kept {
    float *logits;
    size_t n_vocab, next;
    gb_logits_hash *hash;
} kept;

static int keep(void *user, size_t first, size_t rows, const float *logits, gb_error *err) {
    (void)err;
    kept *k = user;
    ck_assert_uint_eq(first, k->next);
    k->next += rows;
    if (k->logits) memcpy(k->logits, logits + (rows - 1) * k->n_vocab, k->n_vocab * sizeof *logits);
    if (k->hash) gb_logits_hash_add(k->hash, logits, rows * k->n_vocab);
    return GB_OK;
}

float *engine_logits(engine_run e, const int32_t *tokens, size_t count) {
    kept k = {.n_vocab = e.m->n_vocab, .next = count - 1};
    gb_error err = {0};
    k.logits = malloc(k.n_vocab * sizeof(float));
    ck_assert_ptr_nonnull(k.logits);
    must(gb_context_eval(e.c, tokens, count, count - 1, keep, &k, &err), &err);
    ck_assert_uint_eq(k.next, count);
    return k.logits;
}

void engine_hash(engine_run e, const int32_t *tokens, size_t count, char hash[33]) {
    kept k = {.n_vocab = e.m->n_vocab};
    gb_error err = {0};
    must(gb_logits_hash_new(&k.hash, &err), &err);
    gb_context_reset(e.c);
    must(gb_context_eval(e.c, tokens, count, 0, keep, &k, &err), &err);
    ck_assert_uint_eq(k.next, count);
    gb_logits_hash_text(k.hash, hash);
    gb_logits_hash_free(k.hash);
}

void engine_greedy(engine_run e, const int32_t *prompt, size_t prompt_count, int32_t *out, size_t count) {
    gb_context_reset(e.c);
    for (size_t i = 0; i < count; i++) {
        float *logits = i == 0 ? engine_logits(e, prompt, prompt_count) : engine_logits(e, out + i - 1, 1);
        out[i] = (int32_t)e.m->argmax(logits, e.m->n_vocab);
        free(logits);
    }
}

int32_t *engine_tokenize(engine_run e, const char *text, size_t size, size_t *count) {
    gb_tokenizer *t = NULL;
    gb_error err = {0};
    int32_t *ids = NULL;
    must(gb_tokenizer_new(e.m->file, &t, &err), &err);
    must(gb_tokenize(t, text, size, true, false, &ids, count, &err), &err);
    gb_tokenizer_free(t);
    return ids;
}

const char *const *engine_isas(void) {
    static const char *names[GB_ISA_COUNT + 2];
    size_t n = 0;
    char why[256];
    names[n++] = "reference";
    for (int i = 0; i < GB_ISA_COUNT; i++)
        if (!gb_isa_missing((gb_isa)i, gb_cpu_features(), why, sizeof why)) names[n++] = gb_isas[i].name;
    names[n] = NULL;
    return names;
}
