#include "model/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "harness/alloc.h"
#include "model/foreign.h"

static const gb_recipe recipes[] = {
    {"F32", 0, GB_FORMAT_f32},      {"F16", 1, GB_FORMAT_f16},    {"BF16", 32, GB_FORMAT_bf16},
    {"Q8_0", 7, GB_FORMAT_q8_0},    {"Q6_K", 18, GB_FORMAT_q6_K}, {"Q4_K_M", 15, GB_FORMAT_q4_K},
    {"Q4_K_S", 14, GB_FORMAT_q4_K}, {"Q4_0", 2, GB_FORMAT_q4_0},  {"Q4_1", 3, GB_FORMAT_q4_1},
    {"Q5_0", 8, GB_FORMAT_q5_0},    {"Q5_1", 9, GB_FORMAT_q5_1},
};
enum { RECIPE_COUNT = sizeof recipes / sizeof recipes[0] };

enum { FT_Q4_K_S = 14, FT_Q4_K_M = 15 };

/* Type numbers that rules and fallbacks name. */
enum { T_F16 = 1, T_Q5_0 = 6, T_Q5_1 = 7, T_Q8_0 = 8, T_Q4_K = 12, T_Q5_K = 13, T_Q6_K = 14 };

static const char *const file_type_names[] = {
    [0] = "F32",     [1] = "F16",     [2] = "Q4_0",       [3] = "Q4_1",    [7] = "Q8_0",     [8] = "Q5_0",
    [9] = "Q5_1",    [10] = "Q2_K",   [11] = "Q3_K_S",    [12] = "Q3_K_M", [13] = "Q3_K_L",  [14] = "Q4_K_S",
    [15] = "Q4_K_M", [16] = "Q5_K_S", [17] = "Q5_K_M",    [18] = "Q6_K",   [19] = "IQ2_XXS", [20] = "IQ2_XS",
    [21] = "Q2_K_S", [22] = "IQ3_XS", [23] = "IQ3_XXS",   [24] = "IQ1_S",  [25] = "IQ4_NL",  [26] = "IQ3_S",
    [27] = "IQ3_M",  [28] = "IQ2_S",  [29] = "IQ2_M",     [30] = "IQ4_XS", [31] = "IQ1_M",   [32] = "BF16",
    [36] = "TQ1_0",  [37] = "TQ2_0",  [38] = "MXFP4_MOE", [39] = "NVFP4",  [40] = "Q1_0",
};

const char *gb_file_type_name(uint64_t file_type) {
    return file_type < sizeof file_type_names / sizeof file_type_names[0] ? file_type_names[file_type]
                                                                          : gb_foreign_file_type_name(file_type);
}

int gb_recipe_find(const char *name, const gb_recipe **out, gb_error *err) {
    const char *wanted = strcasecmp(name, "Q4_K") == 0 ? "Q4_K_M" : name;
    char names[256] = "";
    for (size_t i = 0; i < RECIPE_COUNT; i++) {
        *out = &recipes[i];
        if (strcasecmp(recipes[i].name, wanted) == 0) return GB_OK;
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, " %s", recipes[i].name);
    }
    *out = gb_foreign_recipe(name);
    if (*out) return GB_OK;
    return gb_fail(err, GB_EINPUT, "unknown type '%s', expected one of%s, or a format of 'gaugeblock list formats'",
                   name, names);
}

int gb_model_facts_read(const gb_gguf *file, gb_model_facts *out, gb_error *err) {
    *out = (gb_model_facts){0};
    gb_str arch;
    int rc = gb_gguf_get_str_or(file, "general.architecture", "llama", &arch, err);
    const struct {
        const char *suffix;
        uint64_t *value;
    } wanted[] = {{"block_count", &out->layers},
                  {"attention.head_count", &out->heads},
                  {"attention.head_count_kv", &out->kv_heads},
                  {"expert_count", &out->experts}};
    for (size_t i = 0; !rc && i < sizeof wanted / sizeof wanted[0]; i++) {
        char key[160];
        const int size = arch.size < 64 ? (int)arch.size : 64; /* a longer name has no keys we know */
        snprintf(key, sizeof key, "%.*s.%s", size, arch.data, wanted[i].suffix);
        /* some architectures have one head count per layer: then no rule depends on it */
        const gb_gguf_key *k = gb_gguf_find_key(file, key);
        if (k && k->type != GB_GGUF_ARRAY) rc = gb_gguf_get_u64(file, key, wanted[i].value, err);
    }
    return rc;
}

static bool contains(gb_str name, const char *part) {
    return memmem(name.data, name.size, part, strlen(part)) != NULL;
}

static bool ends_with(gb_str name, const char *tail) {
    const size_t n = strlen(tail);
    return name.size >= n && memcmp(name.data + name.size - n, tail, n) == 0;
}

/* Small or sensitive matrices that llama-quantize leaves alone. */
static const char *const untouched[] = {
    "_norm.weight", "ffn_gate_inp.weight", "position_embd.weight", "token_types.weight", "ssm_conv1d",
    "shortconv",    "time_mix_",           "attn_rel_b.weight",
};

static bool is_matrix(const gb_plan_row *row) {
    if (row->dims < 2 || !ends_with(row->name, "weight")) return false;
    for (size_t i = 0; i < sizeof untouched / sizeof untouched[0]; i++)
        if (contains(row->name, untouched[i])) return false;
    return true;
}

/* N of "blk.N.": -1 for tensors outside the layers. */
static long block_of(gb_str name) {
    if (name.size < 5 || memcmp(name.data, "blk.", 4) != 0) return -1;
    long block = 0;
    size_t i = 4;
    for (; i < name.size && name.data[i] >= '0' && name.data[i] <= '9' && block < 1000000; i++)
        block = block * 10 + (name.data[i] - '0');
    return i > 4 && i < name.size && name.data[i] == '.' ? block : -1;
}

static int by_block_and_name(const void *a, const void *b) {
    const gb_plan_row *const *x = a;
    const gb_plan_row *const *y = b;
    const long bx = block_of((*x)->name);
    const long by = block_of((*y)->name);
    if (bx != by) return bx < by ? -1 : 1;
    const size_t n = (*x)->name.size < (*y)->name.size ? (*x)->name.size : (*y)->name.size;
    const int order = memcmp((*x)->name.data, (*y)->name.data, n);
    return order ? order : ((*x)->name.size > (*y)->name.size) - ((*x)->name.size < (*y)->name.size);
}

/* Progress through the tensors of each role. */
typedef struct counters {
    const gb_recipe *recipe;
    const gb_model_facts *facts;
    bool tied;
    uint64_t v, v_total, down;
} counters;

/* The layers that get more bits: the first and last eighth, and every third between. */
static bool more_bits(uint64_t i, uint64_t n) {
    return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
}

static uint32_t attn_v_type(counters *c, uint32_t type) {
    const uint64_t i = c->v++;
    if (c->recipe->file_type == FT_Q4_K_M && more_bits(i, c->v_total)) type = T_Q6_K;
    if (c->recipe->file_type == FT_Q4_K_S && i < 4) type = T_Q5_K;
    /* models of the 70B class: 80 layers and few KV heads, so attn_v is small and shared by many heads */
    if (c->facts->layers == 80 && c->facts->heads != c->facts->kv_heads && type == T_Q4_K) type = T_Q5_K;
    return c->facts->experts == 8 ? T_Q8_0 : type;
}

static uint32_t ffn_down_type(counters *c, gb_str name, uint32_t type) {
    const uint64_t counted = c->down++;
    /* experts may be stored one by one: then the layer is in the name, not in the count */
    const uint64_t i = c->facts->experts > 1 && block_of(name) >= 0 ? (uint64_t)block_of(name) : counted;
    if (c->recipe->file_type == FT_Q4_K_M && more_bits(i, c->facts->layers)) return T_Q6_K;
    if (c->recipe->file_type == FT_Q4_K_S && i < c->facts->layers / 8) return T_Q5_K;
    return type;
}

/* The type number that the rules give to one matrix. */
static uint32_t rule(counters *c, const gb_plan_row *row) {
    const gb_format_info *base = &gb_formats[c->recipe->base];
    const uint32_t ft = c->recipe->file_type;
    if (gb_is_foreign(c->recipe->base)) {
        const bool is_end = gb_str_equal(row->name, "output.weight") || gb_str_equal(row->name, "token_embd.weight");
        return is_end ? T_F16 : base->ggml_type;
    }
    if (gb_str_equal(row->name, "output.weight") || (c->tied && gb_str_equal(row->name, "token_embd.weight"))) {
        if (row->ne[0] % base->block_elems || base->ggml_type == T_Q8_0) return T_Q8_0;
        return T_Q6_K;
    }
    if (contains(row->name, "attn_v.weight")) return attn_v_type(c, base->ggml_type);
    if (contains(row->name, "attn_k.weight") && c->facts->experts == 8) return T_Q8_0;
    if (contains(row->name, "ffn_down")) return ffn_down_type(c, row->name, base->ggml_type);
    if (contains(row->name, "attn_output.weight") && c->facts->experts == 8 && base->ggml_type == T_Q4_K) return T_Q5_K;
    if (contains(row->name, "attn_qkv.weight") && ft == FT_Q4_K_M) return T_Q5_K;
    return base->ggml_type;
}

/* The type for rows that are not a whole number of blocks. */
static gb_format fallback(gb_format wanted, uint64_t columns, char *note, size_t size) {
    const uint32_t wanted_type = gb_formats[wanted].ggml_type;
    const uint32_t smaller_block = wanted_type == T_Q4_K ? T_Q5_0 : wanted_type == T_Q5_K ? T_Q5_1 : T_Q8_0;
    gb_format f = gb_format_by_ggml_type(smaller_block);
    if (columns % gb_formats[f].block_elems) f = gb_format_by_ggml_type(T_F16);
    snprintf(note, size, "rows of %llu are not a multiple of %s's block of %zu: %s", (unsigned long long)columns,
             gb_formats[wanted].NAME, gb_formats[wanted].block_elems, gb_formats[f].NAME);
    return f;
}

static void decide(counters *c, bool pure, gb_plan_row *row) {
    row->note[0] = '\0';
    row->to = row->from;
    row->keep = true;
    if (!is_matrix(row)) return;
    const gb_format_info *base = &gb_formats[c->recipe->base];
    const bool mixes = !pure && base->block_elems > 1;
    row->to = gb_format_by_ggml_type(mixes ? rule(c, row) : base->ggml_type);
    if (row->ne[0] % gb_formats[row->to].block_elems)
        row->to = fallback(row->to, row->ne[0], row->note, sizeof row->note);
    row->keep = row->to == row->from;
}

int gb_recipe_plan(const gb_recipe *recipe, bool pure, const gb_model_facts *facts, gb_plan_row *rows, size_t count,
                   gb_error *err) {
    gb_plan_row **order = gb_new(count, sizeof(gb_plan_row *), "a quantization plan", err);
    if (!order) return GB_ESYSTEM;
    counters c = {.recipe = recipe, .facts = facts, .tied = true};
    for (size_t i = 0; i < count; i++) {
        order[i] = &rows[i];
        if (gb_str_equal(rows[i].name, "output.weight")) c.tied = false;
        if (contains(rows[i].name, "attn_v.weight") || contains(rows[i].name, "attn_qkv.weight") ||
            contains(rows[i].name, "attn_kv_b.weight"))
            c.v_total++;
    }
    qsort(order, count, sizeof(gb_plan_row *), by_block_and_name);
    for (size_t i = 0; i < count; i++) decide(&c, pure, order[i]);
    free(order);
    return GB_OK;
}

uint64_t gb_plan_elements(const gb_plan_row *row) {
    return row->ne[0] * row->ne[1] * row->ne[2] * row->ne[3];
}

uint64_t gb_plan_bytes(const gb_plan_row *row) {
    return gb_plan_elements(row) / row->ne[0] * gb_row_bytes(row->to, row->ne[0]);
}
