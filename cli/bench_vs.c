#include "cli/bench_vs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/sessions.h"
#include "harness/alloc.h"
#include "results/selection.h"

enum { BINARY_SESSIONS = 10 };
static const double confidence = 0.95;

/* The two of them. */
typedef struct versus {
    char *text; /* "A\0B" */
    const char *name[2];
    int isa[2];                 /* -1: kernels */
    const gb_kernel *kernel[2]; /* NULL: ISAs */
    gb_kernel *picked;          /* the rows that are measured, A's and B's */
    size_t count;
} versus;

/* --- what is meant
 * ---------------------------------------------------------------------------------------------------- */

static int split(const char *word, versus *v, gb_error *err) {
    v->text = strdup(word);
    if (!v->text) return gb_fail(err, GB_ESYSTEM, "out of memory");
    char *comma = strchr(v->text, ',');
    if (!comma || comma == v->text || !comma[1])
        return gb_fail(err, GB_EINPUT, "--vs '%s': expected two names with a comma between them", word);
    *comma = 0;
    v->name[0] = v->text;
    v->name[1] = comma + 1;
    return GB_OK;
}

static const gb_kernel *find_kernel(const gb_bench_options *o, const char *name) {
    for (size_t i = 0; i < o->count; i++)
        if (strcmp(o->kernels[i].name, name) == 0) return &o->kernels[i];
    return NULL;
}

static int understand(const gb_bench_options *o, versus *v, gb_error *err) {
    for (int i = 0; i < 2; i++) {
        const gb_isa isa = gb_isa_by_name(v->name[i]);
        char why[256];
        v->kernel[i] = isa == GB_ISA_COUNT ? find_kernel(o, v->name[i]) : NULL;
        v->isa[i] = isa == GB_ISA_COUNT ? -1 : (int)isa;
        if (v->isa[i] < 0 && !v->kernel[i] && access(v->name[i], F_OK) == 0)
            return gb_fail(err, GB_EINPUT, "--vs: '%s' is a file, and '%s' is none", v->name[i], v->name[!i]);
        if (v->isa[i] < 0 && !v->kernel[i])
            return gb_fail(err, GB_EINPUT,
                           "--vs: '%s' is no instruction set, no kernel, and no file; see 'gaugeblock list isas' and "
                           "'gaugeblock list kernels'",
                           v->name[i]);
        const gb_isa needed = v->kernel[i] ? v->kernel[i]->isa : isa;
        if (gb_isa_missing(needed, gb_cpu_features(), why, sizeof why))
            return gb_fail(err, GB_EINPUT, "--vs: '%s' cannot run here: %s", v->name[i], why);
    }
    if ((v->isa[0] < 0) != (v->isa[1] < 0))
        return gb_fail(err, GB_EINPUT, "--vs: '%s' and '%s' are not of one kind", v->name[0], v->name[1]);
    if (strcmp(v->name[0], v->name[1]) == 0)
        return gb_fail(err, GB_EINPUT, "--vs: '%s' twice: the A/A noise of every result says how equal they would be",
                       v->name[0]);
    if (v->kernel[0] && (v->kernel[0]->format != v->kernel[1]->format || v->kernel[0]->op != v->kernel[1]->op))
        return gb_fail(err, GB_EINPUT, "--vs: '%s' and '%s' are not of one format and operation", v->name[0],
                       v->name[1]);
    return GB_OK;
}

static int has_partner(const gb_bench_options *o, const gb_kernel *k, int isa) {
    for (size_t i = 0; i < o->count; i++)
        if (o->kernels[i].format == k->format && o->kernels[i].op == k->op && (int)o->kernels[i].isa == isa &&
            o->kernels[i].fn.any)
            return 1;
    return 0;
}

static int is_meant(const gb_bench_options *o, const versus *v, const gb_kernel *k) {
    if (v->kernel[0]) return k == v->kernel[0] || k == v->kernel[1];
    for (int i = 0; i < 2; i++)
        if ((int)k->isa == v->isa[i]) return k->fn.any && has_partner(o, k, v->isa[!i]);
    return 0;
}

/* Of the selection, the rows that have a partner. */
static int pick(gb_bench_options *o, versus *v, gb_error *err) {
    bool *selected = gb_new(o->count, sizeof *selected, "bench: selection", err);
    v->picked = gb_new(o->count, sizeof *v->picked, "bench: selection", err);
    size_t total = 0;
    int rc = selected && v->picked ? gb_bench_select(o, selected, &total, err) : GB_ESYSTEM;
    for (size_t i = 0; !rc && i < o->count; i++)
        if (selected[i] && is_meant(o, v, &o->kernels[i])) v->picked[v->count++] = o->kernels[i];
    free(selected);
    if (!rc && v->count < 2)
        rc = gb_fail(err, GB_EINPUT, "--vs: nothing in the selection exists as both '%s' and '%s'", v->name[0],
                     v->name[1]);
    if (rc) return rc;
    o->kernels = v->picked;
    o->count = v->count;
    return GB_OK;
}

/* --- measuring
 * -------------------------------------------------------------------------------------------------------- */

static int measure_here(gb_bench_arguments *a, int argc, char **argv, gb_results *all, gb_error *err) {
    gb_bench_outcome outcome;
    a->options.alternate = true;
    int rc = gb_bench_measure(a, argc, argv, &outcome, err);
    if (!rc) rc = gb_bench_records(&outcome, NULL, all, err);
    if (!rc && outcome.report.failed)
        rc = gb_fail(err, GB_EFINDING, "%zu kernels failed verification and were not timed", outcome.report.failed);
    gb_bench_outcome_free(&outcome);
    return rc;
}

/* Children know the table only: the picked rows become an expression of their names. */
static int measure_sessions(const gb_bench_arguments *a, const versus *v, int argc, char **argv, gb_results *all,
                            gb_error *err) {
    char *filter = NULL;
    size_t size = 0;
    gb_run run;
    gb_bench_arguments child = *a;
    FILE *out = open_memstream(&filter, &size);
    if (!out) return gb_fail(err, GB_ESYSTEM, "out of memory");
    for (size_t i = 0; i < v->count; i++) fprintf(out, "%s%s", i ? "|" : "^(", v->picked[i].name);
    fputs(")$", out);
    if (fclose(out) != 0) return gb_fail(err, GB_ESYSTEM, "out of memory");
    child.options.filter = filter;
    gb_run_begin(&run, argc, argv, NULL);
    const int rc = gb_sessions_run(&child, false, NULL, &run, all, NULL, err);
    free(filter);
    return rc;
}

/* The records of one of the two. */
static int take_side(const gb_results *all, const versus *v, int which, gb_results *out, gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < all->count; i++) {
        cJSON *copy = cJSON_Duplicate(all->of[i].json, 1);
        rc = copy ? gb_results_take(out, copy, all->of[i].text, "new record", err)
                  : gb_fail(err, GB_ESYSTEM, "out of memory");
    }
    if (!rc)
        gb_results_where(out, v->kernel[0] ? "name" : "isa",
                         v->kernel[0] ? v->name[which] : gb_isas[v->isa[which]].name);
    return rc;
}

/* --- the verdict
 * ------------------------------------------------------------------------------------------------------ */

static int compare(const gb_results *a, const gb_results *b, const gb_key_rule *rule, const char *name_a,
                   const char *name_b, gb_compare_form form, gb_error *err) {
    const gb_compare_options o = {.confidence = confidence, .key = *rule};
    const gb_compare_print how = {.form = form, .name_a = name_a, .name_b = name_b, .confidence = confidence};
    gb_comparisons c;
    int rc = gb_compare(a, b, &o, &c, err);
    if (rc) return rc;
    rc = gb_comparisons_print(stdout, &c, &how, err);
    gb_comparisons_free(&c);
    return rc;
}

static int compare_files(const versus *v, gb_compare_form form, gb_error *err) {
    gb_results side[2] = {{0}};
    int rc = GB_OK;
    for (int i = 0; !rc && i < 2; i++) rc = gb_results_read(&side[i], v->name[i], err);
    if (!rc) rc = compare(&side[0], &side[1], &(gb_key_rule){0}, v->name[0], v->name[1], form, err);
    for (int i = 0; i < 2; i++) gb_results_free(&side[i]);
    return rc;
}

static int compare_kernels(gb_bench_arguments *a, versus *v, gb_compare_form form, int argc, char **argv,
                           gb_error *err) {
    static const char *const differ[] = {"name", "isa"};
    const gb_key_rule rule = {.without = differ, .without_count = 2};
    gb_results all = {0};
    gb_results side[2] = {{0}};
    int rc = understand(&a->options, v, err);
    if (!rc) rc = pick(&a->options, v, err);
    if (!rc)
        rc = a->sessions > 1 ? measure_sessions(a, v, argc, argv, &all, err) : measure_here(a, argc, argv, &all, err);
    for (int i = 0; !rc && i < 2; i++) rc = take_side(&all, v, i, &side[i], err);
    if (!rc) rc = compare(&side[0], &side[1], &rule, v->name[0], v->name[1], form, err);
    if (!rc && a->sessions <= 1 && form != GB_COMPARE_JSON)
        printf("all in one process; --sessions 10 takes pairs from ten, and so what addresses do into the interval\n");
    gb_results_free(&all);
    for (int i = 0; i < 2; i++) gb_results_free(&side[i]);
    return rc;
}

int gb_bench_vs(gb_bench_arguments *a, const char *word, gb_compare_form form, int argc, char **argv, gb_error *err) {
    versus v = {.name = {"", ""}};
    int rc = split(word, &v, err);
    if (!rc && access(v.name[0], F_OK) == 0 && access(v.name[1], F_OK) == 0)
        rc = compare_files(&v, form, err);
    else if (!rc)
        rc = compare_kernels(a, &v, form, argc, argv, err);
    free(v.picked);
    free(v.text);
    return rc;
}

int gb_bench_vs_binary(gb_bench_arguments *a, const char *path, gb_compare_form form, int argc, char **argv,
                       gb_error *err) {
    gb_run run;
    gb_results mine = {0};
    gb_results others = {0};
    if (a->sessions <= 1) a->sessions = BINARY_SESSIONS;
    gb_run_begin(&run, argc, argv, NULL);
    int rc = gb_sessions_run(a, false, path, &run, &mine, &others, err);
    if (!rc) rc = compare(&others, &mine, &(gb_key_rule){0}, path, "this program", form, err);
    gb_results_free(&mine);
    gb_results_free(&others);
    return rc;
}
