#include "tests/support/tiny_llama.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/rng.h"
#include "model/gguf.h"

typedef struct shape {
    const char *name;
    uint32_t dims, n, rows;
} shape;

enum { MAX_TENSORS = 16 };

typedef struct plan {
    const tiny_llama *t;
    gb_gguf_writer *w;
    shape tensors[MAX_TENSORS];
    size_t count;
} plan;

tiny_llama tiny_llama_good(void) {
    return (tiny_llama){.architecture = "llama",
                        .n_embd = TINY_EMBD,
                        .n_head = TINY_HEADS,
                        .n_head_kv = TINY_KV_HEADS,
                        .n_rot = TINY_EMBD / TINY_HEADS,
                        .layers = 1,
                        .context = TINY_CONTEXT,
                        .eps = 1e-5F,
                        .rope_base = 10000.0F};
}

static void must(int rc, const gb_error *err) {
    ck_assert_msg(rc == GB_OK, "%s", err->text);
}

static void put_u32(plan *p, const char *name, uint32_t v) {
    gb_error err = {0};
    if (!p->t->omit || strcmp(p->t->omit, name) != 0) must(gb_gguf_put_u32(p->w, name, v, &err), &err);
}

static void put_f32(plan *p, const char *name, float v) {
    gb_error err = {0};
    if (!p->t->omit || strcmp(p->t->omit, name) != 0) must(gb_gguf_put_f32(p->w, name, v, &err), &err);
}

static void put_keys(plan *p) {
    const tiny_llama *t = p->t;
    gb_error err = {0};
    must(gb_gguf_put_str(p->w, "general.architecture", t->architecture, &err), &err);
    put_u32(p, "llama.block_count", t->layers);
    put_u32(p, "llama.context_length", t->context);
    put_u32(p, "llama.embedding_length", t->n_embd);
    put_u32(p, "llama.feed_forward_length", TINY_FF);
    put_u32(p, "llama.attention.head_count", t->n_head);
    put_u32(p, "llama.attention.head_count_kv", t->n_head_kv);
    put_u32(p, "llama.rope.dimension_count", t->n_rot);
    put_f32(p, "llama.attention.layer_norm_rms_epsilon", t->eps);
    put_f32(p, "llama.rope.freq_base", t->rope_base);
    if (t->experts) put_u32(p, "llama.expert_count", t->experts);
    if (t->scaling_type) {
        must(gb_gguf_put_str(p->w, "llama.rope.scaling.type", t->scaling_type, &err), &err);
        put_f32(p, "llama.rope.scaling.factor", t->scaling_factor);
    }
}

static void declare(plan *p, const char *name, uint32_t n, uint32_t rows) {
    if (p->t->omit && strcmp(p->t->omit, name) == 0) return;
    if (p->t->reshape && strcmp(p->t->reshape, name) == 0) n++;
    ck_assert_uint_lt(p->count, MAX_TENSORS);
    p->tensors[p->count++] = (shape){name, rows ? 2 : 1, n, rows ? rows : 1};
}

static void declare_all(plan *p) {
    const tiny_llama *t = p->t;
    const uint32_t kv = TINY_EMBD / TINY_HEADS * TINY_KV_HEADS;
    declare(p, "token_embd.weight", TINY_EMBD, TINY_VOCAB);
    declare(p, "output_norm.weight", TINY_EMBD, 0);
    if (t->output) declare(p, "output.weight", TINY_EMBD, TINY_VOCAB);
    if (t->rope_factors) declare(p, "rope_freqs.weight", t->n_rot / 2, 0);
    declare(p, "blk.0.attn_norm.weight", TINY_EMBD, 0);
    declare(p, "blk.0.attn_q.weight", TINY_EMBD, TINY_EMBD);
    declare(p, "blk.0.attn_k.weight", TINY_EMBD, kv);
    declare(p, "blk.0.attn_v.weight", TINY_EMBD, kv);
    declare(p, "blk.0.attn_output.weight", TINY_EMBD, TINY_EMBD);
    declare(p, "blk.0.ffn_norm.weight", TINY_EMBD, 0);
    declare(p, "blk.0.ffn_gate.weight", TINY_EMBD, TINY_FF);
    declare(p, "blk.0.ffn_up.weight", TINY_EMBD, TINY_FF);
    declare(p, "blk.0.ffn_down.weight", TINY_FF, TINY_EMBD);
    if (t->extra) declare(p, t->extra, 4, 0);
}

static void write_tensor(plan *p, const shape *s) {
    gb_rng rng;
    gb_error err = {0};
    gb_rng_seed(&rng, 1, s->name);
    for (uint32_t i = 0; i < s->n * s->rows; i++) {
        float x = s->rows > 1 ? (float)(gb_rng_uniform(&rng) - 0.5) : 1.0F;
        if (strcmp(s->name, "rope_freqs.weight") == 0) x = (float)(i + 1);
        if (p->t->nan && i == 77 && strcmp(s->name, "blk.0.ffn_down.weight") == 0) x = NAN;
        must(gb_gguf_write_data(p->w, &x, sizeof x, &err), &err);
    }
}

const char *tiny_llama_write(const tiny_llama *t) {
    static char path[4096];
    (void)snprintf(path, sizeof path, "%s/tiny-llama-%ld.gguf", GB_BINARY_DIR, (long)getpid());
    plan p = {.t = t};
    gb_error err = {0};
    must(gb_gguf_writer_new(path, &p.w, &err), &err);
    put_keys(&p);
    declare_all(&p);
    for (size_t i = 0; i < p.count; i++) {
        const shape *s = &p.tensors[i];
        const uint64_t ne[4] = {s->n, s->rows, 1, 1};
        must(gb_gguf_put_tensor(p.w, (gb_str){s->name, strlen(s->name)}, s->dims, ne, GB_FORMAT_f32, &err), &err);
    }
    must(gb_gguf_begin_data(p.w, &err), &err);
    for (size_t i = 0; i < p.count; i++) write_tensor(&p, &p.tensors[i]);
    must(gb_gguf_writer_commit(p.w, &err), &err);
    return path;
}
