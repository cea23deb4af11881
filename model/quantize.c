#include "model/quantize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/column_order.h"

enum { QUANTIZATION_VERSION = 2 };

/* One part of a model that was cut into several files would make a model without its other tensors. */
static int refuse_split(const gb_gguf *in, gb_error *err) {
    uint64_t parts = 0;
    const int rc = gb_gguf_get_u64_or(in, "split.count", 0, &parts, err);
    if (rc || parts < 2) return rc;
    return gb_fail(err, GB_EINPUT, "%s: one of %llu parts of a split model; join them first", in->path,
                   (unsigned long long)parts);
}

static bool is_embedding(gb_str name) {
    return gb_str_equal(name, "token_embd.weight") || gb_str_equal(name, "per_layer_token_embd.weight");
}

static int attach_importance(const gb_imatrix *m, gb_plan_row *row, gb_error *err) {
    const gb_imatrix_entry *e = row->keep ? NULL : gb_imatrix_find(m, row->name);
    char name[GB_SHOWN];
    if (!e) return GB_OK;
    uint64_t wanted = 0;
    if (!__builtin_mul_overflow(row->ne[0], row->ne[2], &wanted) && e->count == wanted) {
        row->importance = e->mean;
        return GB_OK;
    }
    if (!is_embedding(row->name))
        return gb_fail(err, GB_EINPUT, "%s: entry '%s' has %zu values, expected %llu x %llu: made from another model?",
                       m->path, gb_str_show(row->name, name), e->count, (unsigned long long)row->ne[0],
                       (unsigned long long)row->ne[2]);
    if (!row->note[0])
        snprintf(row->note, sizeof row->note, "its importance has %zu values, expected %llu: not used", e->count,
                 (unsigned long long)wanted);
    return GB_OK;
}

int gb_quantize_plan(const gb_gguf *in, const gb_quantize_options *options, gb_plan_row **rows, gb_error *err) {
    gb_model_facts facts;
    gb_plan_options planning = options->plan;
    planning.importance = options->imatrix != NULL;
    *rows = NULL;
    int rc = refuse_split(in, err);
    if (!rc) rc = gb_model_facts_read(in, &facts, err);
    if (rc) return rc;
    gb_plan_row *plan = gb_new(in->tensor_count, sizeof *plan, "a quantization plan", err);
    if (!plan) return GB_ESYSTEM;
    for (size_t i = 0; i < in->tensor_count; i++) {
        const gb_tensor *t = &in->tensors[i];
        plan[i].name = t->name;
        plan[i].dims = t->dims;
        memcpy(plan[i].ne, t->ne, sizeof t->ne);
        plan[i].from = t->format;
    }
    rc = gb_recipe_plan(&planning, &facts, plan, in->tensor_count, err);
    for (size_t i = 0; !rc && options->imatrix && i < in->tensor_count; i++) {
        if (!gb_column_order_find(in, plan[i].name))
            rc = attach_importance(options->imatrix, &plan[i], err);
        else if (!plan[i].keep)
            snprintf(plan[i].note, sizeof plan[i].note, "its columns have an order of their own: importance not used");
    }
    if (rc)
        free(plan);
    else
        *rows = plan;
    return rc;
}

int gb_quantize_check(const gb_gguf *in, const gb_quantize_options *options, const gb_plan_row *rows, gb_error *err) {
    int rc = gb_plan_check(rows, in->tensor_count, err);
    for (size_t i = 0; !rc && i < in->tensor_count; i++) {
        const gb_plan_row *row = &rows[i];
        char name[GB_SHOWN];
        if (row->keep) continue;
        gb_str_show(row->name, name);
        if (gb_formats[row->from].block_elems > 1 && !options->allow_requantize)
            rc = gb_fail(err, GB_EINPUT,
                         "%s: tensor '%s' is %s already; from F32, F16 or BF16 the result would be better "
                         "(--allow-requantize does it all the same)",
                         in->path, name, gb_formats[row->from].NAME);
        else if (row->needs_importance && !row->importance)
            rc = gb_fail(err, GB_EINPUT,
                         "tensor '%s' cannot be %s without an importance matrix%s: the result would be noise%s", name,
                         gb_formats[row->to].NAME, options->imatrix ? ", and the one given has no entry for it" : "",
                         options->imatrix ? "" : " (make one with 'gaugeblock imatrix', give it with --imatrix)");
    }
    return rc;
}

/* Input pages are let go piece by piece, so that the process never holds more of the model than it works on. */
enum { CHUNK_BYTES = 16 << 20 };

static int check_source(const gb_gguf *in, const gb_tensor *t, gb_error *err) {
    const uint64_t blocks = gb_tensor_blocks(t);
    const uint64_t step = CHUNK_BYTES / gb_formats[t->format].block_bytes;
    int rc = GB_OK;
    for (uint64_t first = 0; !rc && first < blocks; first += step) {
        const uint64_t count = blocks - first < step ? blocks - first : step;
        rc = gb_tensor_check_scales(in, t, first, count, err);
        const uint64_t end = first + count < blocks ? gb_tensor_block_offset(t, first + count) : t->bytes;
        if (blocks > step) gb_map_let_go(t->data + gb_tensor_block_offset(t, first), t->data + end);
    }
    return rc;
}

typedef struct source {
    const gb_tensor *t;
    size_t row_bytes;
    gb_dequantize_fn *dequantize;
} source;

static bool read_row(const void *ctx, uint64_t row, float *x, void *blocks) {
    (void)blocks;
    const source *s = ctx;
    s->dequantize(s->t->data + row * s->row_bytes, x, s->t->ne[0]);
    return true;
}

static void drop_rows(const void *ctx, uint64_t first, uint64_t rows) {
    const source *s = ctx;
    gb_map_let_go(s->t->data + first * s->row_bytes, s->t->data + (first + rows) * s->row_bytes);
}

static int copy_tensor(gb_gguf_writer *w, const gb_tensor *t, gb_error *err) {
    int rc = GB_OK;
    for (uint64_t at = 0; !rc && at < t->bytes; at += CHUNK_BYTES) {
        const size_t size = t->bytes - at < CHUNK_BYTES ? (size_t)(t->bytes - at) : CHUNK_BYTES;
        rc = gb_gguf_write_data(w, t->data + at, size, err);
        gb_map_let_go(t->data + at, t->data + at + size);
    }
    return rc;
}

/* Keys that are written anew, or that are about another file. */
static bool is_replaced(gb_str name, bool with_importance) {
    static const char *const always[] = {"general.quantization_version", "general.file_type", "split.no", "split.count",
                                         "split.tensors.count"};
    static const char *const imatrix = "quantize.imatrix.";
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        if (gb_str_equal(name, always[i])) return true;
    return with_importance && name.size > strlen(imatrix) && memcmp(name.data, imatrix, strlen(imatrix)) == 0;
}

static uint32_t as_u32(uint64_t n) {
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static int put_keys(const gb_gguf *in, const gb_quantize_options *options, gb_gguf_writer *w, gb_error *err) {
    const gb_imatrix *m = options->imatrix;
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < in->key_count; i++)
        if (!is_replaced(in->keys[i].name, m != NULL)) rc = gb_gguf_put_key(w, &in->keys[i], err);
    if (!rc) rc = gb_gguf_put_u32(w, "general.quantization_version", QUANTIZATION_VERSION, err);
    if (!rc) rc = gb_gguf_put_u32(w, "general.file_type", options->plan.recipe->file_type, err);
    if (rc || !m) return rc;
    rc = gb_gguf_put_str(w, "quantize.imatrix.file", m->path, err);
    if (!rc && m->dataset) rc = gb_gguf_put_str(w, "quantize.imatrix.dataset", m->dataset, err);
    if (!rc) rc = gb_gguf_put_u32(w, "quantize.imatrix.entries_count", as_u32(m->count), err);
    if (!rc && m->chunks) rc = gb_gguf_put_u32(w, "quantize.imatrix.chunks_count", as_u32(m->chunks), err);
    return rc;
}

static int put_tensors(const gb_gguf *in, const gb_plan_row *rows, const size_t *order, gb_gguf_writer *w,
                       gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < in->tensor_count; i++) {
        const gb_plan_row *row = &rows[order[i]];
        rc = gb_gguf_put_tensor(w, row->name, row->dims, row->ne, row->to, err);
    }
    return rc ? rc : gb_gguf_begin_data(w, err);
}

/* How a tensor is converted: what all of them share. */
typedef struct converter {
    const gb_gguf *in;
    gb_gguf_writer *w;
    gb_pool *pool;
    const gb_cap *cap;
    const gb_progress *progress;
    bool compat;
} converter;

static int write_tensor(const converter *k, size_t index, const gb_plan_row *row, gb_tensor_error *lost,
                        gb_error *err) {
    const gb_tensor *t = &k->in->tensors[index];
    const int rc = check_source(k->in, t, err);
    if (rc) return rc;
    if (row->keep) return copy_tensor(k->w, t, err);
    const source s = {t, gb_row_bytes(t->format, t->ne[0]), gb_resolve(t->format, GB_OP_dequantize, k->cap).dequantize};
    const gb_row_source rows = {read_row, drop_rows, &s, k->compat ? gb_compat_quantize(row->to) : NULL};
    return gb_rows_write(k->w, row, rows, k->pool, k->cap, k->progress, lost, err);
}

int gb_quantize_write(const gb_gguf *in, const gb_quantize_options *options, const gb_plan_row *rows, const char *path,
                      gb_pool *pool, const gb_cap *cap, const gb_progress *progress, gb_tensor_error *lost,
                      gb_error *err) {
    converter k = {.in = in, .pool = pool, .cap = cap, .progress = progress, .compat = options->compat_ggml};
    size_t *order = NULL;
    int rc = gb_gguf_writer_new(path, &k.w, err);
    if (!rc) rc = gb_plan_order(rows, in->tensor_count, &order, err);
    if (!rc) rc = put_keys(in, options, k.w, err);
    if (!rc) rc = put_tensors(in, rows, order, k.w, err);
    for (size_t i = 0; !rc && i < in->tensor_count; i++)
        rc = write_tensor(&k, order[i], &rows[order[i]], lost ? &lost[order[i]] : NULL, err);
    free(order);
    if (!rc) return gb_gguf_writer_commit(k.w, err);
    gb_gguf_writer_abort(k.w);
    return rc;
}
