/* Inside of the recipes: what recipe.c asks of the tables in recipe_rules.c and recipe_types.c. */
#ifndef GB_MODEL_RECIPE_RULES_H
#define GB_MODEL_RECIPE_RULES_H

#include "model/recipe.h"

/* GGUF type numbers. */
enum {
    T_F32 = 0,
    T_F16 = 1,
    T_Q4_0 = 2,
    T_Q4_1 = 3,
    T_Q5_0 = 6,
    T_Q5_1 = 7,
    T_Q8_0 = 8,
    T_Q2_K = 10,
    T_Q3_K = 11,
    T_Q4_K = 12,
    T_Q5_K = 13,
    T_Q6_K = 14,
    T_IQ2_XXS = 16,
    T_IQ2_XS = 17,
    T_IQ3_XXS = 18,
    T_IQ1_S = 19,
    T_IQ4_NL = 20,
    T_IQ3_S = 21,
    T_IQ2_S = 22,
    T_IQ4_XS = 23,
    T_IQ1_M = 29,
    T_BF16 = 30,
    T_TQ1_0 = 34,
    T_TQ2_0 = 35,
    T_MXFP4 = 39,
    T_NVFP4 = 40,
    T_Q1_0 = 41,
    T_Q2_0 = 42
};

/* What a matrix is for. Fused and compressed values (attn_qkv, attn_kv_b) count as values. */
typedef enum gb_role {
    GB_ROLE_OUTPUT = 1 << 0, /* output.weight, or token_embd where it is the output too */
    GB_ROLE_EMBED = 1 << 1,
    GB_ROLE_V = 1 << 2,
    GB_ROLE_K = 1 << 3,
    GB_ROLE_Q = 1 << 4,
    GB_ROLE_O = 1 << 5,
    GB_ROLE_UP = 1 << 6,
    GB_ROLE_GATE = 1 << 7,
    GB_ROLE_DOWN = 1 << 8,
    GB_ROLE_OTHER = 1 << 9
} gb_role;

/* What is true of one matrix: conditions of the rules. i is its place among n of its kind. */
enum {
    GB_IS_GQA4 = 1 << 0,     /* at least four heads share a key and value */
    GB_IS_SHARED = 1 << 1,   /* that, or at least four experts */
    GB_IS_EXPERTS8 = 1 << 2, /* exactly eight experts: Mixtral, for which these rules were made */
    GB_NOT_EXPERTS8 = 1 << 3,
    GB_IS_FALCON = 1 << 4,
    GB_NOT_FALCON = 1 << 5,
    GB_WITH_IMPORTANCE = 1 << 6,
    GB_NO_IMPORTANCE = 1 << 7,
    GB_IS_RAGGED = 1 << 8,      /* rows are not a whole number of the base type's blocks */
    GB_IS_STACK = 1 << 9,       /* several matrices: experts */
    GB_IN_FIRST_2 = 1 << 10,    /* i < 2 */
    GB_IN_FIRST_4 = 1 << 11,    /* i < 4 */
    GB_IN_FIRST_16TH = 1 << 12, /* i < n / 16 */
    GB_IN_FIRST_8TH = 1 << 13,  /* i < n / 8 */
    GB_IN_MIDDLE = 1 << 14,     /* n / 8 <= i < 7 * n / 8 */
    GB_GETS_MORE = 1 << 15      /* the first and the last eighth, and every third between */
};

/* Type by the first rule that fits, or GB_NO_TYPE: the base type. */
uint32_t gb_rule_type(const gb_recipe *recipe, gb_role role, unsigned is);
/* The recipes below 3 bits count their layers even where experts are stored one by one. */
bool gb_recipe_counts_layers(const gb_recipe *recipe);
/* The recipes whose attn_v is corrected after the rules, for the 70B class and for eight experts. */
bool gb_recipe_corrects_v(const gb_recipe *recipe);
/* llama-quantize makes nothing of this type without an importance matrix, embeddings and output excepted; of some types
 * not even these, because their encoders have nothing else to go by. */
bool gb_type_needs_importance(const gb_recipe *recipe, uint32_t type, gb_role role);
/* Type of smaller blocks that takes rows which are no whole number of blocks of `type`; F16 where there is none. */
uint32_t gb_fallback_type(uint32_t type);

#endif
