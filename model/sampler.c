#include "model/sampler.h"

#include <math.h>
#include <stdlib.h>

#include "harness/alloc.h"
#include "harness/rng.h"
#include "reference/math.h"
#include "reference/reference.h"

typedef struct candidate {
    float logit;
    int32_t id;
} candidate;

struct gb_sampler {
    gb_sampler_params params;
    size_t n_vocab;
    gb_rng rng;
    candidate *heap; /* the kept candidates, worst on top while collecting */
    double *weight;
};

/* --- candidates --------------------------------------------------------------------------------------------------- */

/* a is a worse candidate than b: smaller logit, or the same and a higher id. */
static int worse(candidate a, candidate b) {
    return a.logit < b.logit || (a.logit == b.logit && a.id > b.id);
}

static int best_first(const void *pa, const void *pb) {
    const candidate *a = pa;
    const candidate *b = pb;
    return worse(*a, *b) ? 1 : worse(*b, *a) ? -1 : 0;
}

static void sift_down(candidate *heap, size_t n, size_t i) {
    for (;;) {
        size_t worst = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
            if (worse(heap[child], heap[worst])) worst = child;
        if (worst == i) return;
        const candidate t = heap[i];
        heap[i] = heap[worst];
        heap[worst] = t;
        i = worst;
    }
}

/* The k best logits, best first: a heap of the best so far with the worst of them on top. NaN counts as -infinity. */
static size_t collect(gb_sampler *s, const float *logits) {
    const size_t k = s->params.top_k && s->params.top_k < s->n_vocab ? s->params.top_k : s->n_vocab;
    size_t n = 0;
    for (size_t i = 0; i < s->n_vocab; i++) {
        const float logit = logits[i] == logits[i] ? logits[i] : -INFINITY;
        const candidate c = {.logit = logit, .id = (int32_t)i};
        if (n < k) {
            s->heap[n++] = c;
            if (n == k)
                for (size_t j = k / 2; j-- > 0;) sift_down(s->heap, k, j);
        } else if (worse(s->heap[0], c)) {
            s->heap[0] = c;
            sift_down(s->heap, k, 0);
        }
    }
    qsort(s->heap, n, sizeof *s->heap, best_first);
    return n;
}

int32_t gb_sample(gb_sampler *s, const float *logits) {
    if (s->params.temperature <= 0.0) return (int32_t)s->params.argmax(logits, s->n_vocab);
    size_t n = collect(s, logits);
    const candidate *c = s->heap;
    if (!isfinite(c[0].logit)) return c[0].id; /* no ratios of infinities */
    double total = 0.0;
    for (size_t i = 0; i < n; i++) {
        s->weight[i] = gb_exp(((double)c[i].logit - (double)c[0].logit) / s->params.temperature);
        total = total + s->weight[i];
    }
    if (s->params.top_p < 1.0) {
        double kept = 0.0;
        size_t i = 0;
        while (i < n && (i == 0 || kept < s->params.top_p * total)) kept = kept + s->weight[i++];
        n = i;
        total = kept;
    }
    double left = gb_rng_uniform(&s->rng) * total;
    size_t i = 0;
    while (i + 1 < n && left >= s->weight[i]) left = left - s->weight[i++];
    return c[i].id;
}

int gb_sampler_new(const gb_sampler_params *params, size_t n_vocab, gb_sampler **out, gb_error *err) {
    gb_error local = {0};
    if (!err) err = &local;
    *out = NULL;
    if (!(params->temperature >= 0.0 && params->temperature <= 1e6))
        return gb_fail(err, GB_EINPUT, "temperature %g: expected 0 to 1000000", params->temperature);
    if (!(params->top_p > 0.0 && params->top_p <= 1.0))
        return gb_fail(err, GB_EINPUT, "top-p %g: expected a number above 0, at most 1", params->top_p);
    if (n_vocab < 1 || n_vocab > INT32_MAX)
        return gb_fail(err, GB_EINPUT, "a vocabulary of %zu tokens cannot be sampled from", n_vocab);
    const size_t kept = params->top_k && params->top_k < n_vocab ? params->top_k : n_vocab;
    gb_sampler *s = gb_new(1, sizeof *s, "sampler", err);
    if (!s) return err->code;
    s->params = *params;
    if (!s->params.argmax) s->params.argmax = gb_ref_f32_argmax;
    s->n_vocab = n_vocab;
    s->heap = gb_new(kept, sizeof *s->heap, "candidates", err);
    s->weight = gb_new(kept, sizeof *s->weight, "candidates", err);
    if (!s->heap || !s->weight) {
        gb_sampler_free(s);
        return err->code;
    }
    gb_rng_seed(&s->rng, params->seed, "sampler");
    *out = s;
    return GB_OK;
}

void gb_sampler_free(gb_sampler *s) {
    if (!s) return;
    free(s->heap);
    free(s->weight);
    free(s);
}
