#include "model/quantize.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/alloc.h"

enum { QUANTIZATION_VERSION = 2 };

int gb_quantize_plan(const gb_gguf *in, const gb_quantize_options *options, gb_plan_row **rows, gb_error *err) {
    gb_model_facts facts;
    *rows = NULL;
    int rc = gb_model_facts_read(in, &facts, err);
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
    rc = gb_recipe_plan(options->recipe, options->pure, &facts, plan, in->tensor_count, err);
    for (size_t i = 0; !rc && i < in->tensor_count; i++) {
        char name[GB_SHOWN];
        if (plan[i].keep || gb_formats[plan[i].from].block_elems == 1 || options->allow_requantize) continue;
        rc = gb_fail(err, GB_EINPUT,
                     "%s: tensor '%s' is %s already; from F32, F16 or BF16 the result would be better "
                     "(--allow-requantize does it all the same)",
                     in->path, gb_str_show(plan[i].name, name), gb_formats[plan[i].from].NAME);
    }
    if (rc)
        free(plan);
    else
        *rows = plan;
    return rc;
}

/* Input pages are let go piece by piece, so that the process never holds more of the model than it works on. */
enum { CHUNK_BYTES = 16 << 20 };

/* Drops the whole pages of [from, to) of the mapping; they would come back from the file if they were read again. */
static void let_go(const uint8_t *from, const uint8_t *to) {
    const size_t mask = (size_t)sysconf(_SC_PAGESIZE) - 1;
    const uint8_t *begin = from + (-(uintptr_t)from & mask);
    const uint8_t *end = to - ((uintptr_t)to & mask);
    if (begin < end) (void)madvise((void *)begin, (size_t)(end - begin), MADV_DONTNEED);
}

static int check_source(const gb_gguf *in, const gb_tensor *t, gb_error *err) {
    const uint64_t blocks = gb_tensor_blocks(t);
    const uint64_t step = CHUNK_BYTES / gb_formats[t->format].block_bytes;
    int rc = GB_OK;
    for (uint64_t first = 0; !rc && first < blocks; first += step) {
        const uint64_t count = blocks - first < step ? blocks - first : step;
        rc = gb_tensor_check_scales(in, t, first, count, err);
        const uint64_t end = first + count < blocks ? gb_tensor_block_offset(t, first + count) : t->bytes;
        if (blocks > step) let_go(t->data + gb_tensor_block_offset(t, first), t->data + end);
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
    let_go(s->t->data + first * s->row_bytes, s->t->data + (first + rows) * s->row_bytes);
}

static int copy_tensor(gb_gguf_writer *w, const gb_tensor *t, gb_error *err) {
    int rc = GB_OK;
    for (uint64_t at = 0; !rc && at < t->bytes; at += CHUNK_BYTES) {
        const size_t size = t->bytes - at < CHUNK_BYTES ? (size_t)(t->bytes - at) : CHUNK_BYTES;
        rc = gb_gguf_write_data(w, t->data + at, size, err);
        let_go(t->data + at, t->data + at + size);
    }
    return rc;
}

static int put_keys(const gb_gguf *in, const gb_recipe *recipe, gb_gguf_writer *w, gb_error *err) {
    static const char *const version = "general.quantization_version";
    static const char *const type = "general.file_type";
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < in->key_count; i++)
        if (!gb_str_equal(in->keys[i].name, version) && !gb_str_equal(in->keys[i].name, type))
            rc = gb_gguf_put_key(w, &in->keys[i], err);
    if (!rc) rc = gb_gguf_put_u32(w, version, QUANTIZATION_VERSION, err);
    return rc ? rc : gb_gguf_put_u32(w, type, recipe->file_type, err);
}

int gb_quantize_write(const gb_gguf *in, const gb_quantize_options *options, const gb_plan_row *rows, const char *path,
                      gb_pool *pool, const gb_cap *cap, const gb_progress *progress, gb_error *err) {
    gb_gguf_writer *w = NULL;
    int rc = gb_gguf_writer_new(path, &w, err);
    if (rc) return rc;
    rc = put_keys(in, options->recipe, w, err);
    for (size_t i = 0; !rc && i < in->tensor_count; i++)
        rc = gb_gguf_put_tensor(w, rows[i].name, rows[i].dims, rows[i].ne, rows[i].to, err);
    if (!rc) rc = gb_gguf_begin_data(w, err);
    for (size_t i = 0; !rc && i < in->tensor_count; i++) {
        const gb_tensor *t = &in->tensors[i];
        rc = check_source(in, t, err);
        if (rc) break;
        if (rows[i].keep) {
            rc = copy_tensor(w, t, err);
            continue;
        }
        const source s = {t, gb_row_bytes(t->format, t->ne[0]),
                          gb_resolve(t->format, GB_OP_dequantize, cap).dequantize};
        rc = gb_rows_write(w, &rows[i], (gb_row_source){read_row, drop_rows, &s}, pool, cap, progress, err);
    }
    if (!rc) return gb_gguf_writer_commit(w, err);
    gb_gguf_writer_abort(w);
    return rc;
}
