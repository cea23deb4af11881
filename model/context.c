#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/alloc.h"
#include "model/context_impl.h"

/* Bounds on working memory, so that a run needs little more than the model and its cache. */
enum { LOGITS_BYTES = 8 << 20, FFN_BYTES = 20 << 20, FFN_SLICE_MIN = 32, GEMM_COLUMNS = 256 };

int gb_context_eval(gb_context *c, const int32_t *tokens, size_t count, size_t logits_from, gb_logits_sink *sink,
                    void *user, gb_error *err) {
    if (count > c->n_ctx - c->used)
        return gb_fail(err, GB_EINPUT, "%zu tokens after %zu do not fit the context of %zu", count, c->used, c->n_ctx);
    for (size_t i = 0; i < count; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= c->m->n_vocab)
            return gb_fail(err, GB_EINPUT, "token %zu has id %d, outside the model's vocabulary of %zu", i, tokens[i],
                           c->m->n_vocab);
    for (size_t start = 0; start < count; start += c->n_batch) {
        const size_t batch = count - start < c->n_batch ? count - start : c->n_batch;
        const size_t wanted = logits_from <= start ? 0 : logits_from - start < batch ? logits_from - start : batch;
        const int rc = gb_forward_batch(c, tokens + start, batch, wanted, start, sink, user, err);
        if (rc) return rc;
    }
    return GB_OK;
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static size_t max_size(size_t a, size_t b) {
    return a > b ? a : b;
}

/* Most bytes that the activation rows of `tokens` tokens take at any point of the pass. */
static size_t size_acts(const gb_llama *m, size_t tokens) {
    gb_acts a;
    size_t bytes = gb_plan_acts(&a, (const gb_matrix *const[]){&m->output}, 1, tokens, NULL);
    for (size_t i = 0; i < m->n_layer; i++) {
        const gb_layer *y = &m->layers[i];
        bytes = max_size(bytes, gb_plan_acts(&a, (const gb_matrix *const[]){&y->q, &y->k, &y->v}, 3, tokens, NULL));
        bytes = max_size(bytes, gb_plan_acts(&a, (const gb_matrix *const[]){&y->o}, 1, tokens, NULL));
        bytes = max_size(bytes, gb_plan_acts(&a, (const gb_matrix *const[]){&y->gate, &y->up}, 2, tokens, NULL));
    }
    return bytes;
}

static size_t size_ffn_acts(const gb_llama *m, size_t tokens) {
    gb_acts a;
    size_t bytes = 0;
    for (size_t i = 0; i < m->n_layer; i++)
        bytes = max_size(bytes, gb_plan_acts(&a, (const gb_matrix *const[]){&m->layers[i].down}, 1, tokens, NULL));
    return bytes;
}

/* As many tokens and columns as the bound on memory allows. The loader's limits on widths keep these sums far inside 64
 * bits. */
gb_slices gb_slices_of(size_t n_embd, size_t n_ff, size_t width, size_t n_vocab, size_t n_batch, size_t threads) {
    const size_t widest = max_size(max_size(n_ff, n_embd), width);
    gb_slices s = {.ffn_slice = n_batch, .row_floats = (widest + 15) & ~(size_t)15};
    for (;; s.ffn_slice = (s.ffn_slice + 1) / 2) {
        s.columns = s.ffn_slice < GEMM_COLUMNS ? s.ffn_slice : GEMM_COLUMNS;
        s.scratch_bytes = (gb_gemm_scratch(widest, s.columns) + 63) & ~(size_t)63;
        const size_t bytes = s.ffn_slice * (2 * n_ff + n_embd) * sizeof(float) + threads * s.scratch_bytes;
        if (bytes <= FFN_BYTES || s.ffn_slice <= FFN_SLICE_MIN) break;
    }
    const size_t row = n_vocab * sizeof(float);
    s.logits_rows = LOGITS_BYTES / row < 1 ? 1 : LOGITS_BYTES / row;
    if (s.logits_rows > n_batch) s.logits_rows = n_batch;
    if (s.logits_rows > s.columns) s.logits_rows = s.columns;
    return s;
}

static void choose_slices(gb_context *c) {
    const gb_llama *m = c->m;
    const gb_slices s =
        gb_slices_of(m->n_embd, m->n_ff, m->n_head * m->head_dim, m->n_vocab, c->n_batch, gb_pool_size(c->pool));
    c->ffn_slice = s.ffn_slice;
    c->columns = s.columns;
    c->logits_rows = s.logits_rows;
    c->scratch_bytes = s.scratch_bytes;
    c->row_floats = s.row_floats;
}

static int size_kv(gb_context *c, gb_error *err) {
    const gb_llama *m = c->m;
    c->head_bytes = gb_row_bytes(c->kv, m->head_dim);
    if (!gb_mul_size(c->head_bytes, 2 * m->n_layer, &c->kv_bytes) ||
        !gb_mul_size(c->kv_bytes, m->n_head_kv, &c->kv_bytes) || !gb_mul_size(c->kv_bytes, c->n_ctx, &c->kv_bytes))
        return gb_fail(err, GB_EINPUT, "the KV cache of %zu positions does not fit the address space", c->n_ctx);
    return GB_OK;
}

/* Refuses what the machine cannot hold: filling such a cache would end the program or its neighbours. */
static int check_memory(const gb_context *c, gb_error *err) {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    const double memory = pages > 0 && page > 0 ? (double)pages * (double)page : INFINITY;
    if ((double)c->kv_bytes + (double)c->work_bytes <= memory) return GB_OK;
    return gb_fail(
        err, GB_EINPUT,
        "a context of %zu positions needs a KV cache of %.1f GiB and %.1f GiB of working memory; this machine "
        "has %.1f GiB",
        c->n_ctx, (double)c->kv_bytes / 0x1p30, (double)c->work_bytes / 0x1p30, memory / 0x1p30);
}

static int allocate(gb_context *c, gb_error *err) {
    const gb_llama *m = c->m;
    const size_t threads = gb_pool_size(c->pool);
    const size_t batch = c->n_batch;
    const size_t attention = batch * ((m->n_head + 2 * m->n_head_kv) * m->head_dim + m->n_embd);
    const size_t ffn = c->ffn_slice * (2 * m->n_ff + m->n_embd);
    const struct {
        void *slot; /* of the pointer to set */
        size_t count, size;
        const char *what;
    } needs[] = {{&c->x, batch * m->n_embd, sizeof(float), "activations"},
                 {&c->work, max_size(attention, ffn), sizeof(float), "activations"},
                 {&c->rotation, batch * m->n_rot, sizeof(float), "rotations"},
                 {&c->logits, c->logits_rows * m->n_vocab, sizeof(float), "logits"},
                 {&c->rows, threads * c->row_floats, sizeof(float), "rows"},
                 {&c->gathered, m->orders.count ? threads * c->row_floats : 0, sizeof(float), "gathered rows"},
                 {&c->scores, threads * c->n_ctx, sizeof(float), "attention scores"},
                 {&c->scratch, threads * c->scratch_bytes, 1, "scratch"},
                 {&c->acts_wide, size_acts(m, batch), 1, "quantized activations"},
                 {&c->acts_ffn, size_ffn_acts(m, c->ffn_slice), 1, "quantized activations"},
                 {&c->k, c->kv_bytes / 2, 1, "KV cache"},
                 {&c->v, c->kv_bytes / 2, 1, "KV cache"}};
    const size_t count = sizeof needs / sizeof needs[0];
    for (size_t i = 0; i + 2 < count; i++) c->work_bytes += needs[i].count * needs[i].size;
    int rc = check_memory(c, err);
    for (size_t i = 0; i < count && !rc; i++) {
        void *p = gb_new(needs[i].count, needs[i].size, needs[i].what, err);
        memcpy(needs[i].slot, &p, sizeof p);
        if (!p) rc = err->code;
    }
    return rc;
}

int gb_check_kv(gb_format kv, size_t head_dim, const char *model, gb_error *err) {
    const gb_format_info *info = &gb_formats[kv];
    if (!gb_reference(kv, GB_OP_attn_score).any)
        return gb_fail(err, GB_EINPUT, "a KV cache of type %s is not supported (known: f16, f32, q8_0)", info->name);
    if (head_dim % info->block_elems)
        return gb_fail(err, GB_EINPUT,
                       "a KV cache of type %s needs heads of whole blocks of %zu elements: those of %s have %zu",
                       info->name, info->block_elems, model, head_dim);
    if (kv == GB_FORMAT_q8_0 && head_dim > GB_Q8_0_HEAD)
        return gb_fail(err, GB_EINPUT,
                       "a KV cache of type q8_0 takes heads of at most %d elements: those of %s have %zu", GB_Q8_0_HEAD,
                       model, head_dim);
    return GB_OK;
}

int gb_context_new(const gb_llama *m, gb_pool *pool, const gb_context_params *params, gb_context **out, gb_error *err) {
    gb_error local = {0};
    if (!err) err = &local;
    *out = NULL;
    if (params->n_ctx < 1 || params->n_ctx > m->n_ctx)
        return gb_fail(err, GB_EINPUT, "a context of %zu positions is not possible: %s was trained for 1 to %zu",
                       params->n_ctx, m->file->path, m->n_ctx);
    if (params->n_batch < 1) return gb_fail(err, GB_EINPUT, "a batch needs at least one token");
    const int unfit = gb_check_kv(params->kv, m->head_dim, m->file->path, err);
    if (unfit) return unfit;
    gb_context *c = gb_new(1, sizeof *c, "context", err);
    if (!c) return err->code;
    c->m = m;
    c->pool = pool;
    c->n_ctx = params->n_ctx;
    c->n_batch = params->n_batch < params->n_ctx ? params->n_batch : params->n_ctx;
    c->kv = params->kv;
    c->store = gb_resolve(c->kv, GB_OP_quantize_act, &m->cap).quantize_act;
    c->attn_score = gb_resolve(c->kv, GB_OP_attn_score, &m->cap).attn_score;
    c->attn_acc = gb_resolve(c->kv, GB_OP_attn_acc, &m->cap).attn_acc;
    choose_slices(c);
    int rc = size_kv(c, err);
    if (!rc) rc = allocate(c, err);
    if (rc) {
        gb_context_free(c);
        return rc;
    }
    *out = c;
    return GB_OK;
}

int gb_context_observe(gb_context *c, gb_input_sink *sink, void *user, gb_error *err) {
    const gb_llama *m = c->m;
    const size_t wide = c->n_batch * max_size(m->n_embd, m->n_head * m->head_dim);
    const size_t count = max_size(wide, c->ffn_slice * m->n_ff);
    if (!c->observed) {
        c->observed = gb_new(count, sizeof *c->observed, "observed activations", err);
        if (!c->observed) return GB_ESYSTEM;
        c->work_bytes += count * sizeof *c->observed;
    }
    c->input_sink = sink;
    c->input_user = user;
    return GB_OK;
}

void gb_context_free(gb_context *c) {
    if (!c) return;
    void *const owned[] = {c->k,      c->v,       c->x,         c->work,     c->rotation, c->logits,   c->rows,
                           c->scores, c->scratch, c->acts_wide, c->acts_ffn, c->observed, c->gathered, c};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
}

void gb_context_reset(gb_context *c) {
    c->used = 0;
}

size_t gb_context_used(const gb_context *c) {
    return c->used;
}

size_t gb_context_kv_bytes(const gb_context *c) {
    return c->kv_bytes;
}

size_t gb_context_work_bytes(const gb_context *c) {
    return c->work_bytes;
}

gb_pool *gb_context_pool(const gb_context *c) {
    return c->pool;
}
