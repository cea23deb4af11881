/* The plan: every tensor's facts are looked up, the rules asked in llama-quantize's order of tensors. */
#include "model/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/recipe_rules.h"

/* --- facts of the model ------------------------------------------------------------------------------------------- */

/* Architectures and layers that llama.cpp calls 70B. */
static bool is_class_70b(gb_str arch, const gb_model_facts *f) {
    static const struct {
        const char *arch;
        uint64_t layers;
    } all[] = {{"qwen2", 80}, {"deci", 80}, {"olmo", 80}, {"jais2", 68}};
    if (gb_str_equal(arch, "llama")) return f->layers == 80 && f->heads != f->kv_heads; /* 65B has as many of both */
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (gb_str_equal(arch, all[i].arch)) return f->layers == all[i].layers;
    return false;
}

/* A count, or that of the first layer where there is one per layer; 0 if absent. */
static int read_count(const gb_gguf *file, const char *key, uint64_t *out, gb_error *err) {
    const gb_gguf_key *k = gb_gguf_find_key(file, key);
    *out = 0;
    if (!k) return GB_OK;
    if (k->type != GB_GGUF_ARRAY) return gb_gguf_get_u64(file, key, out, err);
    int32_t *values = NULL;
    size_t count = 0;
    const int rc = gb_gguf_get_i32_array(file, key, &values, &count, err);
    if (!rc && count && values[0] > 0) *out = (uint64_t)values[0];
    free(values);
    return rc;
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
    bool has_kv = false;
    for (size_t i = 0; !rc && i < sizeof wanted / sizeof wanted[0]; i++) {
        char key[160];
        const int size = arch.size < 64 ? (int)arch.size : 64; /* a longer name has no keys we know */
        snprintf(key, sizeof key, "%.*s.%s", size, arch.data, wanted[i].suffix);
        rc = read_count(file, key, wanted[i].value, err);
        if (wanted[i].value == &out->kv_heads) has_kv = gb_gguf_find_key(file, key) != NULL;
    }
    if (rc) return rc;
    if (!has_kv) out->kv_heads = out->heads;
    out->falcon = gb_str_equal(arch, "falcon");
    out->class_70b = is_class_70b(arch, out);
    return GB_OK;
}

/* --- facts of a tensor -------------------------------------------------------------------------------------------- */

static bool contains(gb_str name, const char *part) {
    return memmem(name.data, name.size, part, strlen(part)) != NULL;
}

static bool ends_with(gb_str name, const char *tail) {
    const size_t n = strlen(tail);
    return name.size >= n && memcmp(name.data + name.size - n, tail, n) == 0;
}

/* Small or sensitive matrices that llama-quantize leaves alone. */
static const char *const untouched[] = {
    "_norm.weight",
    "ffn_gate_inp.weight",
    "ffn_gate_tid2eid.weight",
    "altup",
    "laurel",
    "per_layer_model_proj",
    "ssm_conv1d",
    "shortconv.conv.weight",
    "indexer.k_proj.weight",
    "indexer.q_proj.weight",
    "time_mix_first.weight",
    "time_mix_w0.weight",
    "time_mix_w1.weight",
    "time_mix_w2.weight",
    "time_mix_v0.weight",
    "time_mix_v1.weight",
    "time_mix_v2.weight",
    "time_mix_a0.weight",
    "time_mix_a1.weight",
    "time_mix_a2.weight",
    "time_mix_g1.weight",
    "time_mix_g2.weight",
    "time_mix_decay_w1.weight",
    "time_mix_decay_w2.weight",
    "time_mix_lerp_fused.weight",
    "attn_rel_b.weight",
    ".position_embd",
    "sam.pos_embd",
    "sam.neck.",
    "sam.net_",
    ".rel_pos",
    ".patch_embd",
    ".patch_merger",
    "a.rvq.codebook",
    "mm.a.code_embd",
};

/* Sizes of 1 at the end do not make a matrix. */
static bool is_matrix(const gb_plan_row *row) {
    if (row->ne[1] * row->ne[2] * row->ne[3] < 2 || !ends_with(row->name, "weight")) return false;
    if (!gb_formats[row->from].is_weight) return false;
    if (gb_str_equal(row->name, "position_embd.weight") || gb_str_equal(row->name, "token_types.weight")) return false;
    for (size_t i = 0; i < sizeof untouched / sizeof untouched[0]; i++)
        if (contains(row->name, untouched[i])) return false;
    return true;
}

static gb_role role_of(gb_str name, bool tied) {
    static const struct {
        const char *part;
        gb_role role;
    } parts[] = {{"attn_qkv.weight", GB_ROLE_V}, {"attn_kv_b.weight", GB_ROLE_V}, {"attn_v.weight", GB_ROLE_V},
                 {"attn_k.weight", GB_ROLE_K},   {"attn_q.weight", GB_ROLE_Q},    {"attn_output.weight", GB_ROLE_O},
                 {"ffn_up", GB_ROLE_UP},         {"ffn_gate", GB_ROLE_GATE},      {"ffn_down", GB_ROLE_DOWN}};
    if (gb_str_equal(name, "output.weight")) return GB_ROLE_OUTPUT;
    if (gb_str_equal(name, "token_embd.weight") || gb_str_equal(name, "per_layer_token_embd.weight"))
        return tied ? GB_ROLE_OUTPUT : GB_ROLE_EMBED;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (contains(name, parts[i].part)) return parts[i].role;
    return GB_ROLE_OTHER;
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

typedef struct place_in_order {
    const gb_plan_row *row;
    size_t index;
} place_in_order;

static int by_block_and_name(const void *a, const void *b) {
    const gb_str x = ((const place_in_order *)a)->row->name;
    const gb_str y = ((const place_in_order *)b)->row->name;
    const long block_x = block_of(x);
    const long block_y = block_of(y);
    if (block_x != block_y) return block_x < block_y ? -1 : 1;
    const int order = memcmp(x.data, y.data, x.size < y.size ? x.size : y.size);
    return order ? order : (x.size > y.size) - (x.size < y.size);
}

int gb_plan_order(const gb_plan_row *rows, size_t count, size_t **order, gb_error *err) {
    *order = gb_new(count, sizeof **order, "the order of tensors", err);
    place_in_order *places = gb_new(count, sizeof *places, "the order of tensors", err);
    if (!*order || !places) {
        free(*order);
        free(places);
        return GB_ESYSTEM;
    }
    for (size_t i = 0; i < count; i++) places[i] = (place_in_order){&rows[i], i};
    qsort(places, count, sizeof *places, by_block_and_name);
    for (size_t i = 0; i < count; i++) (*order)[i] = places[i].index;
    free(places);
    return GB_OK;
}

/* --- the decision ------------------------------------------------------------------------------------------------- */

/* What planning knows: the question, and how many tensors of each kind have been decided by the rules. */
typedef struct planner {
    const gb_plan_options *options;
    const gb_model_facts *facts;
    bool tied;
    uint64_t v_total;
    uint64_t v, up, gate, down;
} planner;

/* The layers that get more bits: the first and last eighth, and every third between. */
static bool gets_more(uint64_t i, uint64_t n) {
    return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
}

static unsigned place(uint64_t i, uint64_t n) {
    return (i < 2 ? GB_IN_FIRST_2 : 0U) | (i < 4 ? GB_IN_FIRST_4 : 0U) | (i < n / 16 ? GB_IN_FIRST_16TH : 0U) |
           (i < n / 8 ? GB_IN_FIRST_8TH : 0U) | (i >= n / 8 && i < 7 * n / 8 ? GB_IN_MIDDLE : 0U) |
           (gets_more(i, n) ? GB_GETS_MORE : 0U);
}

/* Place among the matrices of its kind. With experts the layer is read from the name, as they may be stored one by one;
 * the recipes below 3 bits count nevertheless. */
static unsigned next_place(planner *p, const gb_plan_row *row, gb_role role) {
    uint64_t *counter = role == GB_ROLE_V      ? &p->v
                        : role == GB_ROLE_UP   ? &p->up
                        : role == GB_ROLE_GATE ? &p->gate
                        : role == GB_ROLE_DOWN ? &p->down
                                               : NULL;
    if (!counter) return 0;
    uint64_t i = (*counter)++;
    if (role == GB_ROLE_V) return place(i, p->v_total);
    const long block = block_of(row->name);
    if (p->facts->experts > 1 && block >= 0 && !gb_recipe_counts_layers(p->options->recipe)) i = (uint64_t)block;
    return place(i, p->facts->layers);
}

static unsigned conditions(planner *p, const gb_plan_row *row, gb_role role) {
    const gb_model_facts *f = p->facts;
    const bool gqa4 = f->kv_heads && f->heads / f->kv_heads >= 4;
    const bool ragged = row->ne[0] % gb_block_type_of(p->options->recipe->base).elems != 0;
    return (gqa4 ? GB_IS_GQA4 : 0U) | (gqa4 || f->experts >= 4 ? GB_IS_SHARED : 0U) |
           (f->experts == 8 ? GB_IS_EXPERTS8 : (unsigned)GB_NOT_EXPERTS8) |
           (f->falcon ? GB_IS_FALCON : (unsigned)GB_NOT_FALCON) |
           (p->options->importance ? GB_WITH_IMPORTANCE : (unsigned)GB_NO_IMPORTANCE) | (ragged ? GB_IS_RAGGED : 0U) |
           (row->ne[2] > 1 ? GB_IS_STACK : 0U) | next_place(p, row, role);
}

/* The type that the rules give to one matrix. */
static uint32_t by_rules(planner *p, const gb_plan_row *row, gb_role role) {
    const gb_recipe *recipe = p->options->recipe;
    const unsigned is = conditions(p, row, role); /* counts, so it comes before any return */
    if (role == GB_ROLE_OUTPUT && p->options->output.given) return p->options->output.type;
    uint32_t type = gb_rule_type(recipe, role, is);
    if (type == GB_NO_TYPE) type = recipe->base;
    if (role != GB_ROLE_V || !gb_recipe_corrects_v(recipe)) return type;
    if (p->facts->class_70b && (type == T_Q3_K || type == T_Q4_K)) type = T_Q5_K;
    return p->facts->experts == 8 ? T_Q8_0 : type;
}

/* Explicit types come first; a tensor that has one is not counted among its kind, as in llama-quantize. */
static int wanted_type(planner *p, const gb_plan_row *row, uint32_t *type, gb_error *err) {
    const gb_plan_options *o = p->options;
    const gb_role untied_role = role_of(row->name, false);
    const int rc = gb_overrides_match(o->overrides, row->name, type, err);
    if (rc) return rc;
    if (untied_role == GB_ROLE_EMBED && o->embedding.given)
        *type = o->embedding.type;
    else if (untied_role == GB_ROLE_OUTPUT && o->output.given)
        *type = o->output.type;
    if (*type != GB_NO_TYPE) return GB_OK;
    const bool mixes = !o->pure && gb_block_type_of(o->recipe->base).elems > 1;
    *type = mixes ? by_rules(p, row, role_of(row->name, p->tied)) : o->recipe->base;
    return GB_OK;
}

/* The type for rows that are not a whole number of blocks. */
static uint32_t fit(gb_plan_row *row, uint32_t type) {
    const gb_block_type wanted = gb_block_type_of(type);
    const uint64_t columns = row->ne[0];
    if (columns % wanted.elems == 0) return type;
    uint32_t fallback = gb_fallback_type(type);
    if (columns % gb_block_type_of(fallback).elems) fallback = T_F16;
    snprintf(row->note, sizeof row->note, "rows of %llu are not a multiple of %s's block of %zu: %s",
             (unsigned long long)columns, wanted.NAME, wanted.elems, gb_block_type_of(fallback).NAME);
    return fallback;
}

static int decide(planner *p, gb_plan_row *row, gb_error *err) {
    const gb_plan_options *o = p->options;
    row->note[0] = '\0';
    row->type = gb_formats[row->from].ggml_type;
    row->to = row->from;
    row->keep = true;
    row->needs_importance = false;
    if (!is_matrix(row) || (o->leave_output && gb_str_equal(row->name, "output.weight"))) return GB_OK;
    uint32_t type = GB_NO_TYPE;
    const int rc = wanted_type(p, row, &type, err);
    if (rc) return rc;
    row->type = fit(row, type);
    row->to = gb_format_by_ggml_type(row->type);
    row->keep = row->to == row->from;
    row->needs_importance = !row->keep && gb_type_needs_importance(o->recipe, row->type, role_of(row->name, false));
    return GB_OK;
}

int gb_recipe_plan(const gb_plan_options *options, const gb_model_facts *facts, gb_plan_row *rows, size_t count,
                   gb_error *err) {
    size_t *order = NULL;
    int rc = gb_plan_order(rows, count, &order, err);
    if (rc) return rc;
    planner p = {.options = options, .facts = facts, .tied = true};
    for (size_t i = 0; i < count; i++) {
        const gb_role role = role_of(rows[i].name, false);
        if (role == GB_ROLE_OUTPUT) p.tied = false;
        if (role == GB_ROLE_V) p.v_total++;
    }
    for (size_t i = 0; !rc && i < count; i++) rc = decide(&p, &rows[order[i]], err);
    free(order);
    return rc;
}

int gb_plan_check(const gb_plan_row *rows, size_t count, gb_error *err) {
    for (size_t i = 0; i < count; i++) {
        char name[GB_SHOWN];
        if (rows[i].to != GB_FORMAT_COUNT) continue;
        return gb_fail(err, GB_EINPUT, "tensor '%s' would be %s, a type that this version lacks",
                       gb_str_show(rows[i].name, name), gb_block_type_of(rows[i].type).NAME);
    }
    return GB_OK;
}

uint64_t gb_plan_elements(const gb_plan_row *row) {
    return row->ne[0] * row->ne[1] * row->ne[2] * row->ne[3];
}

uint64_t gb_plan_bytes(const gb_plan_row *row) {
    if (row->to != GB_FORMAT_COUNT) return gb_plan_elements(row) / row->ne[0] * gb_row_bytes(row->to, row->ne[0]);
    const gb_block_type type = gb_block_type_of(row->type);
    return gb_plan_elements(row) / type.elems * type.bytes;
}
