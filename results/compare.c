#include "results/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/stats.h"
#include "results/json.h"

const char *const gb_basis_names[] = {[GB_BASIS_PAIRED] = "paired",
                                      [GB_BASIS_RUNS] = "runs",
                                      [GB_BASIS_YARDSTICK] = "yardstick",
                                      [GB_BASIS_SAMPLES] = "samples",
                                      [GB_BASIS_VALUES] = "values"};

/* --- series of numbers ----------------------------------------------------------------------------------------------
 */

/* All results of one key on one side, oldest first. */
typedef struct side {
    const gb_result **run;
    size_t count;
} side;

static const gb_result *newest(const side *s) {
    return s->run[s->count - 1];
}

static double value_of(const gb_result *r, const char *metric) {
    gb_measured m;
    return gb_result_metric(r, metric, &m) ? m.median : NAN;
}

static size_t samples_of(const gb_result *r, const char *metric) {
    gb_measured m;
    return gb_result_metric(r, metric, &m) && m.samples ? m.n : 0;
}

/* A speed becomes a time, so that more is worse everywhere. */
static void to_cost(double *x, size_t n, const gb_metric_kind *kind) {
    for (size_t i = 0; kind->higher_is_better && i < n; i++) x[i] = 1 / x[i];
}

static double *read_samples(const gb_result *r, const char *metric, const gb_metric_kind *kind, gb_error *err) {
    gb_measured m;
    (void)gb_result_metric(r, metric, &m);
    double *x = gb_new(m.n, sizeof *x, "samples to compare", err);
    if (!x) return NULL;
    gb_measured_samples(&m, x);
    to_cost(x, m.n, kind);
    return x;
}

/* The median of every run, and what their interleaved halves differ by. */
static double *read_medians(const side *s, const char *metric, const gb_metric_kind *kind, double *noise,
                            gb_error *err) {
    double *x = gb_new(2 * s->count, sizeof *x, "runs to compare", err);
    if (!x) return NULL;
    for (size_t i = 0; i < s->count; i++) x[i] = value_of(s->run[i], metric);
    to_cost(x, s->count, kind);
    *noise = gb_noise_floor(x, s->count, x + s->count);
    return x;
}

/* --- which comparison -----------------------------------------------------------------------------------------------
 */

static int equal_text(const gb_result *a, const gb_result *b, const char *part, const char *key) {
    return strcmp(gb_result_text(a, part, key), gb_result_text(b, part, key)) == 0;
}

/* A yardstick is the same loop only if the same compiler made it, and the same speed only on the same machine. */
static int same_yardstick(const side *a, const side *b) {
    const gb_result *first = newest(a);
    char digits[2][33];
    gb_result_fingerprint(first, digits[0]);
    for (size_t i = 0; i < a->count + b->count; i++) {
        const gb_result *r = i < a->count ? a->run[i] : b->run[i - a->count];
        gb_result_fingerprint(r, digits[1]);
        if (strcmp(digits[0], digits[1]) != 0 || !equal_text(first, r, "provenance", "compiler") ||
            !equal_text(first, r, "provenance", "flags") || !isfinite(value_of(r, "vs_yardstick")))
            return 0;
    }
    return 1;
}

/* Samples that belong together one by one: of one run, or likelihoods of the same chunks of a text. */
static int is_paired(const gb_result *a, const gb_result *b, const char *metric) {
    const size_t n = samples_of(a, metric);
    if (!n || n != samples_of(b, metric)) return 0;
    if (strcmp(metric, "chunk_nll") == 0) {
        char x[2][64] = {"", ""};
        (void)gb_result_subject(a, "n_ctx", x[0], sizeof x[0]);
        (void)gb_result_subject(b, "n_ctx", x[1], sizeof x[1]);
        return equal_text(a, b, "subject", "text") && strcmp(x[0], x[1]) == 0;
    }
    return gb_result_interleaved(a, b);
}

static gb_basis choose(const side *a, const side *b, const char *metric, int yardstick) {
    if (is_paired(newest(a), newest(b), metric)) return GB_BASIS_PAIRED;
    if (a->count >= GB_RUNS_TO_POOL && b->count >= GB_RUNS_TO_POOL) return GB_BASIS_RUNS;
    if (yardstick && samples_of(newest(a), "vs_yardstick") && samples_of(newest(b), "vs_yardstick"))
        return GB_BASIS_YARDSTICK;
    return samples_of(newest(a), metric) && samples_of(newest(b), metric) ? GB_BASIS_SAMPLES : GB_BASIS_VALUES;
}

/* --- the comparisons ------------------------------------------------------------------------------------------------
 */

static double larger_noise(const gb_comparison *c, const char *metric) {
    const double a = value_of(c->a, metric);
    const double b = value_of(c->b, metric);
    return fmax(isfinite(a) ? a : 0, isfinite(b) ? b : 0);
}

/* The floor of pairs is that of their ratios: what both share is in neither. */
static int compare_pairs(gb_comparison *c, double confidence, gb_error *err) {
    const size_t n = samples_of(c->a, c->metric);
    double *x = read_samples(c->a, c->metric, &c->kind, err);
    double *y = x ? read_samples(c->b, c->metric, &c->kind, err) : NULL;
    double *ratio = y ? gb_new(2 * n, sizeof *ratio, "ratios", err) : NULL;
    int rc = ratio ? GB_OK : GB_ESYSTEM;
    for (size_t i = 0; !rc && i < n; i++) ratio[i] = y[i] / x[i];
    const double floor = !rc && n > 1 ? gb_noise_floor(ratio, n, ratio + n) : 0;
    if (!rc) rc = gb_ratio_paired(x, y, n, confidence, isfinite(floor) ? floor : 0, &c->cost, err);
    free(x);
    free(y);
    free(ratio);
    return rc;
}

static int compare_samples(gb_comparison *c, const char *metric, const char *noise, double confidence, gb_error *err) {
    const gb_metric_kind kind = gb_metric_kind_of(metric, "");
    const gb_metric_kind *how = strcmp(metric, c->metric) == 0 ? &c->kind : &kind;
    double *x = read_samples(c->a, metric, how, err);
    double *y = x ? read_samples(c->b, metric, how, err) : NULL;
    const int rc = y ? gb_ratio_two(x, samples_of(c->a, metric), y, samples_of(c->b, metric), confidence,
                                    larger_noise(c, noise), &c->cost, err)
                     : GB_ESYSTEM;
    free(x);
    free(y);
    return rc;
}

static int compare_runs(gb_comparison *c, const side *a, const side *b, int yardstick, double confidence,
                        gb_error *err) {
    const char *metric = yardstick ? "vs_yardstick" : c->metric;
    const gb_metric_kind kind = yardstick ? gb_metric_kind_of(metric, "") : c->kind;
    double noise[2] = {0};
    double *x = read_medians(a, metric, &kind, &noise[0], err);
    double *y = x ? read_medians(b, metric, &kind, &noise[1], err) : NULL;
    const double floor = fmax(noise[0], noise[1]);
    const int rc =
        y ? gb_ratio_two(x, a->count, y, b->count, confidence, isfinite(floor) ? floor : 0, &c->cost, err) : GB_ESYSTEM;
    free(x);
    free(y);
    return rc;
}

/* Numbers without a spread: sizes and likelihoods repeat exactly, so they differ or do not; times do not repeat. */
static void compare_values(gb_comparison *c) {
    const double ratio = c->kind.higher_is_better ? c->in_a.median / c->in_b.median : c->in_b.median / c->in_a.median;
    c->cost = (gb_ratio){.ratio = ratio, .low = ratio, .high = ratio};
    const int repeats = strcmp(c->kind.worse, "slower") != 0 && c->kind.comparable;
    if (c->in_a.median == c->in_b.median) {
        c->verdict = "equal";
    } else if (repeats) {
        c->verdict = ratio > 1 ? c->kind.worse : c->kind.better;
        c->shown = 1;
    } else {
        (void)snprintf(c->note, sizeof c->note, "no spread is recorded");
    }
}

static void judge(gb_comparison *c, double confidence) {
    const gb_difference d = gb_ratio_shows(&c->cost, confidence);
    if (c->cost.coverage < confidence)
        (void)snprintf(c->note, sizeof c->note, "too few samples for %.4g %%: the interval covers %.3g %%",
                       100 * confidence, 100 * c->cost.coverage);
    if (d == GB_NOT_SHOWN) return;
    c->shown = 1;
    c->verdict = d == GB_HIGHER ? c->kind.worse : c->kind.better;
}

static int compare_hashes(const gb_result *a, const gb_result *b) {
    const char *x = gb_result_text(a, "hashes", "logits");
    const char *y = gb_result_text(b, "hashes", "logits");
    return x[0] && y[0] ? strcmp(x, y) == 0 : -1;
}

/* Something from outside spoilt one of them: the verdict stands, with a warning. */
static void warn(gb_comparison *c) {
    const gb_result *const both[2] = {c->a, c->b};
    for (int i = 0; i < 2; i++) {
        const char *why = gb_result_spoilt(both[i]);
        if (!why) continue;
        if (!c->note[0]) (void)snprintf(c->note, sizeof c->note, "%s unreliable: %.120s", i ? "B" : "A", why);
        c->unreliable = 1;
    }
}

static int compare_key(const side *a, const side *b, const gb_compare_options *o, gb_comparison *c, gb_error *err) {
    char digits[2][33];
    *c = (gb_comparison){.a = newest(a), .b = newest(b), .runs_a = a->count, .runs_b = b->count};
    c->metric = o->metric ? o->metric : gb_primary_metric(c->a);
    if (!c->metric || !gb_result_metric(c->a, c->metric, &c->in_a) || !gb_result_metric(c->b, c->metric, &c->in_b))
        return GB_OK; /* nothing to compare: dropped by the caller */
    c->kind = gb_metric_kind_of(c->metric, c->in_a.unit);
    c->verdict = "no difference shown";
    c->hashes = compare_hashes(c->a, c->b);
    gb_result_fingerprint(c->a, digits[0]);
    gb_result_fingerprint(c->b, digits[1]);
    c->same_machine = strcmp(digits[0], digits[1]) == 0;
    c->label = gb_result_label(c->b, err);
    if (!c->label) return GB_ESYSTEM;
    const int yardstick = strcmp(c->metric, "ns_per_call") == 0 && same_yardstick(a, b);
    c->basis = choose(a, b, c->metric, yardstick);
    int rc = GB_OK;
    gb_error why = {0};
    if (c->basis == GB_BASIS_PAIRED) rc = compare_pairs(c, o->confidence, &why);
    if (c->basis == GB_BASIS_RUNS) rc = compare_runs(c, a, b, yardstick, o->confidence, &why);
    if (c->basis == GB_BASIS_YARDSTICK)
        rc = compare_samples(c, "vs_yardstick", "vs_yardstick_noise", o->confidence, &why);
    if (c->basis == GB_BASIS_SAMPLES) rc = compare_samples(c, c->metric, "aa_noise", o->confidence, &why);
    if (rc == GB_EINPUT) { /* a time of zero, say: no ratio, and no verdict */
        c->cost = (gb_ratio){.ratio = NAN, .low = NAN, .high = NAN};
        (void)snprintf(c->note, sizeof c->note, "%.150s", why.text);
        return GB_OK;
    }
    if (rc) return gb_fail(err, rc, "%s", why.text);
    if (c->basis == GB_BASIS_VALUES)
        compare_values(c);
    else
        judge(c, o->confidence);
    warn(c);
    return GB_OK;
}

/* --- matching -------------------------------------------------------------------------------------------------------
 */

typedef struct entry {
    char *key;
    const gb_result *result;
    size_t order; /* in its set */
    int of_b;
} entry;

/* By key, side, time, order: so the results of a key on a side stand together, oldest first. */
static int by_key(const void *x, const void *y) {
    const entry *a = x;
    const entry *b = y;
    int order = strcmp(a->key, b->key);
    if (!order) order = a->of_b - b->of_b;
    if (!order)
        order = strcmp(gb_result_text(a->result, "run", "started"), gb_result_text(b->result, "run", "started"));
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static int list_entries(const gb_results *set, int of_b, const gb_key_rule *rule, entry *out, gb_error *err) {
    for (size_t i = 0; i < set->count; i++) {
        out[i] = (entry){.key = gb_result_key(&set->of[i], rule, err), .result = &set->of[i], .order = i, .of_b = of_b};
        if (!out[i].key) return GB_ESYSTEM;
    }
    return GB_OK;
}

/* In the order of the first set. */
static int by_order(const void *x, const void *y) {
    const gb_comparison *a = x;
    const gb_comparison *b = y;
    return (a->a > b->a) - (a->a < b->a);
}

static int walk(const entry *all, size_t count, const gb_compare_options *o, const gb_result **run, gb_comparisons *out,
                gb_error *err) {
    for (size_t i = 0; i < count;) {
        size_t n[2] = {0};
        const size_t first = i;
        for (; i < count && strcmp(all[i].key, all[first].key) == 0; i++) {
            run[i] = all[i].result;
            n[all[i].of_b]++;
        }
        if (!n[0]) out->only_b++;
        if (!n[1]) out->only_a++;
        if (!n[0] || !n[1]) continue;
        const side a = {run + first, n[0]};
        const side b = {run + first + n[0], n[1]};
        const int rc = compare_key(&a, &b, o, &out->of[out->count], err);
        if (rc) return rc;
        if (out->of[out->count].label) out->count++;
    }
    return GB_OK;
}

int gb_compare(const gb_results *a, const gb_results *b, const gb_compare_options *options, gb_comparisons *out,
               gb_error *err) {
    *out = (gb_comparisons){0};
    const size_t count = a->count + b->count;
    entry *all = gb_new(count, sizeof *all, "results to compare", err);
    const gb_result **run = gb_new(count, sizeof(const gb_result *), "results to compare", err);
    out->of = gb_new(count, sizeof *out->of, "comparisons", err);
    int rc = all && run && out->of ? GB_OK : GB_ESYSTEM;
    if (!rc) rc = list_entries(a, 0, &options->key, all, err);
    if (!rc) rc = list_entries(b, 1, &options->key, all + a->count, err);
    if (!rc) qsort(all, count, sizeof *all, by_key);
    if (!rc) rc = walk(all, count, options, run, out, err);
    if (!rc) qsort(out->of, out->count, sizeof *out->of, by_order);
    if (!rc && !out->count)
        rc = gb_fail(err, GB_EINPUT,
                     "nothing to compare: %zu things are only in the first set, %zu only in the second%s%s",
                     out->only_a, out->only_b, options->metric ? ", or lack the metric " : "",
                     options->metric ? options->metric : "");
    for (size_t i = 0; all && i < count; i++) free(all[i].key);
    free(all);
    free(run);
    if (rc) gb_comparisons_free(out);
    return rc;
}

void gb_comparisons_free(gb_comparisons *c) {
    for (size_t i = 0; i < c->count; i++) free(c->of[i].label);
    free(c->of);
    *c = (gb_comparisons){0};
}
