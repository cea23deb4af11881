/* The forward pass of one batch of tokens. */
#include <string.h>

#include "model/context_impl.h"
#include "reference/math.h"

/* Place of the activations that this matrix takes; a->count if they are not planned yet. */
static size_t find_acts(const gb_acts *a, const gb_matrix *w) {
    size_t j = 0;
    while (j < a->count && (a->format[j] != gb_formats[w->format].partner || a->order[j] != w->order)) j++;
    return j;
}

size_t gb_plan_acts(gb_acts *a, const gb_matrix *const *w, size_t count, size_t tokens, uint8_t *data) {
    size_t bytes = 0;
    *a = (gb_acts){.n = w[0]->n};
    for (size_t i = 0; i < count; i++) {
        const gb_format partner = gb_formats[w[i]->format].partner;
        const size_t j = find_acts(a, w[i]);
        if (j < a->count) continue;
        a->format[j] = partner;
        a->order[j] = w[i]->order;
        a->stride[j] = gb_row_bytes(partner, a->n);
        a->data[j] = data ? data + bytes : NULL;
        bytes += (a->stride[j] * tokens + 63) & ~(size_t)63;
        a->count++;
    }
    return bytes;
}

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
    gb_acts acts;
    product products[GB_MAX_PRODUCTS];
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

/* `member`: whose scratch a row in another order is gathered in. */
static void quantize_row(const step *s, size_t member, const float *x, size_t row) {
    const gb_context *c = s->c;
    const gb_acts *a = &s->acts;
    if (c->input_sink) memcpy(c->observed + row * a->n, x, a->n * sizeof *x);
    for (size_t j = 0; j < a->count; j++) {
        const float *from = x;
        if (a->order[j]) {
            float *gathered = c->gathered + member * c->row_floats;
            for (size_t i = 0; i < a->n; i++) gathered[i] = x[a->order[j][i]];
            from = gathered;
        }
        c->m->quantize_act[a->format[j]](from, a->data[j] + row * a->stride[j], a->n);
    }
}

/* Hands on what the jobs since the last plan() have converted. */
static void observe(const step *s, size_t layer, gb_input input) {
    const gb_context *c = s->c;
    if (c->input_sink) c->input_sink(c->input_user, layer, input, s->count - s->first, s->acts.n, c->observed);
}

static void add_product(step *s, const gb_matrix *w, float *y) {
    const size_t j = find_acts(&s->acts, w);
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
        gb_pool_share(w->rows, GB_ROW_GRAIN, member, size, &begin, &end);
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
        quantize_row(s, member, row, t - s->first);
    }
}

static void add_bias(const gb_llama *m, const gb_matrix *w, float *y) {
    if (w->bias) m->add(w->bias, y, w->rows);
}

/* Rotates the heads of one token in place. Where pairs lie half a head apart they are brought together first and stay
 * so: a dot of q and k does not ask for their order, and the result is, bit for bit, that of a llama model whose rows
 * of q and k lie in that order. `row` has room for one head. */
static void rotate(const gb_llama *m, float *x, size_t heads, const float *cs, float *row) {
    const size_t half = m->n_rot / 2;
    for (size_t h = 0; m->neox && h < heads; h++) {
        float *head = x + h * m->head_dim;
        for (size_t i = 0; i < half; i++) {
            row[2 * i] = head[i];
            row[2 * i + 1] = head[i + half];
        }
        memcpy(head, row, m->n_rot * sizeof *row);
    }
    m->rope(x, heads, m->head_dim, m->n_rot, cs);
}

static void rotate_and_store_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    const gb_context *c = s->c;
    const gb_llama *m = c->m;
    float *row = c->rows + member * c->row_floats;
    size_t begin = 0;
    size_t end = 0;
    share(s, member, size, &begin, &end);
    for (size_t t = begin; t < end; t++) {
        const float *cs = c->rotation + t * m->n_rot;
        float *q = s->q + t * m->n_head * m->head_dim;
        float *key = s->key + t * m->n_head_kv * m->head_dim;
        float *value = s->value + t * m->n_head_kv * m->head_dim;
        add_bias(m, &s->layer->q, q);
        add_bias(m, &s->layer->k, key);
        add_bias(m, &s->layer->v, value);
        rotate(m, q, m->n_head, cs, row);
        rotate(m, key, m->n_head_kv, cs, row);
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
    for (size_t t = begin; t < end; t++) quantize_row(s, member, s->q + t * s->acts.n, t - s->first);
}

/* x += rows + the bias of the projection that made them, for this member's tokens. */
static void add_to_x(const step *s, const gb_matrix *made_by, float *rows, size_t member, size_t size) {
    const gb_context *c = s->c;
    const size_t n = c->m->n_embd;
    size_t begin = 0;
    size_t end = 0;
    share(s, member, size, &begin, &end);
    for (size_t t = begin; t < end; t++) {
        float *row = rows + (t - s->first) * n;
        add_bias(c->m, made_by, row);
        c->m->add(row, c->x + t * n, n);
    }
}

/* x += projection, then the norm of the feed-forward part. */
static void add_and_norm_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    add_to_x(s, &s->layer->o, s->projection, member, size);
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
        float *up = s->up + (t - s->first) * n;
        add_bias(s->c->m, &s->layer->gate, gate);
        add_bias(s->c->m, &s->layer->up, up);
        s->c->m->silu_mul(gate, up, gate, n);
        quantize_row(s, member, gate, t - s->first);
    }
}

static void add_down_job(void *ctx, size_t member, size_t size) {
    const step *s = ctx;
    add_to_x(s, &s->layer->down, s->down, member, size);
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
    (void)gb_plan_acts(&s->acts, w, count, s->count - s->first, data);
}

static void attention_part(step *s, size_t wanted) {
    gb_context *c = s->c;
    const gb_layer *y = s->layer;
    s->norm = y->attn_norm;
    plan(s, (const gb_matrix *const[]){&y->q, &y->k, &y->v}, 3, c->acts_wide);
    run(s, norm_job);
    observe(s, s->layer_index, GB_INPUT_ATTN);
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
    observe(s, s->layer_index, GB_INPUT_ATTN_OUT);
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
    observe(s, s->layer_index, GB_INPUT_FFN);
    const gb_acts normed = s->acts;
    for (s->first = first; s->first < count; s->first += c->ffn_slice) {
        s->count = count - s->first < c->ffn_slice ? count : s->first + c->ffn_slice;
        s->acts = normed;
        for (size_t j = 0; j < normed.count; j++) s->acts.data[j] += (s->first - first) * normed.stride[j];
        add_product(s, &y->gate, s->gate);
        add_product(s, &y->up, s->up);
        multiply(s);
        plan(s, (const gb_matrix *const[]){&y->down}, 1, c->acts_ffn);
        run(s, silu_job);
        observe(s, s->layer_index, GB_INPUT_FFN_DOWN);
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
        observe(s, c->m->n_layer, GB_INPUT_HEAD);
        if (c->input_sink) continue;
        add_product(s, &c->m->output, c->logits);
        multiply(s);
        const int rc = sink(user, batch_start + t, s->count - t, c->logits, err);
        if (rc) return rc;
    }
    return GB_OK;
}

int gb_forward_batch(gb_context *c, const int32_t *tokens, size_t count, size_t wanted, size_t batch_start,
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
