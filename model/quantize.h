/* A GGUF file in another type: the matrices that a recipe names are converted, everything else is copied. */
#ifndef GB_MODEL_QUANTIZE_H
#define GB_MODEL_QUANTIZE_H

#include "model/imatrix.h"
#include "model/recipe.h"
#include "model/rows.h"

typedef struct gb_quantize_options {
    gb_plan_options plan;      /* plan.importance follows from imatrix */
    const gb_imatrix *imatrix; /* or NULL */
    bool allow_requantize;     /* also from types that have lost precision already */
    bool compat_ggml;          /* with the defects of ggml's encoders that ours mend */
} gb_quantize_options;

/* One row per tensor of the file, in file order; *rows is freed by the caller. An entry of the importance matrix whose
 * length is not that of its tensor is an error (of token_embd: not used, with a note). */
int gb_quantize_plan(const gb_gguf *in, const gb_quantize_options *options, gb_plan_row **rows, gb_error *err);

/* Says why the plan cannot be carried out: a type that this version lacks, a source that is quantized already, a type
 * that needs an importance matrix where there is none. */
int gb_quantize_check(const gb_gguf *in, const gb_quantize_options *options, const gb_plan_row *rows, gb_error *err);

/* Writes `path` by a plan that passed the check. Keys are copied, those that llama-quantize sets come last, and tensors
 * stand in its order: the file is the one that it would write (compiled for plain IEEE arithmetic).
 * Non-finite source values are an error. Memory: a slab of rows, whatever the model. lost: NULL, or one per tensor:
 * receives the error of every converted tensor. */
int gb_quantize_write(const gb_gguf *in, const gb_quantize_options *options, const gb_plan_row *rows, const char *path,
                      gb_pool *pool, const gb_cap *cap, const gb_progress *progress, gb_tensor_error *lost,
                      gb_error *err);

#endif
