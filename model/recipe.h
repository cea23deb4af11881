/* Recipes: which tensor of a model gets which type. The rules are llama-quantize's (mainline, mid-2026), stated as
 * tables in recipe_rules.c; docs/recipes.md shows them. Types are named by their GGUF number, in the table of formats
 * or not. */
#ifndef GB_MODEL_RECIPE_H
#define GB_MODEL_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "model/gguf.h"

#define GB_NO_TYPE UINT32_MAX

typedef struct gb_recipe {
    const char *name;   /* "Q4_K_M" */
    uint32_t file_type; /* general.file_type */
    uint32_t base;      /* type number of matrices that no rule names */
} gb_recipe;

/* By name, in any case; Q3_K, Q4_K, Q5_K are their _M, as in llama-quantize. An unknown name is an error that lists the
 * known ones. */
int gb_recipe_find(const char *name, const gb_recipe **out, gb_error *err);
/* Names of all recipes of llama-quantize, in order of general.file_type; NULL after the last. */
const char *gb_recipe_name(size_t index);
/* Name of a general.file_type number; NULL if unknown. */
const char *gb_file_type_name(uint64_t file_type);

/* Name and block of a type that recipes name. */
typedef struct gb_block_type {
    const char *NAME; /* NULL: no recipe knows the number */
    size_t elems, bytes;
} gb_block_type;
gb_block_type gb_block_type_of(uint32_t number);
/* Number of a type by its name, in any case; GB_NO_TYPE if no recipe knows it. */
uint32_t gb_block_type_by_name(const char *name);

/* What the rules ask about a model. */
typedef struct gb_model_facts {
    uint64_t layers, heads, kv_heads, experts;
    bool falcon;
    bool class_70b; /* models whose attn_v is small and shared by many heads */
} gb_model_facts;

/* From the file's keys; keys that are absent count as 0. */
int gb_model_facts_read(const gb_gguf *file, gb_model_facts *out, gb_error *err);

/* Types of the user's choice for tensors by name: REGEX=TYPE, the first that matches wins. */
typedef struct gb_overrides gb_overrides;
/* Adds one; *list may be NULL before the first. The expression is PCRE2's, searched anywhere in the name, without
 * regard to case. */
int gb_overrides_add(gb_overrides **list, const char *text, gb_error *err);
void gb_overrides_free(gb_overrides *list);
/* Type of the first match, or GB_NO_TYPE; list may be NULL. */
int gb_overrides_match(const gb_overrides *list, gb_str name, uint32_t *type, gb_error *err);

typedef struct gb_type_choice {
    bool given;
    uint32_t type;
} gb_type_choice;

typedef struct gb_plan_options {
    const gb_recipe *recipe;
    bool pure;                     /* every matrix gets the recipe's base type */
    bool importance;               /* an importance matrix is at hand: some rules depend on it */
    bool leave_output;             /* output.weight stays as it is */
    gb_type_choice output;         /* type of output.weight, or of the tied token_embd */
    gb_type_choice embedding;      /* type of token_embd */
    const gb_overrides *overrides; /* or NULL */
} gb_plan_options;

typedef struct gb_plan_row {
    gb_str name; /* not owned */
    uint64_t ne[4];
    uint32_t dims;
    gb_format from;
    uint32_t type;           /* GGUF number of the type decided on */
    gb_format to;            /* the same; GB_FORMAT_COUNT if the table of formats lacks it */
    char note[112];          /* "" or why `type` is not the type that the rules name */
    bool keep;               /* copied as it is: not a matrix of weights, or of the target type already */
    bool needs_importance;   /* llama-quantize refuses to make this type without */
    const float *importance; /* ne[0] floats for each of ne[2] matrices, or NULL; not owned, not set by the plan */
} gb_plan_row;

/* Fills type, to, keep, needs_importance and note of rows whose name, sizes and from are set, in any order. */
int gb_recipe_plan(const gb_plan_options *options, const gb_model_facts *facts, gb_plan_row *rows, size_t count,
                   gb_error *err);
/* llama-quantize's order of tensors: those outside of layers, then layer by layer, each by name. *order: one index per
 * row, freed by the caller. */
int gb_plan_order(const gb_plan_row *rows, size_t count, size_t **order, gb_error *err);
/* GB_EINPUT naming the first row whose type the table of formats lacks. */
int gb_plan_check(const gb_plan_row *rows, size_t count, gb_error *err);

/* Bytes of the tensor's data in the type decided on, and its elements. */
uint64_t gb_plan_bytes(const gb_plan_row *row);
uint64_t gb_plan_elements(const gb_plan_row *row);

#endif
