/* gaugeblock generate: continue a text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/engine.h"
#include "harness/alloc.h"
#include "harness/clock.h"
#include "harness/file.h"
#include "model/logits_hash.h"
#include "model/sampler.h"

const char gb_help_generate[] =
    "usage: gaugeblock generate -m MODEL [-p TEXT | -f FILE] [options]\n\n"
    "Continues a text. Greedy by default; the same options give the same tokens on every machine.\n\n"
    "  -m, --model FILE  GGUF model\n"
    "  -p, --prompt TEXT the text to continue (default: none, just the model's BOS)\n"
    "  -f, --file FILE   ... from a file ('-': standard input)\n"
    "  -n, --n N         most tokens to generate (default 128)\n"
    "      --temp T      temperature (default 0: greedy)\n"
    "      --top-k K     sample among the K likeliest (default 40, 0: all)\n"
    "      --top-p P     ... and the fewest that reach probability P (default 0.95)\n"
    "      --seed S      seed of the sampler (default 1)\n"
    "      --ignore-eos  go on after the end-of-sequence token\n"
    "  -c, --ctx C       positions of the KV cache (default: as many as this run needs)\n" GB_ENGINE_HELP;

enum { OPTION_TEMP = GB_OPTION_OWN, OPTION_TOP_K, OPTION_TOP_P, OPTION_SEED, OPTION_IGNORE_EOS, TOKEN_BYTES = 4096 };
static const size_t max_prompt = (size_t)64 << 20;

typedef struct options {
    gb_engine_options engine;
    const char *prompt, *file;
    size_t n;
    gb_sampler_params sampler;
    bool ignore_eos;
} options;

static int take(void *into, int option, char *value, gb_error *err) {
    options *o = into;
    switch (option) {
    case 'p':
        o->prompt = value;
        return GB_OK;
    case 'f':
        o->file = value;
        return GB_OK;
    case 'n':
        return gb_parse_size("--n", value, 0, INT32_MAX, &o->n, err);
    case OPTION_TEMP:
        return gb_parse_double("--temp", value, 0.0, 1e6, &o->sampler.temperature, err);
    case OPTION_TOP_K:
        return gb_parse_size("--top-k", value, 0, SIZE_MAX, &o->sampler.top_k, err);
    case OPTION_TOP_P:
        return gb_parse_double("--top-p", value, 1e-9, 1.0, &o->sampler.top_p, err);
    case OPTION_SEED:
        return gb_parse_u64("--seed", value, &o->sampler.seed, err);
    case OPTION_IGNORE_EOS:
        o->ignore_eos = true;
        return GB_OK;
    default:
        return gb_engine_option(&o->engine, option, value, err);
    }
}

static int read_options(int argc, char **argv, options *o, gb_error *err) {
    static const struct option names[] = {GB_ENGINE_LONG,
                                          {"prompt", required_argument, NULL, 'p'},
                                          {"file", required_argument, NULL, 'f'},
                                          {"n", required_argument, NULL, 'n'},
                                          {"temp", required_argument, NULL, OPTION_TEMP},
                                          {"top-k", required_argument, NULL, OPTION_TOP_K},
                                          {"top-p", required_argument, NULL, OPTION_TOP_P},
                                          {"seed", required_argument, NULL, OPTION_SEED},
                                          {"ignore-eos", no_argument, NULL, OPTION_IGNORE_EOS},
                                          {NULL, 0, NULL, 0}};
    int rc = gb_read_options(argc, argv, GB_ENGINE_SHORT "p:f:n:", names, take, o, err);
    if (!rc) rc = gb_engine_check_words(&o->engine, argc, argv, err);
    if (!rc && o->prompt && o->file) rc = gb_fail(err, GB_EINPUT, "a prompt comes from -p or from -f, not from both");
    return rc;
}

/* --- one run ------------------------------------------------------------------------------------------------------ */

typedef struct generation {
    const gb_engine *engine;
    const options *o;
    gb_context *context;
    gb_sampler *sampler;
    gb_logits_hash *hash;
    bool prompt_is_empty;
    int32_t next; /* sampled from the latest logits */
    int32_t *ids; /* generated */
    size_t count, limit, prompt_tokens;
    char *text; /* of the generated tokens */
    size_t text_size, text_room;
    const char *stop;
    uint64_t submitted, tokenized, first_token, last_token; /* times */
} generation;

static int sample_row(void *user, size_t first, size_t rows, const float *logits, gb_error *err) {
    (void)first;
    (void)rows;
    (void)err;
    generation *g = user;
    gb_logits_hash_add(g->hash, logits, g->engine->model->n_vocab);
    g->next = gb_sample(g->sampler, logits);
    return GB_OK;
}

static int add_text(generation *g, int32_t id, gb_error *err) {
    char bytes[TOKEN_BYTES];
    size_t size = gb_token_text(g->engine->tokenizer, id, bytes, sizeof bytes);
    if (size > sizeof bytes) size = sizeof bytes;
    const char *visible = bytes;
    /* where SentencePiece puts a space before a text, the text itself begins without it */
    if (g->prompt_is_empty && g->count == 1 && size && bytes[0] == ' ' &&
        gb_tokenizer_adds_space(g->engine->tokenizer)) {
        visible++;
        size--;
    }
    if (g->text_size + size > g->text_room) {
        const size_t room = (g->text_size + size) * 2;
        char *text = realloc(g->text, room);
        if (!text) return gb_fail(err, GB_ESYSTEM, "text: out of memory");
        g->text = text;
        g->text_room = room;
    }
    if (size) memcpy(g->text + g->text_size, visible, size);
    g->text_size += size;
    if (!g->o->engine.json) {
        fwrite(visible, 1, size, stdout);
        fflush(stdout);
    }
    return GB_OK;
}

static int generate(generation *g, const int32_t *prompt, size_t count, gb_error *err) {
    const int32_t eos = g->o->ignore_eos ? -1 : gb_tokenizer_eos(g->engine->tokenizer);
    g->stop = g->limit == g->o->n ? "length" : "context";
    if (!g->limit) return GB_OK;
    int rc = gb_context_eval(g->context, prompt, count, count - 1, sample_row, g, err);
    while (!rc) {
        g->last_token = gb_now_ns();
        if (!g->count) g->first_token = g->last_token;
        g->ids[g->count++] = g->next;
        if (eos >= 0 && g->next == eos) {
            g->stop = "eos";
            break;
        }
        rc = add_text(g, g->next, err);
        if (rc || g->count == g->limit) break;
        const int32_t token = g->next;
        rc = gb_context_eval(g->context, &token, 1, 0, sample_row, g, err);
    }
    return rc;
}

static double ms(uint64_t from, uint64_t to) {
    return (double)(to - from) * 1e-6;
}

static double per_second(size_t count, double milliseconds) {
    return milliseconds > 0.0 ? (double)count * 1000.0 / milliseconds : 0.0;
}

static int print_json(const generation *g, gb_error *err) {
    cJSON *json = cJSON_CreateObject();
    gb_engine_describe(g->engine, &g->o->engine, json);
    cJSON *ids = cJSON_AddArrayToObject(json, "ids");
    for (size_t i = 0; i < g->count; i++) cJSON_AddItemToArray(ids, cJSON_CreateNumber(g->ids[i]));
    gb_json_add_text(json, "text", g->text ? g->text : "", g->text_size);
    cJSON_AddStringToObject(json, "stop", g->stop);
    cJSON_AddNumberToObject(json, "prompt_tokens", (double)g->prompt_tokens);
    cJSON_AddNumberToObject(json, "generated_tokens", (double)g->count);
    if (g->count) {
        cJSON_AddNumberToObject(json, "ttft_ms", ms(g->submitted, g->first_token));
        cJSON_AddNumberToObject(json, "engine_ttft_ms", ms(g->tokenized, g->first_token));
        cJSON_AddNumberToObject(json, "prompt_tps", per_second(g->prompt_tokens, ms(g->tokenized, g->first_token)));
    }
    if (g->count > 1)
        cJSON_AddNumberToObject(json, "generation_tps", per_second(g->count - 1, ms(g->first_token, g->last_token)));
    char hash[33];
    gb_logits_hash_text(g->hash, hash);
    cJSON_AddStringToObject(json, "logits_hash", hash);
    return gb_json_print(json, err);
}

static void print_timings(const generation *g) {
    putchar('\n');
    fflush(stdout);
    if (!g->count) return;
    fprintf(stderr, "prompt %zu tokens, first token after %.1f ms (%.1f tokens/s)", g->prompt_tokens,
            ms(g->submitted, g->first_token), per_second(g->prompt_tokens, ms(g->tokenized, g->first_token)));
    if (g->count > 1)
        fprintf(stderr, "; %zu generated, %.1f tokens/s", g->count,
                per_second(g->count - 1, ms(g->first_token, g->last_token)));
    fprintf(stderr, "; stopped: %s\n", g->stop);
    if (g->engine->memory[0]) fprintf(stderr, "memory of the weights: %s\n", g->engine->memory);
}

static int run(generation *g, const int32_t *prompt, size_t count, gb_error *err) {
    const options *o = g->o;
    const gb_llama *m = g->engine->model;
    if (!count) return gb_fail(err, GB_EINPUT, "nothing to start from: the prompt is empty and the model adds no BOS");
    const size_t room = m->n_ctx > count ? m->n_ctx - count : 0;
    size_t n_ctx = o->engine.n_ctx;
    if (!n_ctx) n_ctx = count + (o->n < room ? o->n : room);
    if (count > n_ctx || count > m->n_ctx)
        return gb_fail(err, GB_EINPUT, "the prompt has %zu tokens, the context only %zu positions", count,
                       n_ctx < m->n_ctx ? n_ctx : m->n_ctx);
    const gb_context_params params = {.n_ctx = n_ctx, .n_batch = o->engine.n_batch, .kv = o->engine.kv};
    const size_t most = n_ctx - count + 1; /* the last generated token needs no position */
    g->limit = o->n < most ? o->n : most;
    g->prompt_tokens = count;
    g->ids = gb_new(g->limit, sizeof *g->ids, "generated tokens", err);
    if (!g->ids) return err->code;
    int rc = gb_context_new(m, g->engine->pool, &params, &g->context, err);
    gb_sampler_params sampler = o->sampler;
    sampler.argmax = m->argmax;
    if (!rc) rc = gb_sampler_new(&sampler, m->n_vocab, &g->sampler, err);
    if (!rc) rc = gb_logits_hash_new(&g->hash, err);
    if (!rc) {
        g->tokenized = gb_now_ns();
        rc = generate(g, prompt, count, err);
    }
    if (!rc && o->engine.json) rc = print_json(g, err);
    if (!rc && !o->engine.json) print_timings(g);
    gb_logits_hash_free(g->hash);
    gb_sampler_free(g->sampler);
    gb_context_free(g->context);
    free(g->ids);
    free(g->text);
    return rc;
}

int gb_cmd_generate(int argc, char **argv, gb_error *err) {
    options o = {.engine = GB_ENGINE_DEFAULTS, .n = 128, .sampler = {.top_k = 40, .top_p = 0.95, .seed = 1}};
    int rc = read_options(argc, argv, &o, err);
    if (rc) return rc;
    uint8_t *file = NULL;
    const char *text = o.prompt ? o.prompt : "";
    size_t size = strlen(text);
    if (o.file) {
        rc = gb_read_all(o.file, max_prompt, &file, &size, err);
        if (rc) return rc;
        text = (const char *)file;
    }
    gb_engine e;
    rc = gb_engine_open(&o.engine, &e, err);
    if (!rc) {
        generation g = {.engine = &e, .o = &o, .prompt_is_empty = size == 0, .submitted = gb_now_ns()};
        int32_t *ids = NULL;
        size_t count = 0;
        rc = gb_tokenize(e.tokenizer, text, size, true, true, &ids, &count, err);
        if (!rc && !o.engine.json) fwrite(text, 1, size, stdout);
        if (!rc) rc = run(&g, ids, count, err);
        free(ids);
        gb_engine_close(&e);
    }
    free(file);
    return rc;
}
