#include "model/perplexity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/logits_hash.h"
#include "reference/math.h"

enum { NLL_BLOCK = 256, MIN_CONTEXT = 4 };

static int eval_context(void *user, const int32_t *tokens, size_t count, size_t logits_from, gb_logits_sink *sink,
                        void *sink_user, gb_error *err) {
    gb_context *c = user;
    gb_context_reset(c);
    return gb_context_eval(c, tokens, count, logits_from, sink, sink_user, err);
}

gb_logits_source gb_logits_from_context(gb_context *c, const gb_llama *m) {
    return (gb_logits_source){.eval = eval_context, .user = c, .n_vocab = m->n_vocab, .pool = gb_context_pool(c)};
}

double gb_nll(const float *logits, size_t n_vocab, int32_t target) {
    float max = logits[0];
    for (size_t i = 1; i < n_vocab; i++) max = logits[i] > max ? logits[i] : max;
    double sum = 0.0;
    for (size_t start = 0; start < n_vocab; start += NLL_BLOCK) {
        const size_t n = n_vocab - start < NLL_BLOCK ? n_vocab - start : NLL_BLOCK;
        float e[NLL_BLOCK];
        for (size_t i = 0; i < n; i++) e[i] = gb_exp_f32(logits[start + i] - max);
        for (size_t i = 0; i < n; i++) sum = sum + (double)e[i];
    }
    return -((double)(logits[target] - max) - gb_log(sum));
}

/* --- one chunk ---------------------------------------------------------------------------------------------------- */

typedef struct chunk {
    const gb_logits_source *source;
    const int32_t *tokens; /* of the chunk as the text has them: the targets */
    size_t first;          /* position of row 0 of the chunk's logits */
    double *nll;           /* of every scored position */
    gb_logits_hash *hash;
    /* the rows at hand */
    const float *logits;
    size_t row, rows;
} chunk;

static void score_job(void *ctx, size_t member, size_t size) {
    const chunk *k = ctx;
    size_t begin = 0;
    size_t end = 0;
    gb_pool_share(k->rows, 1, member, size, &begin, &end);
    for (size_t i = begin; i < end; i++) {
        const size_t position = k->row + i;
        k->nll[position - k->first] =
            gb_nll(k->logits + i * k->source->n_vocab, k->source->n_vocab, k->tokens[position + 1]);
    }
}

static int score_rows(void *user, size_t first, size_t rows, const float *logits, gb_error *err) {
    (void)err;
    chunk *k = user;
    k->logits = logits;
    k->row = first;
    k->rows = rows;
    if (k->source->pool)
        gb_pool_run(k->source->pool, score_job, k);
    else
        score_job(k, 0, 1);
    gb_logits_hash_add(k->hash, logits, rows * k->source->n_vocab);
    return GB_OK;
}

/* --- all chunks --------------------------------------------------------------------------------------------------- */

typedef struct totals {
    double sum, squares;
    size_t count;
} totals;

static void add_chunk(totals *t, const double *nll, size_t count, double *chunk_mean) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum = sum + nll[i];
        t->squares = t->squares + nll[i] * nll[i];
    }
    t->sum = t->sum + sum;
    t->count += count;
    *chunk_mean = sum / (double)count;
}

static int run_chunks(const gb_logits_source *source, const int32_t *tokens, const gb_perplexity_params *params,
                      int32_t *input, double *nll, gb_logits_hash *hash, gb_perplexity *out, gb_error *err) {
    const size_t n_ctx = params->n_ctx;
    const size_t first = gb_perplexity_first(n_ctx);
    totals all = {0};
    for (size_t i = 0; i < out->chunks; i++) {
        chunk k = {.source = source, .tokens = tokens + i * n_ctx, .first = first, .nll = nll, .hash = hash};
        memcpy(input, k.tokens, n_ctx * sizeof *input);
        if (params->bos >= 0) input[0] = params->bos;
        /* the chunk's last token is only a target */
        const int rc = source->eval(source->user, input, n_ctx - 1, first, score_rows, &k, err);
        if (rc) return rc;
        add_chunk(&all, nll, gb_perplexity_scored(n_ctx), &out->chunk_nll[i]);
        out->running[i] = gb_exp(all.sum / (double)all.count);
        if (params->on_chunk) params->on_chunk(params->user, i, out->chunks, out->running[i]);
    }
    const double mean = all.sum / (double)all.count;
    const double variance = all.squares / (double)all.count - mean * mean;
    out->scored = all.count;
    out->mean_nll = mean;
    out->ppl = gb_exp(mean);
    out->ppl_stderr = all.count > 1 && variance > 0.0 ? out->ppl * sqrt(variance / (double)(all.count - 1)) : 0.0;
    gb_logits_hash_text(hash, out->logits_hash);
    return GB_OK;
}

int gb_perplexity_run(const gb_logits_source *source, const int32_t *tokens, size_t count,
                      const gb_perplexity_params *params, gb_perplexity *out, gb_error *err) {
    const size_t n_ctx = params->n_ctx;
    *out = (gb_perplexity){0};
    if (n_ctx < MIN_CONTEXT)
        return gb_fail(err, GB_EINPUT, "perplexity needs a context of at least %d tokens, not %zu", MIN_CONTEXT, n_ctx);
    if (count / 2 < n_ctx)
        return gb_fail(err, GB_EINPUT, "the text has %zu tokens; perplexity with a context of %zu needs at least %zu",
                       count, n_ctx, 2 * n_ctx);
    for (size_t i = 0; i < count; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= source->n_vocab)
            return gb_fail(err, GB_EINPUT, "token %zu of the text has id %d, outside the model's vocabulary of %zu", i,
                           tokens[i], source->n_vocab);
    out->chunks = count / n_ctx;
    if (params->max_chunks && params->max_chunks < out->chunks) out->chunks = params->max_chunks;
    gb_logits_hash *hash = NULL;
    int32_t *input = gb_new(n_ctx, sizeof *input, "chunk", err);
    double *nll = gb_new(gb_perplexity_scored(n_ctx), sizeof *nll, "scores", err);
    out->running = gb_new(out->chunks, sizeof(double), "chunk results", err);
    out->chunk_nll = gb_new(out->chunks, sizeof(double), "chunk results", err);
    int rc = input && nll && out->running && out->chunk_nll ? gb_logits_hash_new(&hash, err) : GB_ESYSTEM;
    if (!rc) rc = run_chunks(source, tokens, params, input, nll, hash, out, err);
    gb_logits_hash_free(hash);
    free(input);
    free(nll);
    if (rc) gb_perplexity_free(out);
    return rc;
}

void gb_perplexity_free(gb_perplexity *p) {
    free(p->running);
    free(p->chunk_nll);
    *p = (gb_perplexity){0};
}
