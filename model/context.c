#include "model/context.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/alloc.h"
#include "reference/math.h"

enum { ROW_GRAIN = 16, MAX_PRODUCTS = 3 };
/* Bounds on working memory, so that a run needs little more than the model and its cache. */
enum { LOGITS_BYTES = 8 << 20, FFN_BYTES = 20 << 20, FFN_SLICE_MIN = 32, GEMM_COLUMNS = 256 };

/* Rows of activations in the partner formats that a set of matrices wants: each row is converted once per format. */
typedef struct acts {
    gb_format format[MAX_PRODUCTS];
    uint8_t *data[MAX_PRODUCTS];
    size_t stride[MAX_PRODUCTS];
    size_t count, n;
} acts;

struct gb_context {
    const gb_llama *m;
    gb_pool *pool;
    size_t n_ctx, n_batch, ffn_slice, logits_rows, columns; /* columns: most of one gemm call */
    gb_format kv;
    gb_quantize_act_fn *store;
    gb_attn_score_fn *attn_score;
    gb_attn_acc_fn *attn_acc;
    uint8_t *k, *v; /* [layer][kv head][position][head_dim]: one head's positions are one contiguous stream */
    size_t head_bytes, kv_bytes, work_bytes;
    float *x;           /* [n_batch][n_embd]: the residual stream */
    float *work;        /* q, k, v, projection during attention; gate, up, down in the feed-forward part */
    float *rotation;    /* [n_batch][n_rot] cos, sin */
    float *logits;      /* [logits_rows][n_vocab] */
    float *rows;        /* one row of floats per thread */
    float *scores;      /* n_ctx scores per thread */
    uint8_t *scratch;   /* gemm scratch per thread */
    uint8_t *acts_wide; /* activations of up to n_batch tokens, n_embd or all heads wide */
    uint8_t *acts_ffn;  /* activations of up to ffn_slice tokens, n_ff wide */
    size_t row_floats, scratch_bytes;
    size_t used;
};

/* --- one step of the pass: what the jobs below share -------------------------------------------------------------- */

typedef struct product {
    const gb_matrix *w;
    const uint8_t *a;
    size_t a_stride;
    float *y; /* column c at y + c * w->rows */
} product;

typedef struct step {
    gb_context *c;
    const int32_t *tokens;
    const gb_layer *layer;
    size_t layer_index;
    size_t position;     /* of token 0 of the batch */
    size_t first, count; /* tokens of the batch that the job works on: [first, count) */
    float *q, *key, *value, *projection, *gate, *up, *down;
    const float *norm;
    acts acts;
    product products[MAX_PRODUCTS];
    size_t product_count;
} step;

/* Runs a job over the threads, or on the caller's alone where there is a single token: most jobs of single-token decode
 * last a few microseconds, less than waking the team. */
static void run(step *s, gb_pool_job *job) {
    if (s->count - s->first > 1)
        gb_pool_run(s->c->pool, job, s);
    else
        job(s, 0, 1);
}

static void share(const step *s, size_t member, size_t size, size_t *begin, size_t *end) {
    gb_pool_share(s->count - s->first, 1, member, size, begin, end);
    *begin += s->first;
    *end += s->first;
}

/* Lays out the activation rows of `tokens` tokens for these matrices at `data`; returns the bytes needed. */
static size_t plan_acts(acts *a, const gb_matrix *const *w, size_t count, size_t tokens, uint8_t *data) {
    size_t bytes = 0;
    *a = (acts){.n = w[0]->n};
    for (size_t i = 0; i < count; i++) {
        const gb_format partner = gb_formats[w[i]->format].partner;
        size_t j = 0;
        while (j < a->count && a->format[j] != partner) j++;
        if (j < a->count) continue;
        a->format[j] = partner;
        a->stride[j] = gb_row_bytes(partner, a->n);
        a->data[j] = data ? data + bytes : NULL;
        bytes += (a->stride[j] * tokens + 63) & ~(size_t)63;
        a->count++;
    }
    return bytes;
}

static void quantize_row(const step *s, const float *x, size_t row) {
    for (size_t j = 0; j < s->acts.count; j++)
        s->c->m->quantize_act[s->acts.format[j]](x, s->acts.data[j] + row * s->acts.stride[j], s->acts.n);
}

static void add_product(step *s, const gb_matrix *w, float *y) {
    size_t j = 0;
    while (s->acts.format[j] != gb_formats[w->format].partner) j++;
    s->products[s->product_count++] = (product){.w = w, .a = s->acts.data[j], .a_stride = s->acts.stride[j], .y = y};
}

/* Each member computes its rows of every product for all tokens of the step; activation row i belongs to token
 * first + i, and so does column i of y. */
static void multiply_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    const gb_context *c = s->c;
    const size_t cols = s->count - s->first;
    for (size_t i = 0; i < s->product_count; i++) {
        const product *p = &s->products[i];
        const gb_matrix *w = p->w;
        size_t begin = 0;
        size_t end = 0;
        gb_pool_share(w->rows, ROW_GRAIN, member, size, &begin, &end);
        if (begin == end) continue;
        const uint8_t *rows = w->data + begin * w->row_bytes;
        if (cols == 1) {
            w->gemv(rows, w->row_bytes, end - begin, p->a, w->n, p->y + begin);
            continue;
        }
        for (size_t col = 0; col < cols; col += c->columns) {
            const gb_gemm_args g = {.w = rows,
                                    .w_stride = w->row_bytes,
                                    .rows = end - begin,
                                    .a = p->a + col * p->a_stride,
                                    .a_stride = p->a_stride,
                                    .cols = cols - col < c->columns ? cols - col : c->columns,
                                    .n = w->n,
                                    .y = p->y + col * w->rows + begin,
                                    .y_stride = w->rows,
                                    .scratch = c->scratch + member * c->scratch_bytes};
            w->gemm(&g);
        }
    }
}

static void multiply(step *s) {
    gb_pool_run(s->c->pool, multiply_job, s);
    s->product_count = 0;
}

/* --- jobs over tokens --------------------------------------------------------------------------------------------- */

static void embed_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    const gb_context *c = s->c;
    const gb_llama *m = c->m;
    size_t begin = 0;
    size_t end = 0;
    share(s, member, size, &begin, &end);
    for (size_t t = begin; t < end; t++) {
        m->embed(m->embedding.data + (size_t)s->tokens[t] * m->embedding.row_bytes, c->x + t * m->n_embd, m->n_embd);
        float *cs = c->rotation + t * m->n_rot;
        for (size_t i = 0; i < m->n_rot / 2; i++) {
            double sin = 0.0;
            double cos = 0.0;
            gb_sincos((double)(s->position + t) * m->frequency[i], &sin, &cos);
            cs[2 * i] = (float)cos;
            cs[2 * i + 1] = (float)sin;
        }
    }
}

static void norm_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    const gb_context *c = s->c;
    const size_t n = c->m->n_embd;
    float *row = c->rows + member * c->row_floats;
    size_t begin = 0;
    size_t end = 0;
    share(s, member, size, &begin, &end);
    for (size_t t = begin; t < end; t++) {
        c->m->rmsnorm(c->x + t * n, s->norm, row, n, c->m->eps);
        quantize_row(s, row, t - s->first);
    }
}

static void rotate_and_store_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    const gb_context *c = s->c;
    const gb_llama *m = c->m;
    size_t begin = 0;
    size_t end = 0;
    share(s, member, size, &begin, &end);
    for (size_t t = begin; t < end; t++) {
        const float *cs = c->rotation + t * m->n_rot;
        float *key = s->key + t * m->n_head_kv * m->head_dim;
        const float *value = s->value + t * m->n_head_kv * m->head_dim;
        m->rope(s->q + t * m->n_head * m->head_dim, m->n_head, m->head_dim, m->n_rot, cs);
        m->rope(key, m->n_head_kv, m->head_dim, m->n_rot, cs);
        for (size_t h = 0; h < m->n_head_kv; h++) {
            const size_t slot = (s->layer_index * m->n_head_kv + h) * c->n_ctx + s->position + t;
            c->store(key + h * m->head_dim, c->k + slot * c->head_bytes, m->head_dim);
            c->store(value + h * m->head_dim, c->v + slot * c->head_bytes, m->head_dim);
        }
    }
}

static void quantize_heads_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    size_t begin = 0;
    size_t end = 0;
    share(s, member, size, &begin, &end);
    for (size_t t = begin; t < end; t++) quantize_row(s, s->q + t * s->acts.n, t - s->first);
}

/* x += projection, then the norm of the feed-forward part. */
static void add_and_norm_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    const gb_context *c = s->c;
    const size_t n = c->m->n_embd;
    size_t begin = 0;
    size_t end = 0;
    share(s, member, size, &begin, &end);
    for (size_t t = begin; t < end; t++) c->m->add(s->projection + (t - s->first) * n, c->x + t * n, n);
    norm_job(ctx, member, size);
}

static void silu_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    const size_t n = s->c->m->n_ff;
    size_t begin = 0;
    size_t end = 0;
    share(s, member, size, &begin, &end);
    for (size_t t = begin; t < end; t++) {
        float *gate = s->gate + (t - s->first) * n;
        s->c->m->silu_mul(gate, s->up + (t - s->first) * n, gate, n);
        quantize_row(s, gate, t - s->first);
    }
}

static void add_down_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    const gb_context *c = s->c;
    const size_t n = c->m->n_embd;
    size_t begin = 0;
    size_t end = 0;
    share(s, member, size, &begin, &end);
    for (size_t t = begin; t < end; t++) c->m->add(s->down + (t - s->first) * n, c->x + t * n, n);
}

/* One (head, token) pair reads its own q, and writes its result over it: nothing else needs that q again. */
static void attention_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    const gb_context *c = s->c;
    const gb_llama *m = c->m;
    const size_t tokens = s->count - s->first;
    const size_t group = m->n_head / m->n_head_kv;
    const float scale = 1.0F / __builtin_sqrtf((float)m->head_dim);
    float *scores = c->scores + member * c->n_ctx;
    size_t begin = 0;
    size_t end = 0;
    gb_pool_share(m->n_head * tokens, 1, member, size, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const size_t head = i / tokens;
        const size_t t = s->first + i % tokens;
        const size_t seen = s->position + t + 1;
        const size_t start = (s->layer_index * m->n_head_kv + head / group) * c->n_ctx * c->head_bytes;
        float *q = s->q + (t * m->n_head + head) * m->head_dim;
        c->attn_score(q, c->k + start, c->head_bytes, seen, m->head_dim, scale, scores);
        m->softmax(scores, seen);
        c->attn_acc(scores, c->v + start, c->head_bytes, seen, m->head_dim, q);
    }
}

/* --- the pass ----------------------------------------------------------------------------------------------------- */

/* Plans the activations of a step for these matrices; `data` was sized for them by size_acts. */
static void plan(step *s, const gb_matrix *const *w, size_t count, uint8_t *data) {
    (void)plan_acts(&s->acts, w, count, s->count - s->first, data);
}

static void attention_part(step *s, size_t wanted) {
    gb_context *c = s->c;
    const gb_layer *y = s->layer;
    s->norm = y->attn_norm;
    plan(s, (const gb_matrix *const[]){&y->q, &y->k, &y->v}, 3, c->acts_wide);
    run(s, norm_job);
    add_product(s, &y->q, s->q);
    add_product(s, &y->k, s->key);
    add_product(s, &y->v, s->value);
    multiply(s);
    run(s, rotate_and_store_job);
    s->first = wanted; /* after the last layer's cache is filled, only tokens whose logits are asked for matter */
    if (s->first == s->count) return;
    gb_pool_run(c->pool, attention_job, s);
    plan(s, (const gb_matrix *const[]){&y->o}, 1, c->acts_wide);
    run(s, quantize_heads_job);
    add_product(s, &y->o, s->projection);
    multiply(s);
}

static void feed_forward_part(step *s) {
    gb_context *c = s->c;
    const gb_layer *y = s->layer;
    const size_t first = s->first;
    const size_t count = s->count;
    s->norm = y->ffn_norm;
    plan(s, (const gb_matrix *const[]){&y->gate, &y->up}, 2, c->acts_wide);
    run(s, add_and_norm_job);
    const acts normed = s->acts;
    for (s->first = first; s->first < count; s->first += c->ffn_slice) {
        s->count = count - s->first < c->ffn_slice ? count : s->first + c->ffn_slice;
        s->acts = normed;
        for (size_t j = 0; j < normed.count; j++) s->acts.data[j] += (s->first - first) * normed.stride[j];
        add_product(s, &y->gate, s->gate);
        add_product(s, &y->up, s->up);
        multiply(s);
        plan(s, (const gb_matrix *const[]){&y->down}, 1, c->acts_ffn);
        run(s, silu_job);
        add_product(s, &y->down, s->down);
        multiply(s);
        run(s, add_down_job);
    }
    s->first = first;
    s->count = count;
}

/* Logits of tokens [from, count) of the batch, a few rows at a time. */
static int head_part(step *s, size_t from, size_t batch_start, gb_logits_sink *sink, void *user, gb_error *err) {
    gb_context *c = s->c;
    const size_t count = s->count;
    for (size_t t = from; t < count; t += c->logits_rows) {
        s->first = t;
        s->count = count - t < c->logits_rows ? count : t + c->logits_rows;
        s->norm = c->m->output_norm;
        plan(s, (const gb_matrix *const[]){&c->m->output}, 1, c->acts_wide);
        run(s, norm_job);
        add_product(s, &c->m->output, c->logits);
        multiply(s);
        const int rc = sink(user, batch_start + t, s->count - t, c->logits, err);
        if (rc) return rc;
    }
    return GB_OK;
}

static int eval_batch(gb_context *c, const int32_t *tokens, size_t count, size_t wanted, size_t batch_start,
                      gb_logits_sink *sink, void *user, gb_error *err) {
    const gb_llama *m = c->m;
    step s = {.c = c, .tokens = tokens, .position = c->used, .count = count};
    s.q = c->work;
    s.key = s.q + count * m->n_head * m->head_dim;
    s.value = s.key + count * m->n_head_kv * m->head_dim;
    s.projection = s.value + count * m->n_head_kv * m->head_dim;
    /* the feed-forward part starts after the projection has been added, so it may overwrite all of these */
    s.gate = c->work;
    s.up = s.gate + c->ffn_slice * m->n_ff;
    s.down = s.up + c->ffn_slice * m->n_ff;
    run(&s, embed_job);
    for (size_t i = 0; i < m->n_layer; i++) {
        s.layer = &m->layers[i];
        s.layer_index = i;
        attention_part(&s, i + 1 == m->n_layer ? wanted : 0);
        if (s.first < s.count) feed_forward_part(&s);
    }
    c->used += count;
    return head_part(&s, wanted, batch_start, sink, user, err);
}

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
        const int rc = eval_batch(c, tokens + start, batch, wanted, start, sink, user, err);
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
    acts a;
    size_t bytes = plan_acts(&a, (const gb_matrix *const[]){&m->output}, 1, tokens, NULL);
    for (size_t i = 0; i < m->n_layer; i++) {
        const gb_layer *y = &m->layers[i];
        bytes = max_size(bytes, plan_acts(&a, (const gb_matrix *const[]){&y->q, &y->k, &y->v}, 3, tokens, NULL));
        bytes = max_size(bytes, plan_acts(&a, (const gb_matrix *const[]){&y->o}, 1, tokens, NULL));
        bytes = max_size(bytes, plan_acts(&a, (const gb_matrix *const[]){&y->gate, &y->up}, 2, tokens, NULL));
    }
    return bytes;
}

static size_t size_ffn_acts(const gb_llama *m, size_t tokens) {
    acts a;
    size_t bytes = 0;
    for (size_t i = 0; i < m->n_layer; i++)
        bytes = max_size(bytes, plan_acts(&a, (const gb_matrix *const[]){&m->layers[i].down}, 1, tokens, NULL));
    return bytes;
}

/* Tokens per feed-forward slice and columns per gemm: as many as the bound on memory allows. The loader's limits on
 * widths keep these sums far inside 64 bits. */
static void choose_slices(gb_context *c) {
    const gb_llama *m = c->m;
    const size_t threads = gb_pool_size(c->pool);
    const size_t widest = max_size(max_size(m->n_ff, m->n_embd), m->n_head * m->head_dim);
    c->ffn_slice = c->n_batch;
    for (;; c->ffn_slice = (c->ffn_slice + 1) / 2) {
        c->columns = c->ffn_slice < GEMM_COLUMNS ? c->ffn_slice : GEMM_COLUMNS;
        c->scratch_bytes = (gb_gemm_scratch(widest, c->columns) + 63) & ~(size_t)63;
        const size_t bytes = c->ffn_slice * (2 * m->n_ff + m->n_embd) * sizeof(float) + threads * c->scratch_bytes;
        if (bytes <= FFN_BYTES || c->ffn_slice <= FFN_SLICE_MIN) break;
    }
    const size_t row = m->n_vocab * sizeof(float);
    c->logits_rows = LOGITS_BYTES / row < 1 ? 1 : LOGITS_BYTES / row;
    if (c->logits_rows > c->n_batch) c->logits_rows = c->n_batch;
    if (c->logits_rows > c->columns) c->logits_rows = c->columns;
    c->row_floats = (widest + 15) & ~(size_t)15;
}

static int check_kv(gb_context *c, gb_error *err) {
    const gb_llama *m = c->m;
    size_t half = 0;
    c->head_bytes = gb_row_bytes(c->kv, m->head_dim);
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    const size_t memory = pages > 0 && page > 0 ? (size_t)pages * (size_t)page : SIZE_MAX;
    if (!gb_mul_size(c->head_bytes, m->n_layer, &half) || !gb_mul_size(half, m->n_head_kv, &half) ||
        !gb_mul_size(half, c->n_ctx, &half) || !gb_mul_size(half, 2, &c->kv_bytes) || c->kv_bytes > memory)
        return gb_fail(
            err, GB_EINPUT,
            "a context of %zu positions needs a KV cache of %.1f GiB; this machine has %.1f GiB of memory", c->n_ctx,
            2.0 * (double)c->head_bytes * (double)m->n_layer * (double)m->n_head_kv * (double)c->n_ctx / 0x1p30,
            (double)memory / 0x1p30);
    return GB_OK;
}

static void *need(gb_context *c, size_t count, size_t size, const char *what, gb_error *err) {
    c->work_bytes += count * size;
    return gb_new(count, size, what, err);
}

static int allocate(gb_context *c, gb_error *err) {
    const gb_llama *m = c->m;
    const size_t threads = gb_pool_size(c->pool);
    const size_t batch = c->n_batch;
    const size_t attention = batch * ((m->n_head + 2 * m->n_head_kv) * m->head_dim + m->n_embd);
    const size_t ffn = c->ffn_slice * (2 * m->n_ff + m->n_embd);
    if (!(c->k = gb_new(c->kv_bytes / 2, 1, "KV cache", err)) ||
        !(c->v = gb_new(c->kv_bytes / 2, 1, "KV cache", err)) ||
        !(c->x = need(c, batch * m->n_embd, sizeof(float), "activations", err)) ||
        !(c->work = need(c, max_size(attention, ffn), sizeof(float), "activations", err)) ||
        !(c->rotation = need(c, batch * m->n_rot, sizeof(float), "rotations", err)) ||
        !(c->logits = need(c, c->logits_rows * m->n_vocab, sizeof(float), "logits", err)) ||
        !(c->rows = need(c, threads * c->row_floats, sizeof(float), "rows", err)) ||
        !(c->scores = need(c, threads * c->n_ctx, sizeof(float), "attention scores", err)) ||
        !(c->scratch = need(c, threads * c->scratch_bytes, 1, "scratch", err)) ||
        !(c->acts_wide = need(c, size_acts(m, batch), 1, "quantized activations", err)) ||
        !(c->acts_ffn = need(c, size_ffn_acts(m, c->ffn_slice), 1, "quantized activations", err)))
        return err->code;
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
    if (params->kv != GB_FORMAT_f16 && params->kv != GB_FORMAT_f32)
        return gb_fail(err, GB_EINPUT, "a KV cache of type %s is not supported (known: f16, f32)",
                       gb_formats[params->kv].name);
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
    int rc = check_kv(c, err);
    if (!rc) rc = allocate(c, err);
    if (rc) {
        gb_context_free(c);
        return rc;
    }
    *out = c;
    return GB_OK;
}

void gb_context_free(gb_context *c) {
    if (!c) return;
    void *const owned[] = {c->k,    c->v,      c->x,       c->work,      c->rotation, c->logits,
                           c->rows, c->scores, c->scratch, c->acts_wide, c->acts_ffn, c};
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
