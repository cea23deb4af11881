/* gaugeblock imatrix: which columns of a model's matrices matter, for quantize --imatrix. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/engine.h"
#include "harness/clock.h"
#include "model/imatrix_collect.h"

const char gb_help_imatrix[] =
    "usage: gaugeblock imatrix -m MODEL -f TEXT [options]\n\n"
    "Runs the model over a text and sums, for every column of every matrix, the squares of the activations it is\n"
    "multiplied with. 'gaugeblock quantize --imatrix' and llama-quantize spend their bits by the result. Chunks as in\n"
    "llama-imatrix; the file's bytes are the same for any thread count, batch and instruction set.\n\n"
    "  -m, --model FILE           GGUF model\n"
    "  -f, --file TEXT            text file ('-': standard input)\n"
    "  -o, --output FILE          default imatrix.gguf, or imatrix.dat\n"
    "  -c, --ctx C                tokens per chunk (default 512, or the model's context where that is shorter)\n"
    "      --chunks N             only the first N chunks\n"
    "      --output-format F      gguf (default), or dat: the format of llama.cpp before 2025\n"
    "      --process-output       the output matrix too (token_embd.weight where it is tied)\n" GB_ENGINE_HELP;

enum { OPTION_FORMAT = GB_OPTION_OWN, OPTION_PROCESS_OUTPUT };

typedef struct options {
    gb_text_options text;
    const char *out;
    bool legacy, process_output;
} options;

static int take(void *into, int option, char *value, gb_error *err) {
    options *o = into;
    switch (option) {
    case 'o':
        o->out = value;
        return GB_OK;
    case OPTION_FORMAT:
        o->legacy = strcmp(value, "dat") == 0;
        if (o->legacy || strcmp(value, "gguf") == 0) return GB_OK;
        return gb_fail(err, GB_EINPUT, "--output-format '%s': expected gguf or dat", value);
    case OPTION_PROCESS_OUTPUT:
        o->process_output = true;
        return GB_OK;
    default:
        return gb_text_option(&o->text, option, value, err);
    }
}

static int read_options(int argc, char **argv, options *o, gb_error *err) {
    static const struct option names[] = {GB_TEXT_LONG,
                                          {"output", required_argument, NULL, 'o'},
                                          {"output-format", required_argument, NULL, OPTION_FORMAT},
                                          {"process-output", no_argument, NULL, OPTION_PROCESS_OUTPUT},
                                          {NULL, 0, NULL, 0}};
    int rc = gb_read_options(argc, argv, GB_TEXT_SHORT "o:", names, take, o, err);
    if (!rc) rc = gb_text_check_words(&o->text, argc, argv, err);
    if (!o->out) o->out = o->legacy ? "imatrix.dat" : "imatrix.gguf";
    return rc;
}

static void print_chunk(void *user, size_t chunk, size_t chunks) {
    (void)user;
    fprintf(stderr, "\r\033[Kchunk %zu of %zu", chunk + 1, chunks);
    if (chunk + 1 == chunks) fputs("\r\033[K", stderr);
}

typedef struct outcome {
    const gb_engine *engine;
    const options *o;
    const gb_imatrix_collection *collection;
    size_t n_ctx;
    double seconds;
} outcome;

static int print_json(const outcome *r, gb_error *err) {
    cJSON *json = cJSON_CreateObject();
    gb_engine_describe(r->engine, &r->o->text.engine, json);
    gb_json_add_text(json, "text", r->o->text.file, strlen(r->o->text.file));
    gb_json_add_text(json, "output", r->o->out, strlen(r->o->out));
    cJSON_AddStringToObject(json, "format", r->o->legacy ? "dat" : "gguf");
    cJSON_AddNumberToObject(json, "n_ctx", (double)r->n_ctx);
    cJSON_AddNumberToObject(json, "n_chunk", (double)r->collection->chunks);
    cJSON_AddNumberToObject(json, "entries", (double)r->collection->count);
    cJSON_AddNumberToObject(json, "seconds", r->seconds);
    const int rc = gb_engine_add_run(r->engine, &r->o->text.run, json, err);
    if (!rc) return gb_json_print(json, err);
    cJSON_Delete(json);
    return rc;
}

static int report(const outcome *r, gb_error *err) {
    if (r->o->text.engine.json) return print_json(r, err);
    printf("%s: %zu matrices, %zu chunks of %zu tokens, %.1f s on %s, %zu threads\n", r->o->out, r->collection->count,
           r->collection->chunks, r->n_ctx, r->seconds, gb_cap_tier(&r->engine->cap), r->o->text.engine.threads);
    return GB_OK;
}

static int collect(const gb_engine *e, const void *user, const int32_t *ids, size_t count, gb_error *err) {
    const options *o = user;
    const size_t n_ctx = gb_engine_chunk(e, &o->text.engine);
    const gb_context_params params = {.n_ctx = n_ctx, .n_batch = o->text.engine.n_batch, .kv = o->text.engine.kv};
    const gb_imatrix_params protocol = {.n_ctx = n_ctx,
                                        .max_chunks = o->text.chunks,
                                        .bos =
                                            gb_tokenizer_adds_bos(e->tokenizer) ? gb_tokenizer_bos(e->tokenizer) : -1,
                                        .output = o->process_output,
                                        .on_chunk = isatty(STDERR_FILENO) == 1 ? print_chunk : NULL};
    gb_context *c = NULL;
    gb_imatrix_collection collection = {0};
    int rc = gb_context_new(e->model, e->pool, &params, &c, err);
    const uint64_t start = gb_now_ns();
    if (!rc) rc = gb_imatrix_collect(c, e->model, ids, count, &protocol, &collection, err);
    if (!rc) {
        const gb_imatrix_origin origin = {o->text.file, (uint32_t)collection.chunks, (uint32_t)n_ctx};
        rc = gb_imatrix_write(o->out, o->legacy, collection.entries, collection.count, &origin, err);
    }
    if (!rc) {
        const outcome r = {.engine = e,
                           .o = o,
                           .collection = &collection,
                           .n_ctx = n_ctx,
                           .seconds = (double)(gb_now_ns() - start) * 1e-9};
        rc = report(&r, err);
    }
    gb_imatrix_collection_free(&collection);
    gb_context_free(c);
    return rc;
}

int gb_cmd_imatrix(int argc, char **argv, gb_error *err) {
    options o = {.text.engine = GB_ENGINE_DEFAULTS};
    gb_run_begin(&o.text.run, argc, argv, NULL);
    const int rc = read_options(argc, argv, &o, err);
    if (rc) return rc;
    return gb_engine_with_text(&o.text, collect, &o, err);
}
