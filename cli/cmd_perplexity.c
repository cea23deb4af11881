/* gaugeblock perplexity: llama-perplexity's protocol on our kernels, and the hash of every scored logit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/engine.h"
#include "cli/store.h"
#include "harness/clock.h"
#include "model/perplexity.h"

const char gb_help_perplexity[] =
    "usage: gaugeblock perplexity -m MODEL -f TEXT [options]\n\n"
    "Perplexity of a text by the protocol of llama-perplexity: the second half of each chunk of C tokens is scored.\n"
    "The logits hash covers every scored logit: it is the same for any thread count, batch and instruction set.\n\n"
    "  -m, --model FILE  GGUF model\n"
    "  -f, --file TEXT   text file ('-': standard input)\n"
    "  -c, --ctx C       tokens per chunk (default 512, or the model's context where that is shorter)\n"
    "      --chunks K    only the first K chunks\n"
    "      --store [PATH] also add the result to the store (default: "
    "~/.local/share/gaugeblock/results.db)\n" GB_ENGINE_HELP
    "      --stand-in    only the hash, by the kernels of the tier --isa with other instructions in place of its own:\n"
    "                    in programs that have such (gaugeblock_standin: docs/amx.md); nothing is timed\n";

typedef struct options {
    gb_text_options text;
    const char *store; /* NULL: do not */
} options;

enum { STAND_IN = GB_OPTION_OWN };

static int take(void *into, int option, char *value, gb_error *err) {
    options *o = into;
    switch (option) {
    case GB_OPTION_STORE:
        o->store = value;
        return GB_OK;
    case STAND_IN:
        o->text.engine.stand_in = true;
        return GB_OK;
    default:
        return gb_text_option(&o->text, option, value, err);
    }
}

static int read_options(int argc, char **argv, options *o, gb_error *err) {
    static const struct option names[] = {GB_TEXT_LONG,
                                          {"store", optional_argument, NULL, GB_OPTION_STORE},
                                          {"stand-in", no_argument, NULL, STAND_IN},
                                          {NULL, 0, NULL, 0}};
    int rc = gb_read_options(argc, argv, GB_TEXT_SHORT, names, take, o, err);
    if (!rc) rc = gb_text_check_words(&o->text, argc, argv, err);
    if (!rc && o->store && o->text.engine.stand_in) rc = gb_fail(err, GB_EINPUT, "--stand-in: no result for a store");
    return rc;
}

/* As llama-perplexity prints it, so that logs compare line by line. */
static void print_chunk(void *user, size_t chunk, size_t chunks, double ppl) {
    (void)user;
    printf("[%zu]%.4f,%s", chunk + 1, ppl, chunk + 1 == chunks ? "\n" : "");
    fflush(stdout);
}

/* Bits per byte of text: comparable between tokenizers, unlike perplexity. */
static double bits_per_byte(const gb_tokenizer *t, const int32_t *ids, size_t n_ctx, const gb_perplexity *p) {
    double bytes = 0.0;
    for (size_t i = 0; i < p->chunks; i++)
        for (size_t j = gb_perplexity_first(n_ctx) + 1; j < n_ctx; j++)
            bytes += (double)gb_token_text(t, ids[i * n_ctx + j], NULL, 0);
    return p->mean_nll * (double)p->scored / 0.69314718055994531 / bytes;
}

static cJSON *array(const double *x, size_t n) {
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < n; i++) cJSON_AddItemToArray(a, cJSON_CreateNumber(x[i]));
    return a;
}

typedef struct outcome {
    const gb_engine *engine;
    const options *o;
    const gb_perplexity *p;
    size_t n_ctx, tokens;
    double bpb, seconds;
} outcome;

/* The result as JSON: to standard output, to the store. */
static int deliver(const outcome *r, gb_error *err) {
    const gb_perplexity *p = r->p;
    const double evaluated = (double)p->chunks * (double)(r->n_ctx - 1);
    cJSON *json = cJSON_CreateObject();
    gb_engine_describe(r->engine, &r->o->text.engine, json);
    cJSON_AddStringToObject(json, "text", r->o->text.file);
    cJSON_AddNumberToObject(json, "n_ctx", (double)r->n_ctx);
    cJSON_AddNumberToObject(json, "n_tokens", (double)r->tokens);
    cJSON_AddNumberToObject(json, "n_chunk", (double)p->chunks);
    cJSON_AddNumberToObject(json, "scored", (double)p->scored);
    cJSON_AddNumberToObject(json, "ppl", p->ppl);
    cJSON_AddNumberToObject(json, "ppl_stderr", p->ppl_stderr);
    cJSON_AddNumberToObject(json, "mean_nll", p->mean_nll);
    cJSON_AddNumberToObject(json, "bits_per_byte", r->bpb);
    cJSON_AddStringToObject(json, "logits_hash", p->logits_hash);
    cJSON_AddNumberToObject(json, "seconds", r->seconds);
    cJSON_AddNumberToObject(json, "tokens_per_second", evaluated / r->seconds);
    cJSON_AddItemToObject(json, "chunks", array(p->running, p->chunks));
    cJSON_AddItemToObject(json, "chunk_nll", array(p->chunk_nll, p->chunks));
    int rc = gb_engine_add_run(r->engine, &r->o->text.run, json, err);
    if (!rc) rc = gb_store_json(r->o->store, json, err);
    if (!rc && r->o->text.engine.json) return gb_json_print(json, err);
    cJSON_Delete(json);
    return rc;
}

/* What kernels with replaced instructions give. Neither a time, nor the keys by which `import` knows a result. */
static int say_stand_in(const outcome *r, gb_error *err) {
    static const char note[] = "other instructions in place of those of the tier, which itself has not run";
    const gb_engine_options *o = &r->o->text.engine;
    const char *isa = gb_cap_tier(&r->engine->cap);
    if (!o->json) {
        printf("stand-in for %s: %s\nlogits hash %s\n", isa, note, r->p->logits_hash);
        return GB_OK;
    }
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "stand_in", isa);
    cJSON_AddStringToObject(json, "note", note);
    cJSON_AddStringToObject(json, "logits_hash", r->p->logits_hash);
    return gb_json_print(json, err);
}

static void print_text(const outcome *r) {
    printf("Final estimate: PPL = %.4f +/- %.5f\n", r->p->ppl, r->p->ppl_stderr);
    printf("%zu tokens scored in %zu chunks of %zu, %.4f bits per byte, %.1f s (%.0f tokens/s) on %s, %zu threads\n",
           r->p->scored, r->p->chunks, r->n_ctx, r->bpb, r->seconds,
           (double)r->p->chunks * (double)(r->n_ctx - 1) / r->seconds, gb_cap_tier(&r->engine->cap),
           r->o->text.engine.threads);
    if (r->engine->memory[0]) printf("memory of the weights: %s\n", r->engine->memory);
    printf("logits hash %s\n", r->p->logits_hash);
}

static int say(const outcome *r, gb_error *err) {
    const gb_engine_options *o = &r->o->text.engine;
    if (o->stand_in) return say_stand_in(r, err);
    if (!o->json) print_text(r);
    return o->json || r->o->store ? deliver(r, err) : GB_OK;
}

static int measure(const gb_engine *e, const void *user, const int32_t *ids, size_t count, gb_error *err) {
    const options *o = user;
    const size_t n_ctx = gb_engine_chunk(e, &o->text.engine);
    if (!o->text.engine.n_ctx && n_ctx < GB_DEFAULT_CHUNK)
        fprintf(stderr, "gaugeblock perplexity: chunks of %zu tokens: the model's context is no longer\n", n_ctx);
    const gb_context_params params = {.n_ctx = n_ctx, .n_batch = o->text.engine.n_batch, .kv = o->text.engine.kv};
    gb_context *c = NULL;
    int rc = gb_context_new(e->model, e->pool, &params, &c, err);
    if (rc) return rc;
    const gb_perplexity_params protocol = {
        .n_ctx = n_ctx,
        .max_chunks = o->text.chunks,
        .bos = gb_tokenizer_adds_bos(e->tokenizer) ? gb_tokenizer_bos(e->tokenizer) : -1,
        .on_chunk = o->text.engine.json || o->text.engine.stand_in ? NULL : print_chunk};
    gb_perplexity p;
    const gb_logits_source source = gb_logits_from_context(c, e->model);
    const uint64_t start = gb_now_ns();
    rc = gb_perplexity_run(&source, ids, count, &protocol, &p, err);
    if (!rc) {
        const outcome r = {.engine = e,
                           .o = o,
                           .p = &p,
                           .n_ctx = n_ctx,
                           .tokens = count,
                           .bpb = bits_per_byte(e->tokenizer, ids, n_ctx, &p),
                           .seconds = (double)(gb_now_ns() - start) * 1e-9};
        rc = say(&r, err);
        gb_perplexity_free(&p);
    }
    gb_context_free(c);
    return rc;
}

int gb_cmd_perplexity(int argc, char **argv, gb_error *err) {
    options o = {.text.engine = GB_ENGINE_DEFAULTS};
    gb_run_begin(&o.text.run, argc, argv, NULL);
    int rc = read_options(argc, argv, &o, err);
    if (!rc) rc = gb_store_check(o.store, err);
    if (rc) return rc;
    return gb_engine_with_text(&o.text, measure, &o, err);
}
