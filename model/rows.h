/* Rows of a tensor, made by a team of threads and streamed to a GGUF file in slabs of bounded size. Each row depends
 * only on its number, so the bytes are the same for every number of threads. */
#ifndef GB_MODEL_ROWS_H
#define GB_MODEL_ROWS_H

#include "harness/error.h"
#include "harness/pool.h"
#include "kernels/registry.h"
#include "model/gguf.h"
#include "model/recipe.h"
#include "model/tensor_error.h"

typedef struct gb_row_source {
    /* Makes row `row`: fills x (the row's ne[0] floats) and returns true, or writes the blocks itself and returns
     * false. Called by all threads. */
    bool (*make)(const void *ctx, uint64_t row, float *x, void *blocks);
    /* These rows will not be asked for again. May be NULL; called by one thread. */
    void (*done)(const void *ctx, uint64_t first, uint64_t rows);
    const void *ctx;
    gb_quantize_fn *quantize; /* NULL: the format's own */
} gb_row_source;

/* Called after each slab with the bytes written so far of this tensor. May be NULL. */
typedef struct gb_progress {
    void (*step)(void *ctx, gb_str tensor, uint64_t done, uint64_t total);
    void *ctx;
} gb_progress;

/* All rows of `t` in type t->to, weighed by t->importance. A row that makes a NaN or infinite scale is an error naming
 * tensor and row. lost: receives the error of the rows that the source filled as floats; NULL: it is not computed. */
int gb_rows_write(gb_gguf_writer *w, const gb_plan_row *t, gb_row_source source, gb_pool *pool, const gb_cap *cap,
                  const gb_progress *progress, gb_tensor_error *lost, gb_error *err);

#endif
