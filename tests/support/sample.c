#include "tests/support/sample.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *or_else(const char *text, const char *otherwise) {
    return text ? text : otherwise;
}

static void add_metric(gb_record *r, const char *name, const char *unit, const double *x, size_t n) {
    double *scratch = calloc(n, sizeof *scratch);
    ck_assert_ptr_nonnull(scratch);
    const gb_summary s = gb_summarize(x, n, scratch);
    gb_record_metric(r, name, unit, &s, x);
    free(scratch);
}

static void replace(cJSON *json, const char *part, const char *key, const char *value) {
    cJSON *o = cJSON_GetObjectItemCaseSensitive(json, part);
    ck_assert(cJSON_ReplaceItemInObjectCaseSensitive(o, key, cJSON_CreateString(value)));
}

void sample_add(gb_results *all, const sample_record *s) {
    gb_error err = {0};
    gb_record *r = gb_record_new("kernel", or_else(s->name, "gb_q4_K_dot_avx2"), &err);
    ck_assert_ptr_nonnull(r);
    gb_record_text(r, "format", "q4_K");
    gb_record_text(r, "op", "dot");
    gb_record_text(r, "isa", or_else(s->isa, "avx2"));
    gb_record_text(r, "level", "l2");
    gb_record_number(r, "n", 4096);
    add_metric(r, "ns_per_call", "ns", s->ns, s->n);
    gb_record_value(r, "aa_noise", "ratio", s->noise);
    if (s->vs_yard) {
        add_metric(r, "vs_yardstick", "ratio", s->vs_yard, s->n);
        gb_record_value(r, "vs_yardstick_noise", "ratio", s->noise);
    }
    gb_record_verify(r, "ok", NULL);
    static gb_run run; /* reading the machine takes its time: once */
    static unsigned long long next;
    char *const argv[] = {(char *)"bench"};
    if (!next) gb_run_begin(&run, 1, argv, NULL);
    (void)snprintf(run.id, sizeof run.id, "%016llx", ++next);
    if (s->run) (void)snprintf(run.id, sizeof run.id, "%s", s->run);
    gb_record_run(r, &run);
    char *text = NULL;
    ck_assert_msg(gb_record_print(r, &text, &err) == GB_OK, "%s", err.text);
    gb_record_free(r);
    cJSON *json = cJSON_Parse(text);
    free(text);
    ck_assert_ptr_nonnull(json);
    replace(json, "run", "started", or_else(s->started, "2026-11-01T00:00:00Z"));
    replace(json, "provenance", "commit", or_else(s->commit, "aaaaaaaaaaaa"));
    replace(json, "provenance", "compiler", or_else(s->compiler, "GNU 12"));
    replace(json, "machine", "cpu_model", or_else(s->cpu_model, "Example CPU"));
    ck_assert_msg(gb_results_take(all, json, NULL, "sample", &err) == GB_OK, "%s", err.text);
}

const char *sample_path(const char *name) {
    static char path[2][1024];
    static int turn;
    turn = !turn;
    (void)snprintf(path[turn], sizeof path[turn], "%s/tests/results/%s", GB_SOURCE_DIR, name);
    return path[turn];
}
