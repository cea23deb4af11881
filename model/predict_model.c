/* What is predicted: the formats of a model's matrices, out of a file's header or out of a recipe. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/llama.h"
#include "model/predict.h"
#include "model/shape_tensors.h"

static const char *const matrix_names[GB_LAYER_MATRIX_COUNT] = {
#define GB_LAYER_MATRIX_NAME(name) #name,
    GB_LAYER_MATRICES(GB_LAYER_MATRIX_NAME)
#undef GB_LAYER_MATRIX_NAME
};

static int make_layers(gb_predict_model *m, gb_error *err) {
    m->layer = gb_new(m->sizes.layers, sizeof *m->layer, "prediction: layers", err);
    return m->layer ? GB_OK : GB_ESYSTEM;
}

int gb_predict_model_of_file(const char *path, gb_predict_model *out, gb_error *err) {
    gb_llama *m = NULL;
    *out = (gb_predict_model){0};
    int rc = gb_llama_inspect(path, &m, err);
    if (rc) return rc;
    out->sizes = (gb_model_sizes){m->n_layer, m->n_embd, m->n_head, m->n_head_kv, m->head_dim, m->n_ff, m->n_vocab};
    out->embedding = m->embedding.format;
    out->output = m->output.format;
    rc = make_layers(out, err);
    for (size_t i = 0; !rc && i < m->n_layer; i++) {
        const gb_layer *y = &m->layers[i];
        const gb_matrix *const all[GB_LAYER_MATRIX_COUNT] = {&y->q, &y->k, &y->v, &y->o, &y->gate, &y->up, &y->down};
        for (size_t j = 0; j < GB_LAYER_MATRIX_COUNT; j++) out->layer[i][j] = all[j]->format;
    }
    gb_llama_free(m);
    return rc;
}

/* The place of a tensor's format, or NULL where it is no matrix that a prediction needs. */
static gb_format *place_of(gb_predict_model *m, gb_str name) {
    if (gb_str_equal(name, "token_embd.weight")) return &m->embedding;
    if (gb_str_equal(name, "output.weight")) return &m->output;
    char text[GB_SHOWN];
    char part[GB_SHOWN];
    size_t layer = 0;
    (void)snprintf(text, sizeof text, "%.*s", (int)name.size, name.data);
    if (sscanf(text, "blk.%zu.%95[a-z_].weight", &layer, part) != 2 || layer >= m->sizes.layers) return NULL;
    for (size_t j = 0; j < GB_LAYER_MATRIX_COUNT; j++)
        if (strcmp(part, matrix_names[j]) == 0) return &m->layer[layer][j];
    return NULL;
}

int gb_predict_model_of_sizes(const gb_model_sizes *sizes, const char *recipe, gb_predict_model *out, gb_error *err) {
    const gb_shape shape = {.vocab = (uint32_t)sizes->vocab,
                            .dim = (uint32_t)sizes->embd,
                            .layers = (uint32_t)sizes->layers,
                            .heads = (uint32_t)sizes->heads,
                            .kv_heads = (uint32_t)sizes->kv_heads,
                            .head_dim = (uint32_t)sizes->head_dim,
                            .ffn = (uint32_t)sizes->ffn};
    gb_plan_options plan = {0};
    gb_shape_tensors tensors = {0};
    *out = (gb_predict_model){.sizes = *sizes};
    int rc = gb_recipe_find(recipe, &plan.recipe, err);
    if (!rc) rc = gb_shape_plan(&shape, &plan, &tensors, err);
    if (!rc) rc = make_layers(out, err);
    for (size_t i = 0; !rc && i < tensors.count; i++) {
        gb_format *place = place_of(out, tensors.rows[i].name);
        if (place) *place = tensors.rows[i].to;
    }
    gb_shape_tensors_free(&tensors);
    return rc;
}

void gb_predict_model_free(gb_predict_model *model) {
    free(model->layer);
    model->layer = NULL;
}

double gb_predict_streamed_bytes(const gb_predict_model *m) {
    const gb_model_sizes *s = &m->sizes;
    const size_t q = s->heads * s->head_dim;
    const size_t kv = s->kv_heads * s->head_dim;
    const size_t shape[GB_LAYER_MATRIX_COUNT][2] = {{s->embd, q},     {s->embd, kv},     {s->embd, kv},
                                                    {q, s->embd},     {s->embd, s->ffn}, {s->embd, s->ffn},
                                                    {s->ffn, s->embd}};
    double bytes = (double)gb_row_bytes(m->output, s->embd) * (double)s->vocab;
    for (size_t i = 0; i < s->layers; i++)
        for (size_t j = 0; j < GB_LAYER_MATRIX_COUNT; j++)
            bytes += (double)gb_row_bytes(m->layer[i][j], shape[j][0]) * (double)shape[j][1];
    return bytes;
}
