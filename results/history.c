#include "results/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"

typedef struct entry {
    char *key;
    const gb_result *result;
    size_t order;
} entry;

static int by_key_and_time(const void *x, const void *y) {
    const entry *a = x;
    const entry *b = y;
    int order = strcmp(a->key, b->key);
    if (!order)
        order = strcmp(gb_result_text(a->result, "run", "started"), gb_result_text(b->result, "run", "started"));
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

/* The keys of all results that have the metric. */
static int list_entries(const gb_results *all, const char *metric, entry *list, size_t *count, gb_error *err) {
    for (size_t i = 0; i < all->count; i++) {
        const gb_result *r = &all->of[i];
        const char *name = metric ? metric : gb_primary_metric(r);
        gb_measured m;
        if (!name || !gb_result_metric(r, name, &m)) continue;
        char *key = gb_result_key(r, NULL, err);
        if (!key) return GB_ESYSTEM;
        list[(*count)++] = (entry){.key = key, .result = r, .order = i};
    }
    return GB_OK;
}

/* Against the last point of the same machine. */
static int relate(gb_trend *t, size_t at, gb_error *err) {
    gb_point *p = &t->point[at];
    const gb_point *before = NULL;
    for (size_t i = at; i > 0 && !before; i--)
        if (strcmp(t->point[i - 1].machine, p->machine) == 0) before = &t->point[i - 1];
    if (!before) return GB_OK;
    gb_result a = *before->result;
    gb_result b = *p->result;
    const gb_results set[2] = {{.of = &a, .count = 1}, {.of = &b, .count = 1}};
    const gb_compare_options o = {.metric = t->metric, .confidence = 0.95};
    gb_comparisons c;
    const int rc = gb_compare(&set[0], &set[1], &o, &c, err);
    if (rc) return rc;
    p->verdict = c.of[0].verdict;
    p->cost = c.of[0].cost.ratio;
    p->same_bits = c.of[0].hashes;
    gb_comparisons_free(&c);
    return GB_OK;
}

static int fill_trend(gb_trend *t, const entry *first, size_t count, const char *metric, gb_error *err) {
    t->key = strdup(first->key);
    t->point = gb_new(count, sizeof *t->point, "history", err);
    if (!t->key || !t->point) return gb_fail(err, GB_ESYSTEM, "history: out of memory");
    t->metric = metric ? metric : gb_primary_metric(first->result);
    t->least = (double)INFINITY;
    t->most = -(double)INFINITY;
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < count; i++) {
        gb_point *p = &t->point[t->count];
        char digits[33];
        *p = (gb_point){.result = first[i].result, .verdict = "", .cost = (double)NAN, .same_bits = -1};
        if (!gb_result_metric(p->result, t->metric, &p->value)) continue;
        gb_result_fingerprint(p->result, digits);
        memcpy(p->machine, digits, sizeof p->machine - 1);
        t->kind = gb_metric_kind_of(t->metric, p->value.unit);
        t->least = fmin(t->least, p->value.median);
        t->most = fmax(t->most, p->value.median);
        rc = relate(t, t->count++, err);
    }
    return rc;
}

int gb_history_build(const gb_results *all, const char *metric, size_t last, gb_history *out, gb_error *err) {
    *out = (gb_history){0};
    size_t count = 0;
    entry *list = gb_new(all->count, sizeof *list, "history", err);
    out->trend = gb_new(all->count, sizeof *out->trend, "history", err);
    int rc = list && out->trend ? list_entries(all, metric, list, &count, err) : GB_ESYSTEM;
    if (!rc && !count) rc = gb_fail(err, GB_EINPUT, "no result has the metric '%s'", metric ? metric : "of its kind");
    if (!rc) qsort(list, count, sizeof *list, by_key_and_time);
    for (size_t i = 0; !rc && i < count;) {
        const size_t first = i;
        while (i < count && strcmp(list[i].key, list[first].key) == 0) i++;
        const size_t skip = last && i - first > last ? i - first - last : 0;
        rc = fill_trend(&out->trend[out->count++], &list[first + skip], i - first - skip, metric, err);
    }
    for (size_t i = 0; list && i < count; i++) free(list[i].key);
    free(list);
    if (rc) gb_history_free(out);
    return rc;
}

void gb_history_free(gb_history *h) {
    for (size_t i = 0; i < h->count; i++) {
        free(h->trend[i].key);
        free(h->trend[i].point);
    }
    free(h->trend);
    *h = (gb_history){0};
}
