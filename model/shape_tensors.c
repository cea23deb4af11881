#include "model/shape_tensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"

static void add(gb_shape_tensors *m, const char *name, uint64_t columns, uint64_t rows) {
    char *copy = m->names[m->count];
    snprintf(copy, GB_SHOWN, "%s", name);
    m->rows[m->count++] = (gb_plan_row){.name = {copy, strlen(copy)},
                                        .dims = rows ? 2 : 1,
                                        .ne = {columns, rows ? rows : 1, 1, 1},
                                        .from = GB_FORMAT_f32};
}

static void add_layer(gb_shape_tensors *m, const gb_shape *s, uint32_t layer) {
    const uint64_t q = (uint64_t)s->heads * s->head_dim;
    const uint64_t kv = (uint64_t)s->kv_heads * s->head_dim;
    const struct {
        const char *suffix;
        uint64_t columns, rows; /* rows 0: a vector */
    } parts[] = {{"attn_norm", s->dim, 0},     {"attn_q", s->dim, q},      {"attn_k", s->dim, kv},
                 {"attn_v", s->dim, kv},       {"attn_output", q, s->dim}, {"ffn_norm", s->dim, 0},
                 {"ffn_gate", s->dim, s->ffn}, {"ffn_up", s->dim, s->ffn}, {"ffn_down", s->ffn, s->dim}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char name[GB_SHOWN];
        snprintf(name, sizeof name, "blk.%u.%s.weight", layer, parts[i].suffix);
        add(m, name, parts[i].columns, parts[i].rows);
    }
}

static int build(gb_shape_tensors *m, const gb_shape *s, gb_error *err) {
    const size_t most = (size_t)s->layers * 9 + 4;
    m->rows = gb_new(most, sizeof *m->rows, "tensors of a model", err);
    m->names = gb_new(most, sizeof *m->names, "tensors of a model", err);
    if (!m->rows || !m->names) return GB_ESYSTEM;
    add(m, "token_embd.weight", s->dim, s->vocab);
    if (s->rope_factor != 0) add(m, "rope_freqs.weight", s->head_dim / 2, 0);
    for (uint32_t layer = 0; layer < s->layers; layer++) add_layer(m, s, layer);
    add(m, "output_norm.weight", s->dim, 0);
    if (!s->tied) add(m, "output.weight", s->dim, s->vocab);
    return GB_OK;
}

int gb_shape_plan(const gb_shape *s, const gb_plan_options *plan, gb_shape_tensors *out, gb_error *err) {
    const gb_model_facts facts = {.layers = s->layers,
                                  .heads = s->heads,
                                  .kv_heads = s->kv_heads,
                                  .class_70b = s->layers == 80 && s->heads != s->kv_heads};
    *out = (gb_shape_tensors){0};
    int rc = build(out, s, err);
    if (!rc) rc = gb_recipe_plan(plan, &facts, out->rows, out->count, err);
    return rc ? rc : gb_plan_check(out->rows, out->count, err);
}

void gb_shape_tensors_free(gb_shape_tensors *tensors) {
    free(tensors->rows);
    free(tensors->names);
    *tensors = (gb_shape_tensors){0};
}
