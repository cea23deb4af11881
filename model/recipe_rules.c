/* llama-quantize's recipes as tables. Source of the facts: llama.cpp, src/llama-quant.cpp as of June 2026, compared
 * with the type snapshots of its test suite; stated here as conditions and types, in the order in which they are tried.
 */
#include "model/recipe_rules.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* X(name, general.file_type, base type) */
#define RECIPES(X)                                                                                                     \
    X(F32, 0, F32)                                                                                                     \
    X(F16, 1, F16)                                                                                                     \
    X(Q4_0, 2, Q4_0)                                                                                                   \
    X(Q4_1, 3, Q4_1)                                                                                                   \
    X(Q8_0, 7, Q8_0)                                                                                                   \
    X(Q5_0, 8, Q5_0)                                                                                                   \
    X(Q5_1, 9, Q5_1)                                                                                                   \
    X(Q2_K, 10, Q2_K)                                                                                                  \
    X(Q3_K_S, 11, Q3_K)                                                                                                \
    X(Q3_K_M, 12, Q3_K)                                                                                                \
    X(Q3_K_L, 13, Q3_K)                                                                                                \
    X(Q4_K_S, 14, Q4_K)                                                                                                \
    X(Q4_K_M, 15, Q4_K)                                                                                                \
    X(Q5_K_S, 16, Q5_K)                                                                                                \
    X(Q5_K_M, 17, Q5_K)                                                                                                \
    X(Q6_K, 18, Q6_K)                                                                                                  \
    X(IQ2_XXS, 19, IQ2_XXS)                                                                                            \
    X(IQ2_XS, 20, IQ2_XS)                                                                                              \
    X(Q2_K_S, 21, Q2_K)                                                                                                \
    X(IQ3_XS, 22, IQ3_S)                                                                                               \
    X(IQ3_XXS, 23, IQ3_XXS)                                                                                            \
    X(IQ1_S, 24, IQ1_S)                                                                                                \
    X(IQ4_NL, 25, IQ4_NL)                                                                                              \
    X(IQ3_S, 26, IQ3_S)                                                                                                \
    X(IQ3_M, 27, IQ3_S)                                                                                                \
    X(IQ2_S, 28, IQ2_XS) /* sic: only some of its matrices are IQ2_S or better */                                      \
    X(IQ2_M, 29, IQ2_S)                                                                                                \
    X(IQ4_XS, 30, IQ4_XS)                                                                                              \
    X(IQ1_M, 31, IQ1_M)                                                                                                \
    X(BF16, 32, BF16)                                                                                                  \
    X(TQ1_0, 36, TQ1_0)                                                                                                \
    X(TQ2_0, 37, TQ2_0)                                                                                                \
    X(MXFP4_MOE, 38, MXFP4)                                                                                            \
    X(MXFP4, 38, MXFP4) /* not in mainline: every matrix, not only experts */                                          \
    X(NVFP4, 39, NVFP4)                                                                                                \
    X(Q1_0, 40, Q1_0)                                                                                                  \
    X(Q2_0, 41, Q2_0)

enum {
#define RECIPE_INDEX(name, file_type, base) R_##name,
    RECIPES(RECIPE_INDEX)
#undef RECIPE_INDEX
        RECIPE_COUNT
};

/* After them, one recipe for each format of another project; its type number serves as file type. */
enum {
    R_BEFORE_FOREIGN = RECIPE_COUNT - 1,
#define RECIPE_INDEX(name, NAME, kind, type, elems, bytes, partner) R_##NAME,
    GB_FOREIGN_FORMATS(RECIPE_INDEX)
#undef RECIPE_INDEX
        ALL_RECIPES
};

static const gb_recipe recipes[] = {
#define RECIPE_ROW(name, file_type, base) {#name, file_type, T_##base},
    RECIPES(RECIPE_ROW)
#undef RECIPE_ROW
#define RECIPE_ROW(name, NAME, kind, type, elems, bytes, partner) {#NAME, type, type},
        GB_FOREIGN_FORMATS(RECIPE_ROW)
#undef RECIPE_ROW
};
_Static_assert(ALL_RECIPES <= 64, "sets of recipes are 64 bits");

/* Sets of recipes. */
#define ONLY(name) ((uint64_t)1 << R_##name)
#define EVERY      (~(uint64_t)0)
#define FOREIGN    (EVERY << RECIPE_COUNT)
#define IQ1        (ONLY(IQ1_S) | ONLY(IQ1_M))
#define IQ2_SMALL  (ONLY(IQ2_XXS) | ONLY(IQ2_XS))
#define IQ2_LARGE  (ONLY(IQ2_S) | ONLY(IQ2_M))
#define LOW        (IQ1 | IQ2_SMALL | IQ2_LARGE)
#define IQ4        (ONLY(IQ4_NL) | ONLY(IQ4_XS))
#define TERNARY    (ONLY(TQ1_0) | ONLY(TQ2_0) | ONLY(Q2_0))
#define FOR_MIXTRAL                                                                                                    \
    (ONLY(Q2_K) | ONLY(Q3_K_S) | ONLY(Q3_K_M) | ONLY(Q4_K_S) | ONLY(Q4_K_M) | ONLY(IQ3_XS) | ONLY(IQ3_XXS) |           \
     ONLY(IQ3_S) | ONLY(IQ3_M) | IQ4)

enum { ALWAYS = 0, EACH_ROLE = 0x3ff };

typedef struct rule {
    unsigned roles;
    uint64_t recipes;
    unsigned when; /* all of these hold */
    uint32_t type;
} rule;

static const rule rules[] = {
    {GB_ROLE_OUTPUT | GB_ROLE_EMBED, FOREIGN, ALWAYS, T_F16}, /* as those projects leave them */
    {GB_ROLE_OUTPUT, ONLY(MXFP4_MOE) | ONLY(MXFP4), ALWAYS, T_Q8_0},
    {GB_ROLE_OUTPUT, EVERY, GB_IS_FALCON, T_Q8_0},
    {GB_ROLE_OUTPUT, EVERY, GB_IS_RAGGED, T_Q8_0},
    {GB_ROLE_OUTPUT, LOW | ONLY(IQ3_XXS), ALWAYS, T_Q5_K},
    {GB_ROLE_OUTPUT, ~ONLY(Q8_0), ALWAYS, T_Q6_K},

    {EACH_ROLE & ~GB_ROLE_OUTPUT, ONLY(MXFP4_MOE), GB_IS_STACK, T_MXFP4},
    {EACH_ROLE & ~GB_ROLE_OUTPUT, ONLY(MXFP4_MOE), ALWAYS, T_Q8_0},

    {GB_ROLE_EMBED, IQ1 | IQ2_SMALL, ALWAYS, T_Q2_K},
    {GB_ROLE_EMBED, IQ2_LARGE | ONLY(IQ3_XXS), ALWAYS, T_IQ3_S},
    {GB_ROLE_EMBED, TERNARY, ALWAYS, T_Q4_K},

    {GB_ROLE_V, LOW, GB_IS_SHARED, T_Q4_K},
    {GB_ROLE_V, IQ2_LARGE, ALWAYS, T_IQ3_S},
    {GB_ROLE_V, IQ1 | IQ2_SMALL, ALWAYS, T_Q2_K},
    {GB_ROLE_V, ONLY(Q2_K) | ONLY(Q2_K_S) | ONLY(IQ3_XXS) | ONLY(IQ3_XS) | ONLY(IQ3_S), GB_IS_GQA4, T_Q4_K},
    {GB_ROLE_V, ONLY(Q2_K), ALWAYS, T_Q3_K},
    {GB_ROLE_V, ONLY(IQ3_XXS), GB_NO_IMPORTANCE, T_IQ3_S},
    {GB_ROLE_V, ONLY(IQ3_M), ALWAYS, T_Q4_K},
    {GB_ROLE_V, ONLY(Q3_K_M), GB_IN_FIRST_2, T_Q5_K},
    {GB_ROLE_V, ONLY(Q3_K_M), ALWAYS, T_Q4_K},
    {GB_ROLE_V, ONLY(Q3_K_L), ALWAYS, T_Q5_K},
    {GB_ROLE_V, IQ4, GB_IS_GQA4, T_Q5_K},
    {GB_ROLE_V, ONLY(Q4_K_M) | ONLY(Q5_K_M), GB_GETS_MORE, T_Q6_K},
    {GB_ROLE_V, ONLY(Q4_K_S), GB_IN_FIRST_4, T_Q5_K},

    {GB_ROLE_K, LOW, GB_IS_EXPERTS8, T_Q4_K},
    {GB_ROLE_K, EVERY & ~LOW & ~FOREIGN, GB_IS_EXPERTS8, T_Q8_0},
    {GB_ROLE_K | GB_ROLE_Q, ONLY(IQ3_XS), ALWAYS, T_IQ3_XXS},
    {GB_ROLE_K | GB_ROLE_Q, ONLY(IQ3_XXS), ALWAYS, T_IQ2_S},

    {GB_ROLE_O, LOW, GB_IS_EXPERTS8, T_Q5_K},
    {GB_ROLE_O, IQ1, ALWAYS, T_IQ2_XXS},
    {GB_ROLE_O, IQ2_LARGE, ALWAYS, T_IQ3_S},
    {GB_ROLE_O, FOR_MIXTRAL, GB_IS_EXPERTS8 | GB_NOT_FALCON, T_Q5_K},
    {GB_ROLE_O, ONLY(Q2_K), GB_NOT_EXPERTS8 | GB_NOT_FALCON, T_Q3_K},
    {GB_ROLE_O, ONLY(IQ3_XXS), GB_NOT_EXPERTS8 | GB_NOT_FALCON, T_IQ3_S},
    {GB_ROLE_O, ONLY(Q3_K_M) | ONLY(IQ3_M), GB_NOT_EXPERTS8 | GB_NOT_FALCON, T_Q4_K},
    {GB_ROLE_O, ONLY(Q3_K_L), GB_NOT_EXPERTS8 | GB_NOT_FALCON, T_Q5_K},
    {GB_ROLE_O, ONLY(Q3_K_L), GB_IS_FALCON, T_Q4_K},

    {GB_ROLE_DOWN, IQ2_LARGE, GB_IN_FIRST_8TH, T_IQ3_S},
    {GB_ROLE_DOWN, IQ1 | IQ2_SMALL, GB_IN_FIRST_8TH, T_Q2_K},
    {GB_ROLE_DOWN, ONLY(Q2_K), ALWAYS, T_Q3_K},
    {GB_ROLE_DOWN, ONLY(Q2_K_S), GB_IN_FIRST_8TH, T_Q4_K},
    {GB_ROLE_DOWN, ONLY(IQ3_XXS), GB_NO_IMPORTANCE | GB_IN_FIRST_8TH, T_Q4_K},
    {GB_ROLE_DOWN, ONLY(IQ3_XXS), GB_NO_IMPORTANCE, T_Q3_K},
    {GB_ROLE_DOWN, ONLY(Q3_K_M), GB_IN_FIRST_16TH, T_Q5_K},
    {GB_ROLE_DOWN, ONLY(Q3_K_M), GB_NOT_FALCON, T_Q4_K},
    {GB_ROLE_DOWN, ONLY(Q3_K_M), GB_GETS_MORE, T_Q4_K},
    {GB_ROLE_DOWN, ONLY(IQ3_M), GB_IN_FIRST_8TH, T_Q4_K},
    {GB_ROLE_DOWN, ONLY(IQ3_M), GB_IS_EXPERTS8 | GB_GETS_MORE, T_Q4_K},
    {GB_ROLE_DOWN, ONLY(Q3_K_L), GB_IS_FALCON, T_Q4_K},
    {GB_ROLE_DOWN, ONLY(Q3_K_L), ALWAYS, T_Q5_K},
    {GB_ROLE_DOWN, ONLY(Q4_K_M), GB_IS_FALCON | GB_IN_FIRST_16TH, T_Q6_K},
    {GB_ROLE_DOWN, ONLY(Q4_K_M), GB_IS_FALCON | GB_GETS_MORE, T_Q5_K},
    {GB_ROLE_DOWN, ONLY(Q4_K_M), GB_NOT_FALCON | GB_GETS_MORE, T_Q6_K},
    {GB_ROLE_DOWN, IQ4, GB_NO_IMPORTANCE | GB_IN_FIRST_8TH, T_Q5_K},
    {GB_ROLE_DOWN, ONLY(Q5_K_M), GB_GETS_MORE, T_Q6_K},
    {GB_ROLE_DOWN, ONLY(Q4_K_S), GB_NOT_FALCON | GB_IN_FIRST_8TH, T_Q5_K},
    /* with an importance matrix the first layers of these two came out wild, so they get a minimum as well */
    {GB_ROLE_DOWN, ONLY(Q4_0), GB_WITH_IMPORTANCE | GB_IN_FIRST_8TH, T_Q4_1},
    {GB_ROLE_DOWN, ONLY(Q5_0), GB_WITH_IMPORTANCE | GB_IN_FIRST_8TH, T_Q5_1},

    {GB_ROLE_GATE | GB_ROLE_UP, ONLY(IQ3_XS), GB_IN_MIDDLE, T_IQ3_XXS},
};

static uint64_t set_of(const gb_recipe *recipe) {
    return (uint64_t)1 << (recipe - recipes);
}

uint32_t gb_rule_type(const gb_recipe *recipe, gb_role role, unsigned is) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if ((rules[i].roles & role) && (rules[i].recipes & set_of(recipe)) && !(rules[i].when & ~is))
            return rules[i].type;
    return GB_NO_TYPE;
}

bool gb_recipe_counts_layers(const gb_recipe *recipe) {
    return (LOW & set_of(recipe)) != 0;
}

bool gb_recipe_corrects_v(const gb_recipe *recipe) {
    return ((LOW | ONLY(MXFP4_MOE) | FOREIGN) & set_of(recipe)) == 0;
}

bool gb_type_needs_importance(const gb_recipe *recipe, uint32_t type, gb_role role) {
    const bool inner = role != GB_ROLE_OUTPUT && role != GB_ROLE_EMBED;
    switch (type) {
    case T_IQ1_S:
    case T_IQ2_XXS:
    case T_IQ2_XS:
        return true;
    case T_IQ1_M:
    case T_IQ2_S:
    case T_IQ3_XXS:
        return inner;
    default:
        return inner && type == T_Q2_K && set_of(recipe) == ONLY(Q2_K_S);
    }
}

uint32_t gb_fallback_type(uint32_t type) {
    switch (type) {
    case T_IQ1_S:
    case T_IQ1_M:
    case T_IQ2_XXS:
    case T_IQ2_XS:
    case T_IQ2_S:
    case T_IQ3_XXS:
    case T_IQ3_S:
    case T_IQ4_XS:
        return T_IQ4_NL;
    case T_Q2_0:
    case T_Q2_K:
    case T_Q3_K:
    case T_TQ1_0:
    case T_TQ2_0:
        return T_Q4_0;
    case T_Q4_K:
        return T_Q5_0;
    case T_Q5_K:
        return T_Q5_1;
    case T_Q6_K:
        return T_Q8_0;
    default: /* llama-quantize stops here */
        return T_F16;
    }
}

const char *gb_recipe_name(size_t index) {
    return index < RECIPE_COUNT ? recipes[index].name : NULL;
}

const char *gb_file_type_name(uint64_t file_type) {
    for (size_t i = 0; i < ALL_RECIPES; i++)
        if (recipes[i].file_type == file_type) return recipes[i].name;
    return NULL;
}

static const gb_recipe *find(const char *name) {
    static const char *const families[] = {"Q3_K", "Q4_K", "Q5_K"};
    char medium[8] = "";
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strcasecmp(name, families[i]) == 0) (void)snprintf(medium, sizeof medium, "%s_M", families[i]);
    for (size_t i = 0; i < ALL_RECIPES; i++)
        if (strcasecmp(recipes[i].name, medium[0] ? medium : name) == 0) return &recipes[i];
    return NULL;
}

int gb_recipe_find(const char *name, const gb_recipe **out, gb_error *err) {
    *out = find(name);
    if (*out) return GB_OK;
    char names[512] = "";
    for (size_t i = 0; i < RECIPE_COUNT; i++) {
        const size_t used = strlen(names);
        (void)snprintf(names + used, sizeof names - used, " %s", recipes[i].name);
    }
    return gb_fail(err, GB_EINPUT, "unknown type '%s', expected one of%s, or a format of another project", name, names);
}
