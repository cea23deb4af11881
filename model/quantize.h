/* A GGUF file in another type: the matrices that a recipe names are converted, everything else is copied. */
#ifndef GB_MODEL_QUANTIZE_H
#define GB_MODEL_QUANTIZE_H

#include "model/recipe.h"
#include "model/rows.h"

typedef struct gb_quantize_options {
    const gb_recipe *recipe;
    bool pure;             /* every matrix in the recipe's base type */
    bool allow_requantize; /* also from types that have lost precision already */
} gb_quantize_options;

/* One row per tensor of the file, in file order; *rows is freed by the caller. Refuses to requantize unless allowed. */
int gb_quantize_plan(const gb_gguf *in, const gb_quantize_options *options, gb_plan_row **rows, gb_error *err);

/* Writes `path` by the plan. Keys are copied; general.quantization_version and general.file_type come last, as the
 * field's quantizer writes them. Non-finite source values are an error. Memory: a slab of rows, whatever the model. */
int gb_quantize_write(const gb_gguf *in, const gb_quantize_options *options, const gb_plan_row *rows, const char *path,
                      gb_pool *pool, const gb_cap *cap, const gb_progress *progress, gb_error *err);

#endif
