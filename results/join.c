#include "results/join.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "results/identity.h"
#include "results/json.h"

static int has_key(const gb_result *r, const char *key) {
    char *own = gb_result_key(r, NULL, NULL);
    const int same = own && strcmp(own, key) == 0;
    free(own);
    return same;
}

/* Sessions list the same things in the same order, as a rule: so the place `hint` is looked at first. */
static const gb_result *find(const gb_results *session, size_t hint, const char *key) {
    if (hint < session->count && has_key(&session->of[hint], key)) return &session->of[hint];
    for (size_t i = 0; i < session->count; i++)
        if (has_key(&session->of[i], key)) return &session->of[i];
    return NULL;
}

static int set_number(cJSON *o, const char *key, double v) {
    if (cJSON_HasObjectItem(o, key)) return cJSON_ReplaceItemInObjectCaseSensitive(o, key, cJSON_CreateNumber(v));
    return cJSON_AddNumberToObject(o, key, v) != NULL;
}

/* Six digits, as gb_record_metric() stores them. */
static int set_samples(cJSON *metric, const double *x, size_t n) {
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; list && i < n; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%.6g", x[i]);
        if (!cJSON_AddItemToArray(list, cJSON_CreateNumber(strtod(text, NULL)))) return 0;
    }
    return list && cJSON_ReplaceItemInObjectCaseSensitive(metric, "samples", list);
}

/* x: the metric's value in each session. */
static int rewrite(cJSON *metric, const double *x, size_t n, double *scratch) {
    const gb_summary s = gb_summarize(x, n, scratch);
    if (!gb_json_at(metric, "median")) return set_number(metric, "value", s.median);
    const int ok = set_number(metric, "median", s.median) && set_number(metric, "ci95_low", s.low) &&
                   set_number(metric, "ci95_high", s.high) && set_number(metric, "n", (double)n);
    return ok && (!gb_json_at(metric, "outliers") || set_number(metric, "outliers", (double)s.outliers)) &&
           (!gb_json_at(metric, "samples") || set_samples(metric, x, n));
}

/* The noise of the joined series is that of its own halves. */
static int rewrite_noise(cJSON *metrics, const char *name, const double *x, size_t n, double *scratch) {
    const char *noise = strcmp(name, "ns_per_call") == 0    ? "aa_noise"
                        : strcmp(name, "vs_yardstick") == 0 ? "vs_yardstick_noise"
                                                            : NULL;
    cJSON *metric = noise ? cJSON_GetObjectItemCaseSensitive(metrics, noise) : NULL;
    const double floor = n > 1 ? gb_noise_floor(x, n, scratch) : 0;
    return !metric || set_number(metric, "value", isfinite(floor) ? floor : 0);
}

/* All metrics of `json`, whose sessions are given; GB_OK, or GB_ESYSTEM. */
static int join_metrics(cJSON *json, const gb_result **session, size_t n, gb_error *err) {
    cJSON *metrics = cJSON_GetObjectItemCaseSensitive(json, "metrics");
    double *x = gb_new(2 * n, sizeof *x, "sessions", err);
    if (!x) return GB_ESYSTEM;
    int ok = 1;
    cJSON *next = NULL;
    for (int pass = 0; ok && pass < 2; pass++) {
        for (cJSON *m = metrics->child; ok && m; m = next) {
            next = m->next;
            size_t have = 0;
            gb_measured one;
            while (have < n && gb_result_metric(session[have], m->string, &one)) x[have++] = one.median;
            if (have < n) /* one session lacks it: then it is no metric of all */
                cJSON_Delete(cJSON_DetachItemViaPointer(metrics, m));
            else if (pass == 0)
                ok = rewrite(m, x, n, x + n);
            else
                ok = rewrite_noise(metrics, m->string, x, n, x + n);
        }
    }
    free(x);
    return ok ? GB_OK : gb_fail(err, GB_ESYSTEM, "sessions: out of memory");
}

static int set_text(cJSON *json, const char *part, const char *key, const char *value) {
    cJSON *o = cJSON_GetObjectItemCaseSensitive(json, part);
    if (cJSON_HasObjectItem(o, key)) return cJSON_ReplaceItemInObjectCaseSensitive(o, key, cJSON_CreateString(value));
    return cJSON_AddStringToObject(o, key, value) != NULL;
}

/* The first session that something spoilt speaks for all; how many there were is said. */
static int join_conditions(cJSON *json, const gb_result **session, size_t n) {
    const gb_result *first = NULL;
    size_t spoilt = 0;
    char why[256];
    for (size_t i = 0; i < n; i++) {
        if (!gb_result_spoilt(session[i])) continue;
        if (!first) first = session[i];
        spoilt++;
    }
    if (!first) return 1;
    cJSON *copy = cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(first->json, "conditions"), 1);
    const int ok = copy && (cJSON_HasObjectItem(json, "conditions")
                                ? cJSON_ReplaceItemInObjectCaseSensitive(json, "conditions", copy)
                                : cJSON_AddItemToObject(json, "conditions", copy));
    (void)snprintf(why, sizeof why, "%zu of %zu sessions: %.192s", spoilt, n, gb_result_spoilt(first));
    return ok && set_text(json, "conditions", "why", why);
}

static int join_one(const gb_result **session, size_t n, const gb_run *run, gb_results *out, gb_error *err) {
    cJSON *json = cJSON_Duplicate(session[0]->json, 1);
    if (!json) return gb_fail(err, GB_ESYSTEM, "sessions: out of memory");
    int rc = join_metrics(json, session, n, err);
    if (!rc && !(join_conditions(json, session, n) && set_text(json, "run", "id", run->id) &&
                 set_text(json, "run", "command", run->command) &&
                 set_number(cJSON_GetObjectItemCaseSensitive(json, "subject"), "sessions", (double)n)))
        rc = gb_fail(err, GB_ESYSTEM, "sessions: out of memory");
    if (!rc) return gb_results_take(out, json, NULL, "joined sessions", err);
    cJSON_Delete(json);
    return rc;
}

int gb_results_join(const gb_results *sessions, size_t count, const gb_run *run, gb_results *out, size_t *left_out,
                    gb_error *err) {
    const gb_result **session = gb_new(count, sizeof(const gb_result *), "sessions", err);
    int rc = session ? GB_OK : GB_ESYSTEM;
    *left_out = 0;
    for (size_t i = 0; !rc && i < sessions[0].count; i++) {
        session[0] = &sessions[0].of[i];
        char *key = gb_result_key(session[0], NULL, err);
        size_t have = key ? 1 : 0;
        while (have && have < count && (session[have] = find(&sessions[have], i, key))) have++;
        free(key);
        if (!have)
            rc = GB_ESYSTEM;
        else if (have < count)
            ++*left_out;
        else
            rc = join_one(session, count, run, out, err);
    }
    free(session);
    return rc;
}
