#include "model/imatrix_collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"

typedef struct collector {
    const gb_llama *m;
    gb_pool *pool;
    double *squares;
    bool output;
    /* the rows at hand */
    const float *x;
    double *sums;
    size_t rows, n;
} collector;

/* Places of the sums: the four inputs of layer 0, of layer 1, ..., of the output. */
static size_t place(const gb_llama *m, size_t layer, gb_input input) {
    const size_t heads = m->n_head * m->head_dim;
    const size_t offset[GB_INPUT_COUNT] = {0, m->n_embd, m->n_embd + heads, 2 * m->n_embd + heads, 0};
    return layer * (2 * m->n_embd + heads + m->n_ff) + offset[input];
}

/* Members own columns, so each sum has one order: that of the tokens. */
static void sum_job(void *ctx, size_t member, size_t size) {
    const collector *k = ctx;
    size_t begin = 0;
    size_t end = 0;
    gb_pool_share(k->n, 16, member, size, &begin, &end);
    for (size_t r = 0; r < k->rows; r++) {
        const float *x = k->x + r * k->n;
        for (size_t j = begin; j < end; j++) k->sums[j] = k->sums[j] + (double)x[j] * (double)x[j];
    }
}

static void take_input(void *user, size_t layer, gb_input input, size_t rows, size_t n, const float *x) {
    collector *k = user;
    if (input == GB_INPUT_HEAD && !k->output) return;
    k->x = x;
    k->sums = k->squares + place(k->m, layer, input);
    k->rows = rows;
    k->n = n;
    gb_pool_run(k->pool, sum_job, k);
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static void add_entry(gb_imatrix_collection *out, const char *name, const double *squares, size_t columns,
                      uint64_t tokens) {
    char *copy = out->names[out->count];
    (void)snprintf(copy, GB_SHOWN, "%s", name);
    out->entries[out->count++] =
        (gb_imatrix_sums){.name = copy, .squares = squares, .columns = columns, .count = tokens};
}

static void name_entries(gb_imatrix_collection *out, const gb_llama *m, bool output, uint64_t tokens) {
    const struct {
        const char *part;
        gb_input input;
        size_t columns;
    } parts[] = {{"attn_q", GB_INPUT_ATTN, m->n_embd},    {"attn_k", GB_INPUT_ATTN, m->n_embd},
                 {"attn_v", GB_INPUT_ATTN, m->n_embd},    {"attn_output", GB_INPUT_ATTN_OUT, m->n_head * m->head_dim},
                 {"ffn_gate", GB_INPUT_FFN, m->n_embd},   {"ffn_up", GB_INPUT_FFN, m->n_embd},
                 {"ffn_down", GB_INPUT_FFN_DOWN, m->n_ff}};
    for (size_t layer = 0; layer < m->n_layer; layer++)
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            char name[GB_SHOWN];
            (void)snprintf(name, sizeof name, "blk.%zu.%s.weight", layer, parts[i].part);
            add_entry(out, name, out->squares + place(m, layer, parts[i].input), parts[i].columns, tokens);
        }
    const bool tied = m->output.data == m->embedding.data;
    if (output)
        add_entry(out, tied ? "token_embd.weight" : "output.weight", out->squares + place(m, m->n_layer, GB_INPUT_HEAD),
                  m->n_embd, tokens);
}

static int allocate(gb_imatrix_collection *out, const gb_llama *m, gb_error *err) {
    enum { PER_LAYER = 7 };
    const size_t most = m->n_layer * PER_LAYER + 1;
    const size_t sums = place(m, m->n_layer, GB_INPUT_HEAD) + m->n_embd; /* the loader bounds all sizes */
    out->entries = gb_new(most, sizeof *out->entries, "entries of an importance matrix", err);
    out->names = gb_new(most, sizeof *out->names, "entries of an importance matrix", err);
    out->squares = gb_new(sums, sizeof *out->squares, "sums of an importance matrix", err);
    return out->entries && out->names && out->squares ? GB_OK : GB_ESYSTEM;
}

/* --- chunks ------------------------------------------------------------------------------------------------------- */

static int run_chunks(gb_context *c, const int32_t *tokens, const gb_imatrix_params *params, size_t chunks,
                      gb_error *err) {
    int32_t *input = gb_new(params->n_ctx, sizeof *input, "a chunk", err);
    int rc = input ? GB_OK : GB_ESYSTEM;
    for (size_t i = 0; !rc && i < chunks; i++) {
        memcpy(input, tokens + i * params->n_ctx, params->n_ctx * sizeof *input);
        if (params->bos >= 0) input[0] = params->bos;
        gb_context_reset(c);
        rc = gb_context_eval(c, input, params->n_ctx, 0, NULL, NULL, err);
        if (!rc && params->on_chunk) params->on_chunk(params->user, i, chunks);
    }
    free(input);
    return rc;
}

int gb_imatrix_collect(gb_context *c, const gb_llama *m, const int32_t *tokens, size_t count,
                       const gb_imatrix_params *params, gb_imatrix_collection *out, gb_error *err) {
    *out = (gb_imatrix_collection){0};
    size_t chunks = count / params->n_ctx;
    if (!chunks) return gb_fail(err, GB_EINPUT, "the text has %zu tokens; one chunk needs %zu", count, params->n_ctx);
    if (params->max_chunks && params->max_chunks < chunks) chunks = params->max_chunks;
    int rc = allocate(out, m, err);
    collector k = {.m = m, .pool = gb_context_pool(c), .squares = out->squares, .output = params->output};
    if (!rc) rc = gb_context_observe(c, take_input, &k, err);
    if (!rc) rc = run_chunks(c, tokens, params, chunks, err);
    (void)gb_context_observe(c, NULL, NULL, err);
    if (rc) {
        gb_imatrix_collection_free(out);
        return rc;
    }
    out->chunks = chunks;
    name_entries(out, m, params->output, (uint64_t)chunks * params->n_ctx);
    return GB_OK;
}

void gb_imatrix_collection_free(gb_imatrix_collection *collection) {
    free(collection->entries);
    free(collection->names);
    free(collection->squares);
    *collection = (gb_imatrix_collection){0};
}
