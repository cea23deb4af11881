#include <stdlib.h>
#include <string.h>

#include "convert/packed.h"
#include "harness/alloc.h"
#include "model/shape.h"

enum { HF_NAME = 128, GGUF_NAME = 64 };

typedef struct planner {
    gb_source *s;
    const char *path;
    gb_error *err;
} planner;

/* --- one tensor --------------------------------------------------------------------------------------------------- */

static int check_shape(const planner *p, const gb_entry *e, uint64_t rows, uint64_t columns) {
    const gb_st_tensor *t = e->t;
    char found[GB_SHAPE_TEXT];
    char expected[64];
    const bool fits =
        rows ? t->dims == 2 && t->shape[0] == rows && t->shape[1] == columns : t->dims == 1 && t->shape[0] == columns;
    if (rows)
        (void)snprintf(expected, sizeof expected, "%llu x %llu", (unsigned long long)rows, (unsigned long long)columns);
    else
        (void)snprintf(expected, sizeof expected, "%llu", (unsigned long long)columns);
    if (!fits)
        return gb_fail(p->err, GB_EINPUT, "%s: tensor '%s' is %s, expected %s by config.json", e->file->path, t->name,
                       gb_st_shape(t, found), expected);
    if (gb_dtype_format(t->dtype) == GB_FORMAT_COUNT)
        return gb_fail(p->err, GB_EINPUT, "%s: tensor '%s' is %s, expected F32, F16 or BF16", e->file->path, t->name,
                       gb_dtype_names[t->dtype]);
    return GB_OK;
}

/* Takes tensor `hf` of rows x columns (rows 0: a vector) as `gguf`. */
static int take(const planner *p, const char *hf, const char *gguf, uint64_t rows, uint64_t columns, bool halves) {
    gb_entry *e = gb_checkpoint_find(&p->s->checkpoint, hf);
    if (!e) return gb_fail(p->err, GB_EINPUT, "%s: tensor '%s' is missing", p->path, hf);
    const int rc = check_shape(p, e, rows, columns);
    if (rc) return rc;
    gb_convert_tensor *t = gb_source_add(p->s, gguf, rows, columns, gb_dtype_format(e->t->dtype), e->t->data);
    if (halves) t->head_dim = (size_t)p->s->hyper.head_dim;
    e->used = true;
    return GB_OK;
}

/* A matrix under `base`, quantized or not, as `gguf`.weight. */
static int take_matrix(const planner *p, const char *base, const char *gguf, uint64_t rows, uint64_t columns,
                       bool halves) {
    char hf[HF_NAME];
    char name[GGUF_NAME];
    bool taken = false;
    (void)snprintf(hf, sizeof hf, "%s.weight", base);
    (void)snprintf(name, sizeof name, "%s.weight", gguf);
    const gb_packed_request r = {.s = p->s,
                                 .path = p->path,
                                 .base = base,
                                 .gguf = name,
                                 .rows = rows,
                                 .columns = columns,
                                 .halves = halves,
                                 .err = p->err};
    const int rc = gb_packed_take(&r, &taken);
    return rc || taken ? rc : take(p, hf, name, rows, columns, halves);
}

static bool all_zero(const gb_st_tensor *t) {
    for (uint64_t i = 0; i < t->bytes; i++)
        if (t->data[i]) return false;
    return true;
}

/* --- a layer ------------------------------------------------------------------------------------------------------ */

typedef struct linear {
    const char *hf, *gguf;
    uint64_t rows, columns;
    bool halves;     /* rows of heads that rope turns in halves, which GGUF's llama has in pairs */
    bool needs_bias; /* the architecture has one */
    bool may_bias;   /* config.json says that there is one */
} linear;

/* A bias is taken where the checkpoint has it. Some quantizers write zeros where the model has none: those are left
 * out, for they would only cost time. */
static int take_bias(const planner *p, const linear *l, const char *hf, const char *gguf) {
    gb_entry *e = gb_checkpoint_find(&p->s->checkpoint, hf);
    if (!e && !l->needs_bias) return GB_OK;
    if (e && !l->needs_bias && !l->may_bias && all_zero(e->t)) {
        e->used = true;
        return GB_OK;
    }
    return take(p, hf, gguf, 0, l->rows, l->halves);
}

static int take_linear(const planner *p, uint64_t layer, const linear *l) {
    char hf[HF_NAME];
    char gguf[GGUF_NAME];
    const unsigned long long n = layer;
    (void)snprintf(hf, sizeof hf, "model.layers.%llu.%s", n, l->hf);
    (void)snprintf(gguf, sizeof gguf, "blk.%llu.%s", n, l->gguf);
    const int rc = take_matrix(p, hf, gguf, l->rows, l->columns, l->halves);
    if (rc) return rc;
    (void)snprintf(hf, sizeof hf, "model.layers.%llu.%s.bias", n, l->hf);
    (void)snprintf(gguf, sizeof gguf, "blk.%llu.%s.bias", n, l->gguf);
    return take_bias(p, l, hf, gguf);
}

static int take_norm(const planner *p, uint64_t layer, const char *hf_part, const char *gguf_part) {
    char hf[HF_NAME];
    char gguf[GGUF_NAME];
    (void)snprintf(hf, sizeof hf, "model.layers.%llu.%s.weight", (unsigned long long)layer, hf_part);
    (void)snprintf(gguf, sizeof gguf, "blk.%llu.%s.weight", (unsigned long long)layer, gguf_part);
    return take(p, hf, gguf, 0, p->s->hyper.dim, false);
}

static int take_layer(const planner *p, uint64_t layer) {
    const gb_hyper *h = &p->s->hyper;
    const uint64_t q = h->heads * h->head_dim;
    const uint64_t kv = h->kv_heads * h->head_dim;
    const bool llama = strcmp(h->architecture, "llama") == 0;
    const bool a = h->attention_bias;
    const bool m = h->mlp_bias;
    const linear attention[] = {{"self_attn.q_proj", "attn_q", q, h->dim, llama, !llama, a},
                                {"self_attn.k_proj", "attn_k", kv, h->dim, llama, !llama, a},
                                {"self_attn.v_proj", "attn_v", kv, h->dim, false, !llama, a},
                                {"self_attn.o_proj", "attn_output", h->dim, q, false, false, a}};
    const linear feed_forward[] = {{"mlp.gate_proj", "ffn_gate", h->ffn, h->dim, false, false, m},
                                   {"mlp.up_proj", "ffn_up", h->ffn, h->dim, false, false, m},
                                   {"mlp.down_proj", "ffn_down", h->dim, h->ffn, false, false, m}};
    int rc = take_norm(p, layer, "input_layernorm", "attn_norm");
    for (size_t i = 0; !rc && i < 4; i++) rc = take_linear(p, layer, &attention[i]);
    if (!rc) rc = take_norm(p, layer, "post_attention_layernorm", "ffn_norm");
    for (size_t i = 0; !rc && i < 3; i++) rc = take_linear(p, layer, &feed_forward[i]);
    return rc;
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */

/* A tied model may be stored under either name, or under both. */
static int take_ends(const planner *p) {
    static const char *const embedding = "model.embed_tokens.weight";
    static const char *const head = "lm_head.weight";
    const gb_hyper *h = &p->s->hyper;
    gb_entry *other = gb_checkpoint_find(&p->s->checkpoint, head);
    const bool has_embedding = gb_checkpoint_find(&p->s->checkpoint, embedding) != NULL;
    int rc =
        take(p, h->tied && !has_embedding && other ? head : embedding, "token_embd.weight", h->vocab, h->dim, false);
    if (!rc) rc = take(p, "model.norm.weight", "output_norm.weight", 0, h->dim, false);
    if (rc) return rc;
    if (!h->tied) return take_matrix(p, "lm_head", "output", h->vocab, h->dim, false);
    if (other) other->used = true;
    return GB_OK;
}

static bool make_values(const gb_convert_tensor *t, uint64_t row, float *x, void *blocks) {
    (void)row;
    (void)blocks;
    memcpy(x, t->values, t->row.ne[0] * sizeof *x);
    return true;
}

/* Llama 3's scaling becomes a tensor of divisors, one for each frequency. */
static int add_rope_factors(const planner *p) {
    const gb_hyper *h = &p->s->hyper;
    const gb_shape shape = {.head_dim = (uint32_t)h->head_dim,
                            .rope_base = (float)h->rope_base,
                            .rope_factor = (float)h->rope_factor,
                            .rope_low = (float)h->rope_low,
                            .rope_high = (float)h->rope_high,
                            .rope_original = (float)h->rope_original};
    if (h->rope != GB_ROPE_LLAMA3) return GB_OK;
    float *values = gb_new((size_t)h->head_dim / 2, sizeof *values, "rope factors", p->err);
    if (!values) return GB_ESYSTEM;
    gb_shape_rope_factors(&shape, values);
    gb_convert_tensor *t = gb_source_add(p->s, "rope_freqs.weight", 0, h->head_dim / 2, GB_FORMAT_f32, NULL);
    t->values = values;
    t->make = make_values;
    return GB_OK;
}

static bool ends_with(const char *name, const char *tail) {
    const size_t n = strlen(name);
    const size_t m = strlen(tail);
    return n >= m && strcmp(name + n - m, tail) == 0;
}

/* What is left could change the result, except for tables that are computed anew. */
static int check_leftovers(const planner *p) {
    for (size_t i = 0; i < p->s->checkpoint.count; i++) {
        const gb_entry *e = &p->s->checkpoint.entries[i];
        if (!e->used && !ends_with(e->t->name, ".rotary_emb.inv_freq"))
            return gb_fail(p->err, GB_EINPUT, "%s: tensor '%.96s' is not part of a %s model of %llu layers",
                           e->file->path, e->t->name, p->s->hyper.architecture, (unsigned long long)p->s->hyper.layers);
    }
    return GB_OK;
}

int gb_hf_tensors(gb_source *s, const char *path, gb_error *err) {
    const planner p = {.s = s, .path = path, .err = err};
    int rc = gb_source_init(s, s->hyper.layers, err);
    if (!rc) rc = take_ends(&p);
    if (!rc) rc = add_rope_factors(&p);
    for (uint64_t i = 0; !rc && i < s->hyper.layers; i++) rc = take_layer(&p, i);
    return rc ? rc : check_leftovers(&p);
}
