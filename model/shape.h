/* Shapes of Llama-family models: a built-in table and text files of `name value` lines. */
#ifndef GB_MODEL_SHAPE_H
#define GB_MODEL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"

typedef struct gb_shape {
    char name[64];
    uint32_t vocab, dim, layers, heads, kv_heads, head_dim, ffn, context;
    bool tied; /* token_embd is the output matrix too */
    float rope_base;
    float rope_factor, rope_low, rope_high, rope_original; /* Llama-3 frequency scaling; factor 0: none */
    float eps;
} gb_shape;

extern const gb_shape gb_shapes[];
extern const size_t gb_shape_count;

/* A name of the table, or the path of a file: one `field value` per line, '#' begins a comment; the fields are those of
 * gb_shape. heads, kv_heads, context, tied, rope_*, eps may be left out (dim / head_dim, heads, 2048, 1, 10000 and no
 * scaling, 1e-5). The result is checked: every size in a sane range and consistent with the others. */
int gb_shape_find(const char *name_or_file, gb_shape *out, gb_error *err);

/* Factors by which the Llama-3 scaling divides each rope frequency: head_dim / 2 floats, 1 = unchanged. */
void gb_shape_rope_factors(const gb_shape *shape, float *factors);

#endif
