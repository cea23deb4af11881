/* Recipes: which tensor of a model gets which type. Rules of llama-quantize for Llama-family models, restated from
 * docs/formats/recipes.md; types this program's table lacks are replaced by the next larger one it has. */
#ifndef GB_MODEL_RECIPE_H
#define GB_MODEL_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "model/gguf.h"

typedef struct gb_recipe {
    const char *name;   /* "Q4_K_M" */
    uint32_t file_type; /* general.file_type */
    gb_format base;     /* default type of matrices */
} gb_recipe;

/* By name, in any case; Q4_K is Q4_K_M, as in llama-quantize. An unknown name is an error that lists the known ones. */
int gb_recipe_find(const char *name, const gb_recipe **out, gb_error *err);
/* Name of a general.file_type number, also of those this program cannot write; NULL if unknown. */
const char *gb_file_type_name(uint64_t file_type);

/* What the rules ask about a model. */
typedef struct gb_model_facts {
    uint64_t layers, heads, kv_heads, experts;
} gb_model_facts;

/* From the file's keys; keys that are absent count as 0. */
int gb_model_facts_read(const gb_gguf *file, gb_model_facts *out, gb_error *err);

typedef struct gb_plan_row {
    gb_str name; /* not owned */
    uint64_t ne[4];
    uint32_t dims;
    gb_format from;
    gb_format to;
    char note[112]; /* "" or why `to` is not the type that the rules name */
    bool keep;      /* copied as it is: not a matrix of weights, or of the target type already */
} gb_plan_row;

/* Fills to, keep and note of rows whose name, sizes and from are set, in any order. pure: every matrix gets the
 * recipe's base type. */
int gb_recipe_plan(const gb_recipe *recipe, bool pure, const gb_model_facts *facts, gb_plan_row *rows, size_t count,
                   gb_error *err);

/* Bytes of the tensor's data in type `to`, and its elements. */
uint64_t gb_plan_bytes(const gb_plan_row *row);
uint64_t gb_plan_elements(const gb_plan_row *row);

#endif
