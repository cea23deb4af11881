#include "tests/support/float_model.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/rng.h"
#include "model/gguf.h"

float_model float_model_shape(void) {
    return (float_model){.vocab = 300,
                         .dim = 32,
                         .layers = 2,
                         .heads = 4,
                         .kv_heads = 2,
                         .head_dim = 8,
                         .ffn = 48,
                         .context = 64,
                         .tied = true,
                         .rope_base = 10000.0F,
                         .eps = 1e-5F};
}

static const struct {
    const char *hf, *gguf;
} parts[] = {
    {"input_layernorm.weight", "attn_norm.weight"},
    {"self_attn.q_proj.weight", "attn_q.weight"},
    {"self_attn.k_proj.weight", "attn_k.weight"},
    {"self_attn.v_proj.weight", "attn_v.weight"},
    {"self_attn.o_proj.weight", "attn_output.weight"},
    {"post_attention_layernorm.weight", "ffn_norm.weight"},
    {"mlp.gate_proj.weight", "ffn_gate.weight"},
    {"mlp.up_proj.weight", "ffn_up.weight"},
    {"mlp.down_proj.weight", "ffn_down.weight"},
    {"self_attn.q_proj.bias", "attn_q.bias"},
    {"self_attn.k_proj.bias", "attn_k.bias"},
    {"self_attn.v_proj.bias", "attn_v.bias"},
    {"self_attn.o_proj.bias", "attn_output.bias"},
    {"mlp.gate_proj.bias", "ffn_gate.bias"},
    {"mlp.up_proj.bias", "ffn_up.bias"},
    {"mlp.down_proj.bias", "ffn_down.bias"},
};
enum { PARTS = sizeof parts / sizeof parts[0] };

const char *float_model_gguf_part(const char *hf_part) {
    for (size_t i = 0; i < PARTS; i++)
        if (strcmp(parts[i].hf, hf_part) == 0) return parts[i].gguf;
    return NULL;
}

static void add(float_model *m, uint64_t seed, const char *name, size_t rows, size_t cols) {
    ck_assert_uint_lt(m->count, FLOAT_MODEL_TENSORS);
    float_tensor *t = &m->tensors[m->count++];
    (void)snprintf(t->name, sizeof t->name, "%s", name);
    t->rows = rows;
    t->cols = cols;
    const size_t n = (rows ? rows : 1) * cols;
    ck_assert_uint_gt(n, 0);
    t->data = calloc(n, sizeof *t->data);
    ck_assert_ptr_nonnull(t->data);
    gb_rng rng;
    gb_rng_seed(&rng, seed, name);
    const bool norm = strstr(name, "norm") != NULL;
    for (size_t i = 0; i < n; i++) {
        const float x = (float)((int)(gb_rng_uniform(&rng) * 129.0) - 64) / 128.0F;
        t->data[i] = norm ? 1.0F + x / 2.0F : x;
    }
}

static void add_linear(float_model *m, uint64_t seed, size_t layer, const char *name, size_t rows, size_t cols,
                       bool bias) {
    char full[96];
    (void)snprintf(full, sizeof full, "model.layers.%zu.%s.weight", layer, name);
    add(m, seed, full, rows, cols);
    (void)snprintf(full, sizeof full, "model.layers.%zu.%s.bias", layer, name);
    if (bias) add(m, seed, full, 0, rows);
}

void float_model_fill(float_model *m, uint64_t seed) {
    const size_t q = m->heads * m->head_dim;
    const size_t kv = m->kv_heads * m->head_dim;
    add(m, seed, "model.embed_tokens.weight", m->vocab, m->dim);
    add(m, seed, "model.norm.weight", 0, m->dim);
    if (!m->tied) add(m, seed, "lm_head.weight", m->vocab, m->dim);
    for (size_t i = 0; i < m->layers; i++) {
        char name[96];
        (void)snprintf(name, sizeof name, "model.layers.%zu.input_layernorm.weight", i);
        add(m, seed, name, 0, m->dim);
        add_linear(m, seed, i, "self_attn.q_proj", q, m->dim, m->qkv_bias);
        add_linear(m, seed, i, "self_attn.k_proj", kv, m->dim, m->qkv_bias);
        add_linear(m, seed, i, "self_attn.v_proj", kv, m->dim, m->qkv_bias);
        add_linear(m, seed, i, "self_attn.o_proj", m->dim, q, m->o_bias);
        (void)snprintf(name, sizeof name, "model.layers.%zu.post_attention_layernorm.weight", i);
        add(m, seed, name, 0, m->dim);
        add_linear(m, seed, i, "mlp.gate_proj", m->ffn, m->dim, m->mlp_bias);
        add_linear(m, seed, i, "mlp.up_proj", m->ffn, m->dim, m->mlp_bias);
        add_linear(m, seed, i, "mlp.down_proj", m->dim, m->ffn, m->mlp_bias);
    }
}

void float_model_free(float_model *m) {
    for (size_t i = 0; i < m->count; i++) free(m->tensors[i].data);
    m->count = 0;
}

float_tensor *float_model_find(float_model *m, const char *name) {
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->tensors[i].name, name) == 0) return &m->tensors[i];
    return NULL;
}

/* --- the pass in double ------------------------------------------------------------------------------------------- */

static double *numbers(size_t n) {
    double *x = calloc(n, sizeof *x);
    ck_assert_ptr_nonnull(x);
    return x;
}

static const float_tensor *part(float_model *m, size_t layer, const char *name, const char *kind) {
    char full[128];
    (void)snprintf(full, sizeof full, "model.layers.%zu.%s.%s", layer, name, kind);
    return float_model_find(m, full);
}

static void normalize(const float_model *m, const float_tensor *w, const double *x, double *y) {
    double sum = 0;
    for (size_t i = 0; i < m->dim; i++) sum += x[i] * x[i];
    const double scale = 1.0 / sqrt(sum / (double)m->dim + (double)m->eps);
    for (size_t i = 0; i < m->dim; i++) y[i] = x[i] * scale * (double)w->data[i];
}

static void linear(float_model *m, size_t layer, const char *name, const double *x, double *y) {
    const float_tensor *w = part(m, layer, name, "weight");
    const float_tensor *b = part(m, layer, name, "bias");
    for (size_t r = 0; r < w->rows; r++) {
        y[r] = b ? (double)b->data[r] : 0.0;
        for (size_t c = 0; c < w->cols; c++) y[r] += (double)w->data[r * w->cols + c] * x[c];
    }
}

/* Elements i and i + head_dim / 2 of a head are one pair. */
static void turn(const float_model *m, double *x, size_t heads, size_t position) {
    const size_t half = m->head_dim / 2;
    for (size_t h = 0; h < heads; h++)
        for (size_t i = 0; i < half; i++) {
            double angle = (double)position * pow((double)m->rope_base, -2.0 * (double)i / (double)m->head_dim);
            if (m->rope_factors) angle /= (double)m->rope_factors[i];
            double *a = x + h * m->head_dim + i;
            double *b = a + half;
            const double re = *a;
            *a = re * cos(angle) - *b * sin(angle);
            *b = re * sin(angle) + *b * cos(angle);
        }
}

typedef struct pass {
    float_model *m;
    double *x, *h, *q, *k, *v, *gate, *up; /* one token; k, v: [layer][position] */
    size_t kv;
} pass;

static void attend(const pass *p, size_t layer, size_t position) {
    const float_model *m = p->m;
    double *out = numbers(m->heads * m->head_dim);
    double *scores = numbers(position + 1);
    for (size_t h = 0; h < m->heads; h++) {
        const size_t shared = h / (m->heads / m->kv_heads) * m->head_dim;
        double sum = 0;
        for (size_t t = 0; t <= position; t++) {
            const double *k = p->k + (layer * m->context + t) * p->kv + shared;
            scores[t] = 0;
            for (size_t i = 0; i < m->head_dim; i++) scores[t] += p->q[h * m->head_dim + i] * k[i];
            scores[t] = exp(scores[t] / sqrt((double)m->head_dim));
            sum += scores[t];
        }
        for (size_t t = 0; t <= position; t++)
            for (size_t i = 0; i < m->head_dim; i++)
                out[h * m->head_dim + i] += scores[t] / sum * p->v[(layer * m->context + t) * p->kv + shared + i];
    }
    memcpy(p->q, out, m->heads * m->head_dim * sizeof *out);
    free(out);
    free(scores);
}

static void one_layer(const pass *p, size_t layer, size_t position) {
    float_model *m = p->m;
    double *k = p->k + (layer * m->context + position) * p->kv;
    normalize(m, part(m, layer, "input_layernorm", "weight"), p->x, p->h);
    linear(m, layer, "self_attn.q_proj", p->h, p->q);
    linear(m, layer, "self_attn.k_proj", p->h, k);
    linear(m, layer, "self_attn.v_proj", p->h, p->v + (layer * m->context + position) * p->kv);
    turn(m, p->q, m->heads, position);
    turn(m, k, m->kv_heads, position);
    attend(p, layer, position);
    linear(m, layer, "self_attn.o_proj", p->q, p->h);
    for (size_t i = 0; i < m->dim; i++) p->x[i] += p->h[i];
    normalize(m, part(m, layer, "post_attention_layernorm", "weight"), p->x, p->h);
    linear(m, layer, "mlp.gate_proj", p->h, p->gate);
    linear(m, layer, "mlp.up_proj", p->h, p->up);
    for (size_t i = 0; i < m->ffn; i++) p->gate[i] = p->gate[i] / (1.0 + exp(-p->gate[i])) * p->up[i];
    linear(m, layer, "mlp.down_proj", p->gate, p->h);
    for (size_t i = 0; i < m->dim; i++) p->x[i] += p->h[i];
}

void float_model_logits(float_model *m, const int32_t *ids, size_t count, double *logits) {
    ck_assert_uint_le(count, m->context);
    pass p = {.m = m, .kv = m->kv_heads * m->head_dim};
    p.x = numbers(m->dim);
    p.h = numbers(m->dim);
    p.q = numbers(m->heads * m->head_dim);
    p.k = numbers(m->layers * m->context * p.kv);
    p.v = numbers(m->layers * m->context * p.kv);
    p.gate = numbers(m->ffn);
    p.up = numbers(m->ffn);
    const float_tensor *embedding = float_model_find(m, "model.embed_tokens.weight");
    const float_tensor *output = m->tied ? embedding : float_model_find(m, "lm_head.weight");
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < m->dim; i++) p.x[i] = (double)embedding->data[(size_t)ids[t] * m->dim + i];
        for (size_t layer = 0; layer < m->layers; layer++) one_layer(&p, layer, t);
    }
    normalize(m, float_model_find(m, "model.norm.weight"), p.x, p.h);
    for (size_t r = 0; r < m->vocab; r++) {
        logits[r] = 0;
        for (size_t i = 0; i < m->dim; i++) logits[r] += (double)output->data[r * m->dim + i] * p.h[i];
    }
    double *const owned[] = {p.x, p.h, p.q, p.k, p.v, p.gate, p.up};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
}

/* --- as a GGUF file ----------------------------------------------------------------------------------------------- */

static void gguf_name(const char *hf, char name[96]) {
    static const struct {
        const char *hf, *gguf;
    } whole[] = {{"model.embed_tokens.weight", "token_embd.weight"},
                 {"model.norm.weight", "output_norm.weight"},
                 {"lm_head.weight", "output.weight"}};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (strcmp(whole[i].hf, hf) == 0) {
            (void)snprintf(name, 96, "%s", whole[i].gguf);
            return;
        }
    const char *layer = hf + strlen("model.layers.");
    const char *rest = strchr(layer, '.') + 1;
    (void)snprintf(name, 96, "blk.%d.%s", atoi(layer), float_model_gguf_part(rest));
}

static void put_keys(const float_model *m, gb_gguf_writer *w, const char *architecture) {
    const struct {
        const char *key;
        size_t value;
    } sizes[] = {{"block_count", m->layers},
                 {"context_length", m->context},
                 {"embedding_length", m->dim},
                 {"feed_forward_length", m->ffn},
                 {"attention.head_count", m->heads},
                 {"attention.head_count_kv", m->kv_heads},
                 {"attention.key_length", m->head_dim},
                 {"attention.value_length", m->head_dim}};
    gb_error err = {0};
    char key[96];
    ck_assert_int_eq(gb_gguf_put_str(w, "general.architecture", architecture, &err), 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        (void)snprintf(key, sizeof key, "%s.%s", architecture, sizes[i].key);
        ck_assert_int_eq(gb_gguf_put_u32(w, key, (uint32_t)sizes[i].value, &err), 0);
    }
    (void)snprintf(key, sizeof key, "%s.attention.layer_norm_rms_epsilon", architecture);
    ck_assert_int_eq(gb_gguf_put_f32(w, key, m->eps, &err), 0);
    (void)snprintf(key, sizeof key, "%s.rope.freq_base", architecture);
    ck_assert_int_eq(gb_gguf_put_f32(w, key, m->rope_base, &err), 0);
}

/* Row r of the file is this row of the model. */
static size_t source_row(const float_model *m, const float_tensor *t, size_t r) {
    const size_t half = m->head_dim / 2;
    const size_t in_head = r % m->head_dim;
    if (!strstr(t->name, "q_proj") && !strstr(t->name, "k_proj")) return r;
    return r - in_head + (in_head % 2 ? half + in_head / 2 : in_head / 2);
}

void float_model_write_gguf(float_model *m, const char *path, const char *architecture, bool interleave) {
    gb_error err = {0};
    gb_gguf_writer *w = NULL;
    ck_assert_msg(gb_gguf_writer_new(path, &w, &err) == 0, "%s", err.text);
    put_keys(m, w, architecture);
    for (size_t i = 0; i < m->count; i++) {
        const float_tensor *t = &m->tensors[i];
        const uint64_t ne[4] = {t->cols, t->rows ? t->rows : 1, 1, 1};
        char name[96];
        gguf_name(t->name, name);
        ck_assert_int_eq(gb_gguf_put_tensor(w, (gb_str){name, strlen(name)}, t->rows ? 2 : 1, ne, GB_FORMAT_f32, &err),
                         0);
    }
    ck_assert_int_eq(gb_gguf_begin_data(w, &err), 0);
    for (size_t i = 0; i < m->count; i++) {
        const float_tensor *t = &m->tensors[i];
        const size_t rows = t->rows ? t->rows : t->cols;
        const size_t cols = t->rows ? t->cols : 1;
        for (size_t r = 0; r < rows; r++) {
            const float *row = t->data + (interleave ? source_row(m, t, r) : r) * cols;
            ck_assert_int_eq(gb_gguf_write_data(w, row, cols * sizeof *row, &err), 0);
        }
    }
    ck_assert_msg(gb_gguf_writer_commit(w, &err) == 0, "%s", err.text);
}
