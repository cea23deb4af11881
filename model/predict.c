#include "model/predict.h"

#include <math.h>
#include <stdbool.h>

#include "harness/pool.h"
#include "model/context_impl.h"

const char *const gb_predict_part_names[GB_PREDICT_PART_COUNT] = {
#define GB_PREDICT_PART_NAME(name, meaning) #name,
    GB_PREDICT_PARTS(GB_PREDICT_PART_NAME)
#undef GB_PREDICT_PART_NAME
};

/* Lengths of the KV cache at which attention is priced; between them its price is taken to be even. */
enum { SPANS = 4 };

/* One test on its way: prices are added up until one fails. */
typedef struct walk {
    const gb_predict_model *m;
    const gb_predict_params *p;
    const gb_price_list *prices;
    gb_slices slices;
    double set; /* bytes of all matrices */
    gb_predicted_test *out;
    int rc;
    gb_error *err;
} walk;

static double largest_share(size_t total, size_t grain, size_t threads) {
    size_t begin = 0;
    size_t end = 0;
    gb_pool_share(total, grain, 0, threads, &begin, &end);
    return (double)(end - begin);
}

/* --- prices ------------------------------------------------------------------------------------------------------- */

static double kernel_price(walk *w, const gb_probe *probe) {
    double ns = 0;
    if (w->rc) return 0;
    w->rc = w->prices->kernel(w->prices->ctx, probe, &ns, w->err);
    if (!w->rc && !(isfinite(ns) && ns > 0))
        w->rc = gb_fail(
            w->err, GB_EINPUT, "prediction: no measurement of %s %s, %zu elements, %zu rows, %zu columns, %zu threads",
            gb_formats[probe->format].name, gb_op_names[probe->op], probe->n, probe->rows, probe->cols, probe->threads);
    return w->rc ? 0 : ns;
}

/* Of reading so many bytes of the model. */
static double memory_price(walk *w, double bytes) {
    double gbps = 0;
    if (w->rc) return 0;
    w->rc = w->prices->bandwidth(w->prices->ctx, w->set, w->p->threads, &gbps, w->err);
    if (!w->rc && !(isfinite(gbps) && gbps > 0))
        w->rc = gb_fail(w->err, GB_EINPUT, "prediction: no measurement of reading %.0f bytes, %zu threads", w->set,
                        w->p->threads);
    return w->rc ? 0 : bytes / gbps;
}

static void spend(walk *w, gb_predict_part part, double ns) {
    if (!w->rc) w->out->part[part] += ns;
}

/* What takes the longer of the two: kernels wait for memory while memory waits for nobody. */
static void spend_either(walk *w, gb_predict_part part, double kernels, double bytes) {
    const double memory = memory_price(w, bytes);
    spend(w, part, fmax(kernels, memory));
    if (!w->rc && memory > kernels) w->out->by_memory += memory;
}

static void barrier(walk *w) {
    double ns = 0;
    if (w->rc) return;
    w->rc = w->prices->barrier(w->prices->ctx, w->p->threads, &ns, w->err);
    if (!w->rc && !(isfinite(ns) && ns >= 0))
        w->rc = gb_fail(w->err, GB_EINPUT, "prediction: no measurement of a barrier of %zu threads", w->p->threads);
    spend(w, GB_PREDICT_barriers, ns);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

/* An operation on rows, `each` of them a token: one thread does all of a single token, else the tokens are shared. */
static void rows(walk *w, gb_predict_part part, gb_op op, gb_format format, size_t n, size_t heads, size_t tokens,
                 size_t each) {
    const size_t threads = tokens > 1 ? w->p->threads : 1;
    const double calls = largest_share(tokens, 1, threads) * (double)each;
    const gb_probe probe = {op, format, n, heads, 1, (size_t)calls, threads, 0};
    spend(w, part, kernel_price(w, &probe) * calls);
}

static void vectors(walk *w, gb_op op, size_t n, size_t heads, size_t tokens) {
    rows(w, GB_PREDICT_vectors, op, GB_FORMAT_f32, n, heads, tokens, 1);
}

/* A job over tokens ends in a barrier only where it is shared (forward.c, run()). */
static void end_of_rows(walk *w, size_t tokens) {
    if (tokens > 1) barrier(w);
}

/* Input rows are converted once for each kind of activations that the matrices want. */
static void activations(walk *w, const gb_format *formats, size_t count, size_t n, size_t tokens) {
    for (size_t i = 0; i < count; i++) {
        const gb_format partner = gb_formats[formats[i]].partner;
        bool done = false;
        for (size_t j = 0; j < i; j++) done = done || gb_formats[formats[j]].partner == partner;
        if (!done) rows(w, GB_PREDICT_activations, GB_OP_quantize_act, partner, n, 1, tokens, 1);
    }
}

/* One matrix for all tokens: gemv for one, else a gemm for every slice of columns. */
static void product(walk *w, gb_predict_part part, gb_format format, size_t n, size_t all_rows, size_t tokens) {
    const size_t share = (size_t)largest_share(all_rows, GB_ROW_GRAIN, w->p->threads);
    const double bytes = (double)gb_row_bytes(format, n) * (double)all_rows;
    for (size_t col = 0; !w->rc && col < tokens; col += w->slices.columns) {
        const size_t cols = tokens - col < w->slices.columns ? tokens - col : w->slices.columns;
        const gb_op op = tokens == 1 ? GB_OP_gemv : GB_OP_gemm;
        const gb_probe probe = {op, format, n, share, cols, 1, w->p->threads, tokens == 1 ? w->set : 0};
        const double read = col == 0 ? bytes : 0; /* later columns find it in a cache */
        spend_either(w, part, kernel_price(w, &probe) + read * w->prices->mapping, read);
    }
}

/* All heads of one layer, `tokens` tokens that see `from` + 1, `from` + 2 ... positions, in passes of `batch` tokens.
 */
static void attention(walk *w, size_t from, size_t tokens, size_t batch) {
    const gb_model_sizes *s = &w->m->sizes;
    const double heads = batch == 1 ? largest_share(s->heads, 1, w->p->threads) * (double)tokens
                                    : largest_share(s->heads * tokens, 1, w->p->threads);
    const size_t spans = tokens < SPANS ? tokens : SPANS;
    for (size_t i = 0; !w->rc && i < spans; i++) {
        const size_t seen = from + 1 + (2 * i + 1) * tokens / (2 * spans);
        const gb_probe parts[] = {
            {GB_OP_attn_score, w->p->kv, s->head_dim, seen, 1, 1, w->p->threads, 0},
            {GB_OP_softmax, GB_FORMAT_f32, seen, 1, 1, 1, w->p->threads, 0},
            {GB_OP_attn_acc, w->p->kv, s->head_dim, seen, 1, 1, w->p->threads, 0},
        };
        double ns = 0;
        for (size_t j = 0; j < sizeof parts / sizeof parts[0]; j++) ns += kernel_price(w, &parts[j]);
        /* keys and values are read once a pass: its tokens share them */
        const double passes = (double)tokens / (double)spans / (double)batch;
        const double bytes = 2.0 * (double)(seen * s->kv_heads * gb_row_bytes(w->p->kv, s->head_dim));
        spend_either(w, GB_PREDICT_attention, ns * heads / (double)spans, bytes * passes);
    }
}

/* --- the pass, as in forward.c ------------------------------------------------------------------------------------ */

static void attention_inputs(walk *w, const gb_format *f, size_t tokens) {
    const gb_model_sizes *s = &w->m->sizes;
    vectors(w, GB_OP_rmsnorm, s->embd, 1, tokens);
    activations(w, &f[GB_LAYER_attn_q], 3, s->embd, tokens);
    end_of_rows(w, tokens);
    product(w, GB_PREDICT_layers, f[GB_LAYER_attn_q], s->embd, s->heads * s->head_dim, tokens);
    product(w, GB_PREDICT_layers, f[GB_LAYER_attn_k], s->embd, s->kv_heads * s->head_dim, tokens);
    product(w, GB_PREDICT_layers, f[GB_LAYER_attn_v], s->embd, s->kv_heads * s->head_dim, tokens);
    barrier(w);
    vectors(w, GB_OP_rope, s->head_dim, s->heads, tokens);
    vectors(w, GB_OP_rope, s->head_dim, s->kv_heads, tokens);
    rows(w, GB_PREDICT_vectors, GB_OP_quantize_act, w->p->kv, s->head_dim, 1, tokens, 2 * s->kv_heads);
    end_of_rows(w, tokens);
}

static void attention_outputs(walk *w, const gb_format *f, size_t tokens) {
    const gb_model_sizes *s = &w->m->sizes;
    barrier(w); /* behind the attention */
    activations(w, &f[GB_LAYER_attn_output], 1, s->heads * s->head_dim, tokens);
    end_of_rows(w, tokens);
    product(w, GB_PREDICT_layers, f[GB_LAYER_attn_output], s->heads * s->head_dim, s->embd, tokens);
    barrier(w);
}

static void feed_forward(walk *w, const gb_format *f, size_t tokens) {
    const gb_model_sizes *s = &w->m->sizes;
    vectors(w, GB_OP_add, s->embd, 1, tokens);
    vectors(w, GB_OP_rmsnorm, s->embd, 1, tokens);
    activations(w, &f[GB_LAYER_ffn_gate], 2, s->embd, tokens);
    end_of_rows(w, tokens);
    for (size_t first = 0; !w->rc && first < tokens; first += w->slices.ffn_slice) {
        const size_t now = tokens - first < w->slices.ffn_slice ? tokens - first : w->slices.ffn_slice;
        product(w, GB_PREDICT_layers, f[GB_LAYER_ffn_gate], s->embd, s->ffn, now);
        product(w, GB_PREDICT_layers, f[GB_LAYER_ffn_up], s->embd, s->ffn, now);
        barrier(w);
        vectors(w, GB_OP_silu_mul, s->ffn, 1, now);
        activations(w, &f[GB_LAYER_ffn_down], 1, s->ffn, now);
        end_of_rows(w, now);
        product(w, GB_PREDICT_layers, f[GB_LAYER_ffn_down], s->ffn, s->embd, now);
        barrier(w);
        vectors(w, GB_OP_add, s->embd, 1, now);
        end_of_rows(w, now);
    }
}

/* The logits of one token. */
static void head(walk *w) {
    const gb_model_sizes *s = &w->m->sizes;
    vectors(w, GB_OP_rmsnorm, s->embd, 1, 1);
    activations(w, &w->m->output, 1, s->embd, 1);
    product(w, GB_PREDICT_head, w->m->output, s->embd, s->vocab, 1);
    barrier(w);
}

/* Everything but attention of `tokens` tokens; `wanted` of them go beyond the last layer's cache, the last one gets
 * logits if any does. */
static void pass(walk *w, size_t tokens, size_t wanted) {
    const gb_predict_model *m = w->m;
    rows(w, GB_PREDICT_vectors, GB_OP_dequantize, m->embedding, m->sizes.embd, 1, tokens, 1);
    end_of_rows(w, tokens);
    for (size_t i = 0; !w->rc && i < m->sizes.layers; i++) {
        attention_inputs(w, m->layer[i], tokens);
        const size_t left = i + 1 == m->sizes.layers ? wanted : tokens;
        if (!left) continue;
        attention_outputs(w, m->layer[i], left);
        feed_forward(w, m->layer[i], left);
    }
    if (wanted) head(w);
}

/* A prompt in batches; only its last token gets logits. */
static void prompt(walk *w) {
    const size_t layers = w->m->sizes.layers;
    for (size_t start = 0; !w->rc && start < w->p->prompt; start += w->p->n_batch) {
        const size_t left = w->p->prompt - start;
        const size_t count = left < w->p->n_batch ? left : w->p->n_batch;
        const bool last = count == left;
        pass(w, count, last ? 1 : 0);
        for (size_t i = 0; !w->rc && i + 1 < layers; i++) attention(w, start, count, count);
        if (last) attention(w, w->p->prompt - 1, 1, 1);
    }
}

/* Tokens one by one: the same pass for each, but for the length of what attention sees. */
static void generate(walk *w) {
    const size_t n = w->p->generate;
    pass(w, 1, 1);
    for (int i = 0; i < GB_PREDICT_PART_COUNT; i++) w->out->part[i] *= (double)n;
    w->out->by_memory *= (double)n;
    for (size_t i = 0; !w->rc && i < w->m->sizes.layers; i++) attention(w, 0, n, 1);
}

static int predict_test(walk *w, size_t tokens, void (*test)(walk *w), gb_predicted_test *out) {
    if (!tokens || w->rc) return w->rc;
    w->out = out;
    test(w);
    for (int i = 0; i < GB_PREDICT_PART_COUNT; i++) out->ns += out->part[i];
    if (!w->rc) out->tps = (double)tokens * 1e9 / out->ns;
    if (!w->rc) out->by_memory /= out->ns;
    return w->rc;
}

int gb_predict(const gb_predict_model *model, const gb_predict_params *params, const gb_price_list *prices,
               gb_prediction *out, gb_error *err) {
    const gb_model_sizes *s = &model->sizes;
    gb_predict_params p = *params;
    const size_t context = p.prompt > p.generate ? p.prompt : p.generate;
    *out = (gb_prediction){0};
    if (context == 0) return gb_fail(err, GB_EINPUT, "nothing to predict: no tokens");
    if (p.n_batch > context) p.n_batch = context;
    if (p.n_batch < 1 || p.threads < 1) return gb_fail(err, GB_EINPUT, "a prediction needs a batch and a thread");
    const int unfit = gb_check_kv(p.kv, s->head_dim, "this model", err);
    if (unfit) return unfit;
    walk w = {.m = model,
              .p = &p,
              .prices = prices,
              .slices = gb_slices_of(s->embd, s->ffn, s->heads * s->head_dim, s->vocab, p.n_batch, p.threads),
              .set = gb_predict_streamed_bytes(model),
              .err = err};
    const int rc = predict_test(&w, p.prompt, prompt, &out->pp);
    return rc ? rc : predict_test(&w, p.generate, generate, &out->tg);
}
