#include "model/rows.h"

#include <stdlib.h>

#include "harness/alloc.h"

enum { SLAB_BYTES = 8 << 20 }; /* of finished blocks; at least one row per thread */

typedef struct slab {
    const gb_plan_row *t;
    gb_row_source source;
    gb_quantize_fn *quantize;
    gb_dequantize_fn *dequantize;
    uint64_t first;
    size_t rows, row_bytes;
    size_t x_stride; /* floats between the scratch rows of two threads */
    float *x, *y;    /* y, errors: NULL where no error is asked for */
    uint8_t *blocks;
    gb_tensor_error *errors; /* of each row: added up in order afterwards */
} slab;

/* Experts have an importance of their own. */
static const float *importance_of(const gb_plan_row *t, uint64_t row) {
    return t->importance ? t->importance + row / t->ne[1] % t->ne[2] * t->ne[0] : NULL;
}

static void make_rows(void *ctx, size_t member, size_t size) {
    slab *s = ctx;
    size_t begin = 0;
    size_t end = 0;
    gb_pool_share(s->rows, 1, member, size, &begin, &end);
    float *x = s->x + member * s->x_stride;
    for (size_t r = begin; r < end; r++) {
        void *blocks = s->blocks + r * s->row_bytes;
        if (s->errors) s->errors[r] = (gb_tensor_error){0};
        if (!s->source.make(s->source.ctx, s->first + r, x, blocks)) continue;
        s->quantize(x, blocks, s->t->ne[0], importance_of(s->t, s->first + r));
        if (!s->errors) continue;
        float *y = s->y + member * s->x_stride;
        s->dequantize(blocks, y, s->t->ne[0]);
        s->errors[r] = gb_tensor_error_of_row(x, y, s->t->ne[0]);
    }
}

static int check(const slab *s, gb_error *err) {
    const gb_format_info *info = &gb_formats[s->t->to];
    const uint64_t per_row = s->t->ne[0] / info->block_elems;
    const uint64_t count = per_row * s->rows;
    const uint64_t bad = gb_rows_find_wild(s->t->to, s->blocks, s->t->ne[0], 0, count);
    if (bad == count) return GB_OK;
    const uint64_t row = s->first + bad / per_row;
    const uint64_t block = bad % per_row;
    char name[GB_SHOWN];
    return gb_fail(err, GB_EINPUT, "tensor '%s': row %llu, block %llu becomes NaN or infinite in %s: values too large",
                   gb_str_show(s->t->name, name), (unsigned long long)row, (unsigned long long)block, info->NAME);
}

static int write_slabs(slab *s, size_t most, gb_gguf_writer *w, gb_pool *pool, const gb_progress *progress,
                       gb_tensor_error *lost, gb_error *err) {
    const uint64_t rows = s->t->ne[1] * s->t->ne[2] * s->t->ne[3];
    int rc = GB_OK;
    for (; !rc && s->first < rows; s->first += s->rows) {
        s->rows = rows - s->first < most ? (size_t)(rows - s->first) : most;
        gb_pool_run(pool, make_rows, s);
        if (s->source.done) s->source.done(s->source.ctx, s->first, s->rows);
        rc = check(s, err);
        for (size_t r = 0; s->errors && r < s->rows; r++) gb_tensor_error_add(lost, &s->errors[r]);
        if (!rc) rc = gb_gguf_write_data(w, s->blocks, s->rows * s->row_bytes, err);
        if (!rc && progress && progress->step)
            progress->step(progress->ctx, s->t->name, (s->first + s->rows) * s->row_bytes, rows * s->row_bytes);
    }
    return rc;
}

int gb_rows_write(gb_gguf_writer *w, const gb_plan_row *t, gb_row_source source, gb_pool *pool, const gb_cap *cap,
                  const gb_progress *progress, gb_tensor_error *lost, gb_error *err) {
    const size_t threads = gb_pool_size(pool);
    slab s = {.t = t,
              .source = source,
              .quantize = source.quantize ? source.quantize : gb_resolve(t->to, GB_OP_quantize, cap).quantize,
              .dequantize = gb_resolve(t->to, GB_OP_dequantize, cap).dequantize};
    s.row_bytes = gb_row_bytes(t->to, t->ne[0]);
    s.x_stride = (t->ne[0] + 15) & ~(size_t)15; /* threads do not share cache lines */
    size_t most = SLAB_BYTES / s.row_bytes;
    const uint64_t rows = t->ne[1] * t->ne[2] * t->ne[3];
    if (most < threads) most = threads;
    if (most > rows) most = (size_t)rows;
    size_t floats = 0;
    size_t bytes = 0;
    if (!gb_mul_size(s.x_stride, threads, &floats) || !gb_mul_size(s.row_bytes, most, &bytes))
        return gb_fail(err, GB_EINPUT, "rows of %llu elements do not fit the address space",
                       (unsigned long long)t->ne[0]);
    s.x = gb_new(floats, sizeof *s.x, "rows to quantize", err);
    s.blocks = s.x ? gb_new(bytes, 1, "quantized rows", err) : NULL;
    bool enough = s.blocks != NULL;
    if (enough && lost) {
        *lost = (gb_tensor_error){0};
        s.y = gb_new(floats, sizeof *s.y, "decoded rows", err);
        s.errors = s.y ? gb_new(most, sizeof *s.errors, "errors of rows", err) : NULL;
        enough = s.errors != NULL;
    }
    const int rc = enough ? write_slabs(&s, most, w, pool, progress, lost, err) : GB_ESYSTEM;
    free(s.x);
    free(s.y);
    free(s.blocks);
    free(s.errors);
    return rc;
}
