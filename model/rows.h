/* Rows of a tensor, made by a team of threads and streamed to a GGUF file in slabs of bounded size. Each row depends
 * only on its number, so the bytes are the same for every number of threads. */
#ifndef GB_MODEL_ROWS_H
#define GB_MODEL_ROWS_H

#include "harness/error.h"
#include "harness/pool.h"
#include "kernels/registry.h"
#include "model/gguf.h"
#include "model/recipe.h"

/* Makes row `row`: fills x (the row's ne[0] floats) and returns true, or writes the blocks itself and returns false. */
typedef bool gb_row_maker(const void *ctx, uint64_t row, float *x, void *blocks);

/* Called after each slab with the bytes written so far of this tensor. May be NULL. */
typedef struct gb_progress {
    void (*step)(void *ctx, gb_str tensor, uint64_t done, uint64_t total);
    void *ctx;
} gb_progress;

/* All rows of `t` in type t->to. A row that makes a NaN or infinite scale is an error naming tensor and row. */
int gb_rows_write(gb_gguf_writer *w, const gb_plan_row *t, gb_row_maker *make, const void *ctx, gb_pool *pool,
                  const gb_cap *cap, const gb_progress *progress, gb_error *err);

#endif
