/* Recipes: a tensor of another type than llama-quantize would give it, a fallback that does not fit, a choice of the
 * user that is not heeded. The expectations were written by hand from the recipes' description, not from the rules'
 * tables. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/recipe.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

static gb_error err;

/* --- models ------------------------------------------------------------------------------------------------------- */

enum { MAX_ROWS = 1024, COLUMNS = 512 };
static gb_plan_row rows[MAX_ROWS];
static char names[MAX_ROWS][64];
static size_t count;

static void add(const char *name, uint32_t dims, uint64_t columns, uint64_t matrices) {
    ck_assert_uint_lt(count, MAX_ROWS);
    (void)snprintf(names[count], sizeof names[count], "%s", name);
    rows[count] = (gb_plan_row){.name = {names[count], strlen(names[count])},
                                .dims = dims,
                                .ne = {columns, dims > 1 ? 8 : 1, matrices, 1},
                                .from = GB_FORMAT_f32};
    count++;
}

typedef struct model {
    const char *name;
    gb_model_facts facts;
    bool tied, fused, experts;
} model;

static const model models[] = {
    {"GQA", {.layers = 32, .heads = 32, .kv_heads = 8}, .tied = false},
    {"MHA", {.layers = 32, .heads = 32, .kv_heads = 32}, .tied = true},
    {"8x7B", {.layers = 32, .heads = 32, .kv_heads = 8, .experts = 8}, .experts = true},
    {"64x1B", {.layers = 32, .heads = 32, .kv_heads = 32, .experts = 64}, .experts = true},
    {"70B", {.layers = 80, .heads = 64, .kv_heads = 8, .class_70b = true}, .tied = false},
    {"65B", {.layers = 80, .heads = 64, .kv_heads = 64}, .tied = false},
    {"falcon", {.layers = 32, .heads = 71, .kv_heads = 1, .falcon = true}, .fused = true},
    {"fused", {.layers = 32, .heads = 32, .kv_heads = 32}, .fused = true},
};

/* Last layer first: the plan must not depend on the order in the file. */
static void build(const model *m, uint64_t columns) {
    static const char *const separate[] = {"attn_norm", "attn_q", "attn_k", "attn_v", "attn_output"};
    static const char *const fused[] = {"attn_norm", "attn_qkv", "attn_output"};
    static const char *const dense[] = {"ffn_gate", "ffn_up", "ffn_down"};
    static const char *const experts[] = {"ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"};
    count = 0;
    if (!m->tied) add("output.weight", 2, columns, 1);
    for (uint64_t i = m->facts.layers; i-- > 0;) {
        char name[64];
        for (size_t p = 0; p < (m->fused ? 3 : 5); p++) {
            (void)snprintf(name, sizeof name, "blk.%u.%s.weight", (unsigned)i, (m->fused ? fused : separate)[p]);
            add(name, p ? 2 : 1, columns, 1);
        }
        for (size_t p = 0; p < 3; p++) {
            (void)snprintf(name, sizeof name, "blk.%u.%s.weight", (unsigned)i, (m->experts ? experts : dense)[p]);
            add(name, m->experts ? 3 : 2, columns, m->experts ? 8 : 1);
        }
    }
    add("token_embd.weight", 2, columns, 1);
}

static const model *find_model(const char *name) {
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (strcmp(models[i].name, name) == 0) return &models[i];
    ck_abort_msg("no model %s", name);
    return NULL;
}

static gb_plan_options recipe(const char *name) {
    gb_plan_options o = {0};
    ck_assert_msg(gb_recipe_find(name, &o.recipe, &err) == GB_OK, "%s", err.text);
    return o;
}

static void plan(gb_plan_options o, const model *m) {
    ck_assert_msg(gb_recipe_plan(&o, &m->facts, rows, count, &err) == GB_OK, "%s", err.text);
}

static const gb_plan_row *row(const char *name) {
    for (size_t i = 0; i < count; i++)
        if (gb_str_equal(rows[i].name, name)) return &rows[i];
    ck_abort_msg("no row %s", name);
    return NULL;
}

static const char *type(const char *name) {
    return gb_block_type_of(row(name)->type).NAME;
}

/* --- expectations: "part=TYPE part[0-3+6]=TYPE", '*' is any part; the last that fits counts -------------------------
 */

/* "0-3+6+9" holds layer? */
static bool holds(const char *set, unsigned layer) {
    for (const char *p = set; p && *p; p = strchr(p, '+') ? strchr(p, '+') + 1 : NULL) {
        char *end = NULL;
        const unsigned long first = strtoul(p, &end, 10);
        const unsigned long last = *end == '-' ? strtoul(end + 1, NULL, 10) : first;
        if (layer >= first && layer <= last) return true;
    }
    return false;
}

/* Type that the text gives to a tensor, or `base`. */
static const char *expected_type(const char *text, const char *base, gb_str name, char buf[16]) {
    char part[64];
    unsigned layer = 0;
    if (sscanf(name.data, "blk.%u.%63[^.]", &layer, part) != 2) (void)sscanf(name.data, "%63[^.]", part);
    (void)snprintf(buf, 16, "%s", base);
    char copy[512];
    (void)snprintf(copy, sizeof copy, "%s", text);
    char *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '=');
        char *set = strchr(word, '[');
        ck_assert_ptr_nonnull(equals);
        *equals = '\0';
        if (set) *set = '\0';
        if (strcmp(word, part) != 0 && strcmp(word, "*") != 0) continue;
        if (!set || holds(set + 1, layer)) (void)snprintf(buf, 16, "%s", equals + 1);
    }
    return buf;
}

#define MORE32 "[0-3+6+9+12+15+18+21+24+27+28-31]"
#define MORE80 "[0-9+12+15+18+21+24+27+30+33+36+39+42+45+48+51+54+57+60+63+66+69+70-79]"

enum { WITHOUT, WITH };
static const struct {
    const char *model, *recipe;
    int importance;
    const char *base, *expected;
} decisions[] = {
    {"GQA", "F32", WITHOUT, "F32", ""},
    {"GQA", "F16", WITHOUT, "F16", ""},
    {"GQA", "BF16", WITHOUT, "BF16", ""},
    {"GQA", "Q8_0", WITHOUT, "Q8_0", ""},
    {"GQA", "Q6_K", WITHOUT, "Q6_K", ""},
    {"GQA", "Q4_0", WITHOUT, "Q4_0", "output=Q6_K"},
    {"GQA", "Q4_0", WITH, "Q4_0", "output=Q6_K ffn_down[0-3]=Q4_1"},
    {"GQA", "Q4_1", WITH, "Q4_1", "output=Q6_K"},
    {"GQA", "Q5_0", WITHOUT, "Q5_0", "output=Q6_K"},
    {"GQA", "Q5_0", WITH, "Q5_0", "output=Q6_K ffn_down[0-3]=Q5_1"},
    {"GQA", "Q5_1", WITH, "Q5_1", "output=Q6_K"},
    {"GQA", "Q2_K", WITHOUT, "Q2_K", "output=Q6_K attn_v=Q4_K attn_output=Q3_K ffn_down=Q3_K"},
    {"GQA", "Q2_K_S", WITH, "Q2_K", "output=Q6_K attn_v=Q4_K ffn_down[0-3]=Q4_K"},
    {"GQA", "Q3_K_S", WITHOUT, "Q3_K", "output=Q6_K"},
    {"GQA", "Q3_K_M", WITHOUT, "Q3_K",
     "output=Q6_K attn_v=Q4_K attn_v[0-1]=Q5_K attn_output=Q4_K ffn_down=Q4_K ffn_down[0-1]=Q5_K"},
    {"GQA", "Q3_K_L", WITHOUT, "Q3_K", "output=Q6_K attn_v=Q5_K attn_output=Q5_K ffn_down=Q5_K"},
    {"GQA", "Q4_K_S", WITHOUT, "Q4_K", "output=Q6_K attn_v[0-3]=Q5_K ffn_down[0-3]=Q5_K"},
    {"GQA", "Q4_K_M", WITHOUT, "Q4_K", "output=Q6_K attn_v" MORE32 "=Q6_K ffn_down" MORE32 "=Q6_K"},
    {"GQA", "Q4_K_M", WITH, "Q4_K", "output=Q6_K attn_v" MORE32 "=Q6_K ffn_down" MORE32 "=Q6_K"},
    {"GQA", "Q5_K_S", WITHOUT, "Q5_K", "output=Q6_K"},
    {"GQA", "Q5_K_M", WITHOUT, "Q5_K", "output=Q6_K attn_v" MORE32 "=Q6_K ffn_down" MORE32 "=Q6_K"},
    {"GQA", "IQ4_NL", WITHOUT, "IQ4_NL", "output=Q6_K attn_v=Q5_K ffn_down[0-3]=Q5_K"},
    {"GQA", "IQ4_NL", WITH, "IQ4_NL", "output=Q6_K attn_v=Q5_K"},
    {"GQA", "IQ4_XS", WITHOUT, "IQ4_XS", "output=Q6_K attn_v=Q5_K ffn_down[0-3]=Q5_K"},
    {"GQA", "IQ4_XS", WITH, "IQ4_XS", "output=Q6_K attn_v=Q5_K"},
    {"GQA", "IQ3_M", WITHOUT, "IQ3_S", "output=Q6_K attn_v=Q4_K attn_output=Q4_K ffn_down[0-3]=Q4_K"},
    {"GQA", "IQ3_S", WITHOUT, "IQ3_S", "output=Q6_K attn_v=Q4_K"},
    {"GQA", "IQ3_XS", WITHOUT, "IQ3_S",
     "output=Q6_K attn_v=Q4_K attn_q=IQ3_XXS attn_k=IQ3_XXS ffn_gate[4-27]=IQ3_XXS ffn_up[4-27]=IQ3_XXS"},
    {"GQA", "IQ3_XXS", WITHOUT, "IQ3_XXS",
     "output=Q5_K token_embd=IQ3_S attn_v=Q4_K attn_q=IQ2_S attn_k=IQ2_S attn_output=IQ3_S ffn_down=Q3_K "
     "ffn_down[0-3]=Q4_K"},
    {"GQA", "IQ3_XXS", WITH, "IQ3_XXS",
     "output=Q5_K token_embd=IQ3_S attn_v=Q4_K attn_q=IQ2_S attn_k=IQ2_S attn_output=IQ3_S"},
    {"GQA", "IQ2_M", WITH, "IQ2_S", "output=Q5_K token_embd=IQ3_S attn_v=Q4_K attn_output=IQ3_S ffn_down[0-3]=IQ3_S"},
    {"GQA", "IQ2_S", WITH, "IQ2_XS", "output=Q5_K token_embd=IQ3_S attn_v=Q4_K attn_output=IQ3_S ffn_down[0-3]=IQ3_S"},
    {"GQA", "IQ2_XS", WITH, "IQ2_XS", "output=Q5_K token_embd=Q2_K attn_v=Q4_K ffn_down[0-3]=Q2_K"},
    {"GQA", "IQ2_XXS", WITH, "IQ2_XXS", "output=Q5_K token_embd=Q2_K attn_v=Q4_K ffn_down[0-3]=Q2_K"},
    {"GQA", "IQ1_M", WITH, "IQ1_M", "output=Q5_K token_embd=Q2_K attn_v=Q4_K attn_output=IQ2_XXS ffn_down[0-3]=Q2_K"},
    {"GQA", "IQ1_S", WITH, "IQ1_S", "output=Q5_K token_embd=Q2_K attn_v=Q4_K attn_output=IQ2_XXS ffn_down[0-3]=Q2_K"},
    {"GQA", "TQ1_0", WITHOUT, "TQ1_0", "output=Q6_K token_embd=Q4_K"},
    {"GQA", "TQ2_0", WITHOUT, "TQ2_0", "output=Q6_K token_embd=Q4_K"},
    {"GQA", "Q2_0", WITHOUT, "Q2_0", "output=Q6_K token_embd=Q4_K"},
    {"GQA", "Q1_0", WITHOUT, "Q1_0", "output=Q6_K"},
    {"GQA", "NVFP4", WITHOUT, "NVFP4", "output=Q6_K"},
    {"GQA", "MXFP4", WITHOUT, "MXFP4", "output=Q8_0"},
    {"GQA", "MXFP4_MOE", WITHOUT, "MXFP4", "*=Q8_0"},

    {"MHA", "Q8_0", WITHOUT, "Q8_0", ""},
    {"MHA", "Q2_K", WITHOUT, "Q2_K", "token_embd=Q6_K attn_v=Q3_K attn_output=Q3_K ffn_down=Q3_K"},
    {"MHA", "Q2_K_S", WITH, "Q2_K", "token_embd=Q6_K ffn_down[0-3]=Q4_K"},
    {"MHA", "Q4_K_M", WITHOUT, "Q4_K", "token_embd=Q6_K attn_v" MORE32 "=Q6_K ffn_down" MORE32 "=Q6_K"},
    {"MHA", "IQ4_XS", WITHOUT, "IQ4_XS", "token_embd=Q6_K ffn_down[0-3]=Q5_K"},
    {"MHA", "IQ4_NL", WITH, "IQ4_NL", "token_embd=Q6_K"},
    {"MHA", "IQ3_S", WITHOUT, "IQ3_S", "token_embd=Q6_K"},
    {"MHA", "IQ3_XS", WITH, "IQ3_S",
     "token_embd=Q6_K attn_q=IQ3_XXS attn_k=IQ3_XXS ffn_gate[4-27]=IQ3_XXS ffn_up[4-27]=IQ3_XXS"},
    {"MHA", "IQ3_XXS", WITHOUT, "IQ3_XXS",
     "token_embd=Q5_K attn_v=IQ3_S attn_q=IQ2_S attn_k=IQ2_S attn_output=IQ3_S ffn_down=Q3_K ffn_down[0-3]=Q4_K"},
    {"MHA", "IQ3_XXS", WITH, "IQ3_XXS", "token_embd=Q5_K attn_q=IQ2_S attn_k=IQ2_S attn_output=IQ3_S"},
    {"MHA", "IQ2_M", WITH, "IQ2_S", "token_embd=Q5_K attn_v=IQ3_S attn_output=IQ3_S ffn_down[0-3]=IQ3_S"},
    {"MHA", "IQ2_XS", WITH, "IQ2_XS", "token_embd=Q5_K attn_v=Q2_K ffn_down[0-3]=Q2_K"},
    {"MHA", "IQ1_S", WITH, "IQ1_S", "token_embd=Q5_K attn_v=Q2_K attn_output=IQ2_XXS ffn_down[0-3]=Q2_K"},
    {"MHA", "TQ2_0", WITHOUT, "TQ2_0", "token_embd=Q6_K"},

    {"8x7B", "Q8_0", WITHOUT, "Q8_0", ""},
    {"8x7B", "Q6_K", WITHOUT, "Q6_K", "attn_v=Q8_0 attn_k=Q8_0"},
    {"8x7B", "Q2_K", WITHOUT, "Q2_K", "output=Q6_K attn_v=Q8_0 attn_k=Q8_0 attn_output=Q5_K ffn_down_exps=Q3_K"},
    {"8x7B", "Q3_K_L", WITHOUT, "Q3_K", "output=Q6_K attn_v=Q8_0 attn_k=Q8_0 ffn_down_exps=Q5_K"},
    {"8x7B", "Q4_K_M", WITHOUT, "Q4_K",
     "output=Q6_K attn_v=Q8_0 attn_k=Q8_0 attn_output=Q5_K ffn_down_exps" MORE32 "=Q6_K"},
    {"8x7B", "Q5_K_M", WITHOUT, "Q5_K", "output=Q6_K attn_v=Q8_0 attn_k=Q8_0 ffn_down_exps" MORE32 "=Q6_K"},
    {"8x7B", "IQ3_M", WITHOUT, "IQ3_S",
     "output=Q6_K attn_v=Q8_0 attn_k=Q8_0 attn_output=Q5_K ffn_down_exps" MORE32 "=Q4_K"},
    {"8x7B", "IQ3_XS", WITH, "IQ3_S",
     "output=Q6_K attn_v=Q8_0 attn_k=Q8_0 attn_q=IQ3_XXS attn_output=Q5_K ffn_gate_exps[4-27]=IQ3_XXS "
     "ffn_up_exps[4-27]=IQ3_XXS"},
    {"8x7B", "IQ2_XXS", WITH, "IQ2_XXS",
     "output=Q5_K token_embd=Q2_K attn_v=Q4_K attn_k=Q4_K attn_output=Q5_K ffn_down_exps[0-3]=Q2_K"},
    {"8x7B", "MXFP4_MOE", WITHOUT, "MXFP4", "*=Q8_0 ffn_gate_exps=MXFP4 ffn_up_exps=MXFP4 ffn_down_exps=MXFP4"},

    {"64x1B", "IQ2_M", WITH, "IQ2_S",
     "output=Q5_K token_embd=IQ3_S attn_v=Q4_K attn_output=IQ3_S ffn_down_exps[0-3]=IQ3_S"},
    {"64x1B", "Q4_K_S", WITHOUT, "Q4_K", "output=Q6_K attn_v[0-3]=Q5_K ffn_down_exps[0-3]=Q5_K"},

    {"70B", "Q2_K", WITHOUT, "Q2_K", "output=Q6_K attn_v=Q5_K attn_output=Q3_K ffn_down=Q3_K"},
    {"70B", "Q3_K_S", WITHOUT, "Q3_K", "output=Q6_K attn_v=Q5_K"},
    {"70B", "Q3_K_M", WITHOUT, "Q3_K", "output=Q6_K attn_v=Q5_K attn_output=Q4_K ffn_down=Q4_K ffn_down[0-4]=Q5_K"},
    {"70B", "Q4_K_S", WITHOUT, "Q4_K", "output=Q6_K attn_v=Q5_K ffn_down[0-9]=Q5_K"},
    {"70B", "Q4_K_M", WITHOUT, "Q4_K", "output=Q6_K attn_v=Q5_K attn_v" MORE80 "=Q6_K ffn_down" MORE80 "=Q6_K"},
    {"70B", "IQ2_XS", WITH, "IQ2_XS", "output=Q5_K token_embd=Q2_K attn_v=Q4_K ffn_down[0-9]=Q2_K"},
    {"70B", "IQ3_S", WITHOUT, "IQ3_S", "output=Q6_K attn_v=Q5_K"},
    {"65B", "Q4_K_M", WITHOUT, "Q4_K", "output=Q6_K attn_v" MORE80 "=Q6_K ffn_down" MORE80 "=Q6_K"},

    {"falcon", "Q4_0", WITHOUT, "Q4_0", "output=Q8_0"},
    {"falcon", "Q2_K", WITHOUT, "Q2_K", "output=Q8_0 attn_qkv=Q4_K ffn_down=Q3_K"},
    {"falcon", "Q3_K_M", WITHOUT, "Q3_K",
     "output=Q8_0 attn_qkv=Q4_K attn_qkv[0-1]=Q5_K ffn_down" MORE32 "=Q4_K ffn_down[0-1]=Q5_K"},
    {"falcon", "Q3_K_L", WITHOUT, "Q3_K", "output=Q8_0 attn_qkv=Q5_K attn_output=Q4_K ffn_down=Q4_K"},
    {"falcon", "Q4_K_S", WITHOUT, "Q4_K", "output=Q8_0 attn_qkv[0-3]=Q5_K"},
    {"falcon", "Q4_K_M", WITHOUT, "Q4_K",
     "output=Q8_0 attn_qkv" MORE32 "=Q6_K ffn_down" MORE32 "=Q5_K ffn_down[0-1]=Q6_K"},
    {"fused", "Q5_K_M", WITHOUT, "Q5_K", "output=Q6_K attn_qkv" MORE32 "=Q6_K ffn_down" MORE32 "=Q6_K"},
    {"fused", "IQ3_M", WITHOUT, "IQ3_S", "output=Q6_K attn_qkv=Q4_K attn_output=Q4_K ffn_down[0-3]=Q4_K"},
};

/* Every tensor of every model: what the recipe's description says, for all recipes. */
START_TEST(decisions_as_described) {
    const model *m = find_model(decisions[_i].model);
    build(m, COLUMNS);
    gb_plan_options o = recipe(decisions[_i].recipe);
    o.importance = decisions[_i].importance == WITH;
    plan(o, m);
    for (size_t i = 0; i < count; i++) {
        char buf[16];
        const bool is_norm = rows[i].dims == 1;
        const char *expected =
            is_norm ? "F32" : expected_type(decisions[_i].expected, decisions[_i].base, rows[i].name, buf);
        ck_assert_msg(strcmp(gb_block_type_of(rows[i].type).NAME, expected) == 0, "%s %s: %s is %s, expected %s",
                      decisions[_i].model, decisions[_i].recipe, names[i], gb_block_type_of(rows[i].type).NAME,
                      expected);
        ck_assert_str_eq(rows[i].note, "");
        ck_assert(rows[i].to == gb_format_by_ggml_type(rows[i].type));
    }
}
END_TEST

/* The table above misses no recipe. */
START_TEST(every_recipe_is_described) {
    for (size_t i = 0; gb_recipe_name(i); i++) {
        bool found = false;
        for (size_t d = 0; d < sizeof decisions / sizeof decisions[0]; d++)
            found = found || strcmp(decisions[d].recipe, gb_recipe_name(i)) == 0;
        ck_assert_msg(found, "%s", gb_recipe_name(i));
    }
}
END_TEST

/* Experts stored one by one, and a shared one beside them: the layer is in the name, except where the recipe counts. */
START_TEST(layers_of_experts) {
    const gb_model_facts facts = {.layers = 16, .heads = 16, .kv_heads = 16, .experts = 4};
    for (int low = 0; low < 2; low++) {
        count = 0;
        for (unsigned i = 0; i < 16; i++) {
            static const char *const parts[] = {"ffn_down_exps", "ffn_down_shexp"};
            for (size_t p = 0; p < 2; p++) {
                char name[64];
                (void)snprintf(name, sizeof name, "blk.%u.%s.weight", i, parts[p]);
                add(name, 2, COLUMNS, 1);
            }
        }
        gb_plan_options o = recipe(low ? "IQ2_XS" : "Q4_K_S");
        ck_assert_int_eq(gb_recipe_plan(&o, &facts, rows, count, &err), GB_OK);
        for (size_t i = 0; i < count; i++) {
            const bool raised = low ? i < 2 : i < 4; /* 16 / 8 = 2: matrices, or layers of two matrices each */
            const char *expected = low ? raised ? "Q2_K" : "IQ2_XS" : raised ? "Q5_K" : "Q4_K";
            ck_assert_msg(strcmp(type(names[i]), expected) == 0, "%s: %s", names[i], type(names[i]));
        }
    }
}
END_TEST

/* What is no matrix of weights stays as it is, even in --pure. */
START_TEST(untouched) {
    static const char *const kept[] = {
        "rope_freqs.weight",        "blk.0.ffn_gate_inp.weight", "blk.0.attn_q.bias",        "blk.1.attn_norm.weight",
        "blk.0.attn_q_norm.weight", "blk.0.ssm_conv1d.weight",   "blk.0.time_mix_w1.weight", "blk.0.attn_rel_b.weight",
        "position_embd.weight",     "token_types.weight",        "v.patch_embd.weight",      "blk.0.one_column.weight"};
    for (int pure = 0; pure < 2; pure++) {
        build(find_model("GQA"), COLUMNS);
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
            if (i != 3) add(kept[i], i == 0 ? 1 : 2, COLUMNS, 1);
        rows[count - 1].ne[1] = 1; /* [512, 1] is a vector */
        gb_plan_options o = recipe("Q8_0");
        o.pure = pure != 0;
        plan(o, find_model("GQA"));
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
            ck_assert_msg(row(kept[i])->keep, "%s", kept[i]);
            ck_assert_str_eq(type(kept[i]), "F32");
        }
    }
}
END_TEST

/* --- rows that are no whole number of blocks ------------------------------------------------------------------------
 */

/* Types of smaller blocks, with a note; F16 where there is none that fits. */
START_TEST(fallbacks) {
    static const struct {
        const char *recipe;
        uint64_t columns;
        const char *expected;
    } cases[] = {
        {"IQ1_S", 288, "IQ4_NL"}, {"IQ1_M", 288, "IQ4_NL"},   {"IQ2_XXS", 288, "IQ4_NL"}, {"IQ2_XS", 288, "IQ4_NL"},
        {"IQ2_M", 288, "IQ4_NL"}, {"IQ3_XXS", 288, "IQ4_NL"}, {"IQ3_S", 288, "IQ4_NL"},   {"IQ4_XS", 288, "IQ4_NL"},
        {"Q2_K", 288, "Q4_0"},    {"Q3_K_S", 288, "Q4_0"},    {"TQ1_0", 288, "Q4_0"},     {"TQ2_0", 288, "Q4_0"},
        {"Q2_0", 288, "Q4_0"},    {"Q4_K_S", 288, "Q5_0"},    {"Q5_K_S", 288, "Q5_1"},    {"Q6_K", 288, "Q8_0"},
        {"Q4_K_S", 172, "F16"},   {"IQ4_NL", 172, "F16"},     {"Q8_0", 172, "F16"},       {"NVFP4", 288, "F16"},
        {"Q1_0", 288, "F16"},     {"MXFP4", 172, "F16"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        build(find_model("GQA"), cases[i].columns);
        gb_plan_options o = recipe(cases[i].recipe);
        o.pure = true;
        plan(o, find_model("GQA"));
        ck_assert_msg(strcmp(type("blk.7.attn_q.weight"), cases[i].expected) == 0, "%s of %u columns: %s",
                      cases[i].recipe, (unsigned)cases[i].columns, type("blk.7.attn_q.weight"));
        ck_assert_ptr_nonnull(strstr(row("blk.7.attn_q.weight")->note, cases[i].expected));
    }
    build(find_model("GQA"), 172);
    plan(recipe("F16"), find_model("GQA"));
    ck_assert_str_eq(row("blk.7.attn_q.weight")->note, "");
}
END_TEST

/* The rules speak first: a better type falls back to a better one. Types of llama.cpp's own tests for gpt-oss-120b. */
START_TEST(fallbacks_after_rules) {
    const model m = {"oss", {.layers = 36, .heads = 64, .kv_heads = 8, .experts = 128}, .experts = true};
    build(&m, 2880);
    for (size_t i = 0; i < count; i++)
        if (strstr(names[i], "attn_output")) rows[i].ne[0] = 4096;
    plan(recipe("Q2_K"), &m);
    ck_assert_str_eq(type("output.weight"), "Q8_0");
    ck_assert_str_eq(type("token_embd.weight"), "Q4_0");
    ck_assert_str_eq(type("blk.0.attn_k.weight"), "Q4_0");
    ck_assert_str_eq(type("blk.0.attn_v.weight"), "Q5_0");
    ck_assert_str_eq(type("blk.0.attn_output.weight"), "Q3_K");
    ck_assert_str_eq(type("blk.0.ffn_down_exps.weight"), "Q4_0");
    plan(recipe("Q4_0"), &m); /* 2880 is a multiple of Q4_0's 32, not of Q6_K's 256 */
    ck_assert_str_eq(type("output.weight"), "Q8_0");
}
END_TEST

/* --- choices of the user --------------------------------------------------------------------------------------------
 */

/* Output and embedding, tied and not; --pure leaves them alone unless they are named. */
START_TEST(output_and_embedding_types) {
    enum { T_Q4_0 = 2, T_Q8_0 = 8 };
    gb_plan_options o = recipe("Q4_K_M");
    o.output = (gb_type_choice){true, T_Q8_0};
    build(find_model("GQA"), COLUMNS);
    plan(o, find_model("GQA"));
    ck_assert_str_eq(type("output.weight"), "Q8_0");
    ck_assert_str_eq(type("token_embd.weight"), "Q4_K");
    o.embedding = (gb_type_choice){true, T_Q4_0};
    plan(o, find_model("GQA"));
    ck_assert_str_eq(type("token_embd.weight"), "Q4_0");
    o.pure = true;
    plan(o, find_model("GQA"));
    ck_assert_str_eq(type("output.weight"), "Q8_0");
    ck_assert_str_eq(type("token_embd.weight"), "Q4_0");
    ck_assert_str_eq(type("blk.0.attn_v.weight"), "Q4_K");

    build(find_model("MHA"), COLUMNS);
    o.pure = false;
    plan(o, find_model("MHA"));
    ck_assert_str_eq(type("token_embd.weight"), "Q4_0"); /* its own choice wins over that of the output it is */
    o.embedding.given = false;
    plan(o, find_model("MHA"));
    ck_assert_str_eq(type("token_embd.weight"), "Q8_0");
}
END_TEST

START_TEST(leave_output) {
    gb_plan_options o = recipe("Q4_0");
    o.leave_output = true;
    build(find_model("GQA"), COLUMNS);
    plan(o, find_model("GQA"));
    ck_assert(row("output.weight")->keep);
    ck_assert_str_eq(type("output.weight"), "F32");
    ck_assert_str_eq(type("token_embd.weight"), "Q4_0"); /* the output exists, so this is not it */
}
END_TEST

static gb_overrides *overrides(const char *const *texts) {
    gb_overrides *list = NULL;
    for (; *texts; texts++) ck_assert_msg(gb_overrides_add(&list, *texts, &err) == GB_OK, "%s", err.text);
    return list;
}

/* The first match wins, in any case, anywhere in the name, over rules and --pure; fallbacks and exceptions stay. */
START_TEST(types_by_name) {
    static const char *const texts[] = {"ATTN_V=q8_0", "blk\\.(0|1)\\.ffn_(up|gate)\\.=Q6_K",
                                        "ffn_up=q5_1", "norm=Q8_0",
                                        "^output=F16", "a(?=ttn_k)=bf16",
                                        NULL};
    for (int pure = 0; pure < 2; pure++) {
        gb_plan_options o = recipe("Q4_K_M");
        gb_overrides *list = overrides(texts);
        o.overrides = list;
        o.pure = pure != 0;
        build(find_model("GQA"), COLUMNS);
        plan(o, find_model("GQA"));
        ck_assert_str_eq(type("blk.0.attn_v.weight"), "Q8_0");
        ck_assert_str_eq(type("blk.1.ffn_up.weight"), "Q6_K");
        ck_assert_str_eq(type("blk.1.ffn_gate.weight"), "Q6_K");
        ck_assert_str_eq(type("blk.2.ffn_up.weight"), "Q5_1");
        ck_assert_str_eq(type("blk.2.ffn_gate.weight"), "Q4_K");
        ck_assert_str_eq(type("blk.0.attn_norm.weight"), "F32");
        ck_assert_str_eq(type("output.weight"), "F16");
        ck_assert_str_eq(type("blk.9.attn_k.weight"), "BF16");
        ck_assert_str_eq(type("blk.0.ffn_down.weight"), pure ? "Q4_K" : "Q6_K");
        gb_overrides_free(list);
    }
}
END_TEST

/* As in llama-quantize, the rules do not count what the user decided: the others move up. */
START_TEST(types_by_name_are_not_counted) {
    static const char *const texts[] = {"blk\\.0\\.attn_v=Q4_K", NULL};
    gb_plan_options o = recipe("Q4_K_S");
    gb_overrides *list = overrides(texts);
    o.overrides = list;
    build(find_model("GQA"), COLUMNS);
    plan(o, find_model("GQA"));
    ck_assert_str_eq(type("blk.0.attn_v.weight"), "Q4_K");
    ck_assert_str_eq(type("blk.4.attn_v.weight"), "Q5_K");
    ck_assert_str_eq(type("blk.5.attn_v.weight"), "Q4_K");
    gb_overrides_free(list);
}
END_TEST

START_TEST(wrong_types_by_name) {
    static const struct {
        const char *text, *reason;
    } bad[] = {{"attn_v", "REGEX=TYPE"}, {"=Q4_0", "REGEX=TYPE"},       {"attn_v=", "REGEX=TYPE"},
               {"attn_v=Q9", "'Q9'"},    {"attn_(v=Q4_0", "character"}, {"attn_v=q8_K", "'q8_K'"}};
    gb_overrides *list = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(gb_overrides_add(&list, bad[i].text, &err), GB_EINPUT);
        ck_assert_msg(strstr(err.text, bad[i].reason) != NULL, "%s", err.text);
    }
    gb_overrides_free(list);
    list = NULL;
    /* an expression that would run for ages: refused, not waited for */
    ck_assert_int_eq(gb_overrides_add(&list, "^(([a-z0-9._]+)+)+[!#]=Q4_0", &err), GB_OK);
    gb_plan_options o = recipe("Q8_0");
    o.overrides = list;
    build(find_model("GQA"), COLUMNS);
    ck_assert_int_eq(gb_recipe_plan(&o, &find_model("GQA")->facts, rows, count, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "expression 1"));
    gb_overrides_free(list);
}
END_TEST

/* --- what a plan needs ----------------------------------------------------------------------------------------------
 */

/* Types that are noise without an importance matrix: not where a rule or the user gives another one. */
START_TEST(needed_importance) {
    static const struct {
        const char *recipe;
        bool query, embedding;
    } cases[] = {{"IQ1_S", true, false},   {"IQ1_M", true, false},  {"IQ2_XXS", true, false}, {"IQ2_XS", true, false},
                 {"IQ2_S", true, false},   {"IQ2_M", true, false},  {"IQ3_XXS", true, false}, {"Q2_K_S", true, false},
                 {"Q2_K", false, false},   {"IQ3_XS", true, false}, {"IQ3_S", false, false},  {"IQ4_XS", false, false},
                 {"Q4_K_M", false, false}, {"TQ1_0", false, false}, {"Q4_0", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        build(find_model("GQA"), COLUMNS);
        plan(recipe(cases[i].recipe), find_model("GQA"));
        ck_assert_msg(row("blk.3.attn_q.weight")->needs_importance == cases[i].query, "%s", cases[i].recipe);
        ck_assert(!row("output.weight")->needs_importance);
        ck_assert(row("token_embd.weight")->needs_importance == cases[i].embedding);
        ck_assert(!row("blk.3.attn_norm.weight")->needs_importance);
    }
    gb_plan_options o = recipe("IQ2_XXS"); /* pure: encoders that have nothing else to go by, even for token_embd */
    o.pure = true;
    plan(o, find_model("GQA"));
    ck_assert(row("token_embd.weight")->needs_importance);
    o = recipe("IQ3_XXS");
    o.pure = true;
    plan(o, find_model("GQA"));
    ck_assert(!row("token_embd.weight")->needs_importance);
}
END_TEST

/* A plan with a type that the table of formats lacks is refused by name; the names and blocks of both tables agree. */
START_TEST(types_and_table) {
    static const struct {
        uint32_t number;
        const char *name;
        size_t elems, bytes;
    } all[] = {{0, "F32", 1, 4},         {1, "F16", 1, 2},        {2, "Q4_0", 32, 18},      {3, "Q4_1", 32, 20},
               {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},     {8, "Q8_0", 32, 34},      {10, "Q2_K", 256, 84},
               {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},  {13, "Q5_K", 256, 176},   {14, "Q6_K", 256, 210},
               {16, "IQ2_XXS", 256, 66}, {17, "IQ2_XS", 256, 74}, {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},
               {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110}, {22, "IQ2_S", 256, 82},   {23, "IQ4_XS", 256, 136},
               {29, "IQ1_M", 256, 56},   {30, "BF16", 1, 2},      {34, "TQ1_0", 256, 54},   {35, "TQ2_0", 256, 66},
               {39, "MXFP4", 32, 17},    {40, "NVFP4", 64, 36},   {41, "Q1_0", 128, 18},    {42, "Q2_0", 64, 18}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const gb_block_type t = gb_block_type_of(all[i].number);
        ck_assert_str_eq(t.NAME, all[i].name);
        ck_assert_uint_eq(t.elems, all[i].elems);
        ck_assert_uint_eq(t.bytes, all[i].bytes);
        ck_assert_uint_eq(gb_block_type_by_name(all[i].name), all[i].number);
        build(find_model("GQA"), COLUMNS);
        gb_plan_options o = recipe("F32");
        o.output = (gb_type_choice){true, all[i].number};
        plan(o, find_model("GQA"));
        ck_assert_uint_eq(gb_plan_bytes(row("output.weight")), COLUMNS * 8 / t.elems * t.bytes);
        if (gb_format_by_ggml_type(all[i].number) != GB_FORMAT_COUNT) {
            ck_assert_int_eq(gb_plan_check(rows, count, &err), GB_OK);
            continue;
        }
        ck_assert_int_eq(gb_plan_check(rows, count, &err), GB_EINPUT);
        ck_assert_ptr_nonnull(strstr(err.text, "output.weight"));
        ck_assert_ptr_nonnull(strstr(err.text, all[i].name));
    }
    ck_assert_uint_eq(gb_block_type_by_name("Q8_K"), GB_NO_TYPE); /* not for weights */
    ck_assert_uint_eq(gb_block_type_by_name(""), GB_NO_TYPE);
    ck_assert_ptr_null(gb_block_type_of(4).NAME);
}
END_TEST

/* Names in any case, the three families, file types as GGUF numbers them. */
START_TEST(recipe_names) {
    static const struct {
        const char *name, *found;
        uint32_t file_type;
    } cases[] = {{"q4_k", "Q4_K_M", 15},   {"Q3_K", "Q3_K_M", 12},         {"q5_k", "Q5_K_M", 17},
                 {"iq2_m", "IQ2_M", 29},   {"mxfp4_moe", "MXFP4_MOE", 38}, {"Q2_0", "Q2_0", 41},
                 {"Q2_K_S", "Q2_K_S", 21}, {"bf16", "BF16", 32},           {"F32", "F32", 0}};
    const gb_recipe *r = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(gb_recipe_find(cases[i].name, &r, &err), GB_OK);
        ck_assert_str_eq(r->name, cases[i].found);
        ck_assert_uint_eq(r->file_type, cases[i].file_type);
        ck_assert_str_eq(gb_file_type_name(cases[i].file_type), cases[i].found);
    }
    static const char *const unknown[] = {"", "Q4", "Q4_K_L", "Q8_K", "Q4_2", "Q4_K_M "};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        ck_assert_int_eq(gb_recipe_find(unknown[i], &r, &err), GB_EINPUT);
        ck_assert_ptr_null(r);
        ck_assert_ptr_nonnull(strstr(err.text, "Q4_K_M"));
        ck_assert_ptr_nonnull(strstr(err.text, "Q2_0"));
    }
    ck_assert_ptr_null(gb_file_type_name(33));
    ck_assert_ptr_null(gb_file_type_name(UINT64_MAX));
}
END_TEST

/* Files that llama-quantize made of a model of Llama 3.2 1B's shape: the differences of their sizes are those of plans.
 */
START_TEST(sizes_of_llama_3_2_1b) {
    static const struct {
        const char *part;
        uint64_t columns, rows;
    } parts[] = {{"attn_q", 2048, 2048},   {"attn_k", 2048, 512},  {"attn_v", 2048, 512},   {"attn_output", 2048, 2048},
                 {"ffn_gate", 2048, 8192}, {"ffn_up", 2048, 8192}, {"ffn_down", 8192, 2048}};
    static const struct {
        const char *recipe;
        uint64_t bytes;
    } files[] = {{"Q8_0", 1316996224},  {"Q6_K", 1017713792},  {"Q5_K_M", 907416704},
                 {"Q4_K_M", 803607680}, {"Q4_0", 766841984},   {"IQ4_XS", 744297600},
                 {"Q3_K_L", 728437888}, {"Q3_K_M", 686756992}, {"Q2_K", 576787584}};
    const gb_model_facts facts = {.layers = 16, .heads = 32, .kv_heads = 8};
    uint64_t q8_0 = 0;
    count = 0;
    add("token_embd.weight", 2, 2048, 1);
    rows[0].ne[1] = 128256;
    for (unsigned layer = 0; layer < 16; layer++)
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            char name[64];
            (void)snprintf(name, sizeof name, "blk.%u.%s.weight", layer, parts[i].part);
            add(name, 2, parts[i].columns, 1);
            rows[count - 1].ne[1] = parts[i].rows;
        }
    for (size_t k = 0; k < sizeof files / sizeof files[0]; k++) {
        gb_plan_options o = recipe(files[k].recipe);
        uint64_t bytes = 0;
        ck_assert_int_eq(gb_recipe_plan(&o, &facts, rows, count, &err), GB_OK);
        for (size_t i = 0; i < count; i++) bytes += gb_plan_bytes(&rows[i]);
        if (k == 0) q8_0 = bytes;
        ck_assert_msg(q8_0 - bytes == files[0].bytes - files[k].bytes, "%s: %llu bytes less than Q8_0", files[k].recipe,
                      (unsigned long long)(q8_0 - bytes));
    }
}
END_TEST

/* --- facts ----------------------------------------------------------------------------------------------------------
 */

static void facts_of(const image *im, gb_model_facts *facts) {
    gb_gguf *f = NULL;
    ck_assert_msg(gb_gguf_open(image_save(im, "facts.gguf"), &f, &err) == GB_OK, "%s", err.text);
    ck_assert_msg(gb_model_facts_read(f, facts, &err) == GB_OK, "%s", err.text);
    gb_gguf_close(f);
}

static void begin_facts(image *im, const char *arch, uint64_t keys) {
    memset(im, 0, sizeof *im);
    image_begin(im, 0, keys + 1);
    image_key(im, "general.architecture", GB_GGUF_STRING);
    image_str(im, arch);
}

/* Keys of the architecture; heads per layer; the classes that have rules of their own. */
START_TEST(facts_from_keys) {
    static image im;
    gb_model_facts facts;
    begin_facts(&im, "llama", 3);
    image_key_u32(&im, "llama.block_count", 80);
    image_key_u32(&im, "llama.attention.head_count", 64);
    image_key_u32(&im, "falcon.expert_count", 8); /* another architecture's */
    facts_of(&im, &facts);
    ck_assert_uint_eq(facts.layers, 80);
    ck_assert_uint_eq(facts.heads, 64);
    ck_assert_uint_eq(facts.kv_heads, 64); /* absent: as many */
    ck_assert_uint_eq(facts.experts, 0);
    ck_assert(!facts.class_70b); /* 65B */
    ck_assert(!facts.falcon);

    begin_facts(&im, "llama", 3);
    image_key_u32(&im, "llama.block_count", 80);
    image_key_u32(&im, "llama.attention.head_count", 64);
    image_key_u32(&im, "llama.attention.head_count_kv", 8);
    facts_of(&im, &facts);
    ck_assert(facts.class_70b);

    begin_facts(&im, "qwen2", 1);
    image_key_u32(&im, "qwen2.block_count", 80);
    facts_of(&im, &facts);
    ck_assert(facts.class_70b);

    begin_facts(&im, "falcon", 2);
    image_key_u32(&im, "falcon.expert_count", 8);
    image_key(&im, "falcon.attention.head_count", GB_GGUF_ARRAY);
    image_u32(&im, GB_GGUF_U32);
    image_u64(&im, 3);
    for (uint32_t i = 0; i < 3; i++) image_u32(&im, 71 - i);
    facts_of(&im, &facts);
    ck_assert(facts.falcon);
    ck_assert_uint_eq(facts.heads, 71); /* the first layer's */
    ck_assert_uint_eq(facts.experts, 8);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("recipe");
    TCase *plans = tcase_create("plans");
    tcase_add_loop_test(plans, decisions_as_described, 0, (int)(sizeof decisions / sizeof decisions[0]));
    tcase_add_test(plans, every_recipe_is_described);
    tcase_add_test(plans, layers_of_experts);
    tcase_add_test(plans, untouched);
    tcase_add_test(plans, fallbacks);
    tcase_add_test(plans, fallbacks_after_rules);
    tcase_add_test(plans, output_and_embedding_types);
    tcase_add_test(plans, leave_output);
    tcase_add_test(plans, types_by_name);
    tcase_add_test(plans, types_by_name_are_not_counted);
    tcase_add_test(plans, wrong_types_by_name);
    tcase_add_test(plans, needed_importance);
    tcase_add_test(plans, types_and_table);
    tcase_add_test(plans, recipe_names);
    tcase_add_test(plans, sizes_of_llama_3_2_1b);
    suite_add_tcase(suite, plans);
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, scratch_enter, scratch_leave);
    tcase_add_test(files, facts_from_keys);
    suite_add_tcase(suite, files);
    return run_suite(suite);
}
