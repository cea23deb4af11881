#include "bench/bench.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/evict.h"
#include "bench/measure.h"
#include "harness/alloc.h"
#include "harness/clock.h"

const char *const gb_bench_level_names[GB_BENCH_LEVEL_COUNT] = {
#define GB_BENCH_LEVEL_NAME(name) #name,
    GB_BENCH_LEVELS(GB_BENCH_LEVEL_NAME)
#undef GB_BENCH_LEVEL_NAME
};

size_t gb_bench_level_bytes(gb_bench_level level, const gb_topology *topology) {
    const size_t l1 = topology->l1d.bytes ? topology->l1d.bytes : 32768;
    const size_t l2 = topology->l2.bytes ? topology->l2.bytes : (size_t)1 << 20;
    const size_t l3 = topology->l3.bytes ? topology->l3.bytes : (size_t)16 << 20;
    switch (level) {
    case GB_BENCH_LEVEL_l1:
        return l1 / 2;
    case GB_BENCH_LEVEL_l2:
        return l2 / 2;
    case GB_BENCH_LEVEL_l3:
        return l3 / 2 > 2 * l2 ? l3 / 2 : 2 * l2;
    default:
        return l3 * 4 < (size_t)4 << 30 ? l3 * 4 : (size_t)4 << 30;
    }
}

gb_bench_options gb_bench_defaults(void) {
    return (gb_bench_options){.kernels = gb_kernels,
                              .count = gb_kernel_count,
                              .format = -1,
                              .op = -1,
                              .isa = -1,
                              .level = {[GB_BENCH_LEVEL_l1] = true, [GB_BENCH_LEVEL_l2] = true},
                              .samples = 31,
                              .min_ms = 20,
                              .precision = 0.01,
                              .counters = {.group = {[GB_COUNTER_GROUP_core] = true, [GB_COUNTER_GROUP_cache] = true}},
                              .cpu = -1,
                              .seed = GB_VERIFY_SEED,
                              .effort = GB_EFFORT_FULL};
}

int gb_bench_select(const gb_bench_options *options, bool *selected, size_t *total, gb_error *err) {
    regex_t pattern;
    *total = 0;
    if (options->filter) {
        const int rc = regcomp(&pattern, options->filter, REG_EXTENDED | REG_NOSUB);
        if (rc) {
            char why[256];
            (void)regerror(rc, &pattern, why, sizeof why);
            return gb_fail(err, GB_EINPUT, "--filter '%s': not a regular expression: %s", options->filter, why);
        }
    }
    const gb_cap here = {.features = gb_cpu_features()};
    for (size_t i = 0; i < options->count; i++) {
        const gb_kernel *k = &options->kernels[i];
        selected[i] = (options->format < 0 || options->format == (int)k->format) &&
                      (options->op < 0 || options->op == (int)k->op) &&
                      (options->isa < 0 || options->isa == (int)k->isa) &&
                      (!options->matrix_count || gb_op_takes_matrix(k->op)) &&
                      (!options->best || gb_select(k->format, k->op, &here) == k) &&
                      (!options->filter || regexec(&pattern, k->name, 0, NULL, 0) == 0);
        *total += selected[i];
    }
    if (options->filter) regfree(&pattern);
    return *total ? GB_OK : gb_fail(err, GB_EINPUT, "no kernel of the table matches the selection");
}

/* --- one run ------------------------------------------------------------------------------------------------------ */

/* Everything that the steps of a run share. */
typedef struct run {
    const gb_bench_options *options;
    gb_kernel *kernels;       /* the selected ones, as verify takes them */
    const gb_kernel **origin; /* where each stands in the caller's table, which outlives the run */
    size_t kernel_count;
    gb_verify_report verified; /* in the order of kernels */
    gb_bench_report *report;
    gb_stopwatch watch;
    gb_counters *counters;
    gb_rng rng;
    size_t groups, groups_done;
} run;

static void say(const run *r, size_t done, size_t total, const char *what) {
    if (r->options->progress) r->options->progress(r->options->ctx, done, total, what);
}

static void verify_progress(void *ctx, size_t done, size_t total, const gb_verify_result *result) {
    say(ctx, done, total, result->kernel->name);
}

static int copy_selected(run *r, gb_error *err) {
    const gb_bench_options *o = r->options;
    bool *selected = gb_new(o->count, sizeof *selected, "bench: selection", err);
    if (!selected) return GB_ESYSTEM;
    size_t total = 0;
    int rc = gb_bench_select(o, selected, &total, err);
    if (!rc) {
        r->kernels = gb_new(total, sizeof *r->kernels, "bench: kernels", err);
        r->origin = gb_new(total, sizeof(const gb_kernel *), "bench: kernels", err);
        rc = r->kernels && r->origin ? GB_OK : GB_ESYSTEM;
    }
    for (size_t i = 0; !rc && i < o->count; i++) {
        if (!selected[i]) continue;
        r->origin[r->kernel_count] = &o->kernels[i];
        r->kernels[r->kernel_count++] = o->kernels[i];
    }
    free(selected);
    return rc;
}

static int verify_selected(run *r, gb_error *err) {
    gb_verify_options v = gb_verify_defaults();
    v.kernels = r->kernels;
    v.count = r->kernel_count;
    v.seed = r->options->seed;
    v.effort = r->options->effort;
    v.progress = verify_progress;
    v.ctx = r;
    const int rc = gb_verify_run(&v, &r->verified, err);
    if (rc) return rc;
    r->report->failed = r->verified.fail;
    r->report->skipped = r->verified.skip;
    if (r->verified.skip == r->verified.rows)
        return gb_fail(err, GB_EINPUT, "nothing selected can run here: %s: %s", r->kernels[0].name,
                       r->verified.results[0].reason);
    return GB_OK;
}

/* The levels that are asked for, or the matrices. */
static int lay_out_places(run *r, gb_error *err) {
    const gb_bench_options *o = r->options;
    gb_bench_report *report = r->report;
    size_t count = o->matrix_count;
    for (int l = 0; !o->matrix_count && l < GB_BENCH_LEVEL_COUNT; l++) count += o->level[l];
    if (count == 0) return gb_fail(err, GB_EINPUT, "no working set is selected: expected one of l1, l2, l3, dram");
    report->places = gb_new(count, sizeof *report->places, "bench: working sets", err);
    if (!report->places) return GB_ESYSTEM;
    if (o->matrix_count) memcpy(report->places, o->matrices, count * sizeof *report->places);
    for (int l = 0; !o->matrix_count && l < GB_BENCH_LEVEL_COUNT; l++) {
        if (!o->level[l]) continue;
        gb_bench_place *place = &report->places[report->place_count++];
        (void)snprintf(place->name, sizeof place->name, "%s", gb_bench_level_names[l]);
        place->bytes = gb_bench_level_bytes((gb_bench_level)l, o->topology);
    }
    report->place_count = count;
    return GB_OK;
}

/* One result per kernel and place, in table order within a place. */
static int lay_out_results(run *r, gb_error *err) {
    gb_bench_report *report = r->report;
    int rc = lay_out_places(r, err);
    if (rc) return rc;
    report->results = gb_new(report->place_count * r->kernel_count, sizeof *report->results, "bench: results", err);
    if (!report->results) return GB_ESYSTEM;
    for (size_t p = 0; p < report->place_count; p++) {
        for (size_t i = 0; i < r->kernel_count; i++) {
            gb_bench_result *result = &report->results[report->count++];
            const gb_verify_result *v = &r->verified.results[i];
            result->kernel = r->origin[i];
            result->place = &report->places[p];
            result->verdict = v->verdict;
            memcpy(result->reason, v->reason, sizeof result->reason);
        }
    }
    return GB_OK;
}

static bool same_group(const gb_bench_result *a, const gb_bench_result *b) {
    return a->place == b->place && a->kernel->op == b->kernel->op && a->kernel->format == b->kernel->format;
}

/* Ratio to the scalar row of the same group. */
static void compare_with_scalar(gb_bench_result **group, size_t count) {
    const gb_bench_result *scalar = NULL;
    for (size_t i = 0; i < count; i++)
        if (group[i]->kernel->isa == GB_ISA_scalar) scalar = group[i];
    for (size_t i = 0; scalar && i < count; i++)
        if (group[i]->ns.median > 0) group[i]->vs_scalar = scalar->ns.median / group[i]->ns.median;
}

/* All kernels of one (format, operation, level) compete on one case. `first` stands for the group. */
static int time_group(run *r, gb_bench_result *first, gb_bench_result **group, gb_error *err) {
    gb_bench_report *report = r->report;
    size_t count = 0;
    for (gb_bench_result *x = first; x < report->results + report->count; x++)
        if (x->verdict == GB_VERIFY_OK && same_group(first, x)) group[count++] = x;
    char what[256];
    (void)snprintf(what, sizeof what, "%s %s %s", gb_formats[first->kernel->format].name,
                   gb_op_names[first->kernel->op], first->place->name);
    say(r, r->groups_done++, r->groups, what);
    gb_bench_case c;
    const gb_bench_options *o = r->options;
    const gb_format format = first->kernel->format;
    const gb_op op = first->kernel->op;
    const gb_bench_place *place = first->place;
    int rc = place->n ? gb_bench_case_matrix(format, op, place->n, place->rows, o->seed, &c, err)
                      : gb_bench_case_new(format, op, place->bytes, o->seed, &c, err);
    if (rc) return rc;
    if (o->numa) gb_numa_look(o->numa, c.part[0], c.part_bytes[0], &report->placement);
    for (size_t i = 0; i < count; i++) {
        group[i]->shape = c.shape;
        group[i]->work = c.work;
        group[i]->working_set = c.working_set;
    }
    const gb_sampling how = {.least = o->samples,
                             .min_ms = o->min_ms,
                             .max_ms = o->max_ms > 0 ? o->max_ms : 10 * o->min_ms,
                             .precision = o->precision,
                             .conditions = o->conditions,
                             .cpu = o->cpu,
                             .yardstick = o->yardstick,
                             .alternate = o->alternate,
                             .cold = o->cold,
                             .rng = &r->rng,
                             .counters = r->counters};
    rc = gb_measure(&r->watch, &c, group, count, &how, err);
    gb_bench_case_free(&c);
    if (rc) return rc;
    compare_with_scalar(group, count);
    report->timed += count;
    return GB_OK;
}

/* The first result of every group, in random order. */
static int time_all(run *r, gb_error *err) {
    gb_bench_report *report = r->report;
    gb_bench_result **order = gb_new(report->count, sizeof(gb_bench_result *), "bench: order", err);
    gb_bench_result **group = gb_new(report->count, sizeof(gb_bench_result *), "bench: group", err);
    int rc = order && group ? GB_OK : GB_ESYSTEM;
    for (size_t i = 0; !rc && i < report->count; i++) {
        gb_bench_result *x = &report->results[i];
        bool seen = x->verdict != GB_VERIFY_OK;
        for (size_t j = 0; j < r->groups && !seen; j++) seen = same_group(order[j], x);
        if (seen) continue;
        /* inside-out shuffle */
        const size_t j = gb_rng_below(&r->rng, (uint32_t)r->groups + 1);
        order[r->groups] = order[j];
        order[j] = x;
        r->groups++;
    }
    for (size_t i = 0; !rc && i < r->groups; i++) rc = time_group(r, order[i], group, err);
    free(order);
    free(group);
    return rc;
}

static bool asks_for_counters(const gb_counter_choice *c) {
    for (int g = 0; g < GB_COUNTER_GROUP_COUNT; g++)
        if (c->group[g]) return true;
    return false;
}

static int open_instruments(run *r, gb_error *err) {
    gb_bench_report *report = r->report;
    int rc = gb_stopwatch_new(&r->watch, NULL, err);
    if (rc) return rc;
    memcpy(report->timer, r->watch.name, sizeof report->timer);
    report->timer_ns = r->watch.timer_ns;
    report->call_ns = r->watch.call_ns;
    if (!r->options->perf || !asks_for_counters(&r->options->counters)) return GB_OK;
    rc = gb_counters_open(r->options->perf, &r->options->counters, &r->counters, err);
    if (rc) return rc;
    report->counter_note = gb_counters_text(r->counters);
    return report->counter_note ? GB_OK : gb_fail(err, GB_ESYSTEM, "hardware counters: out of memory");
}

int gb_bench_run(const gb_bench_options *options, gb_bench_report *report, gb_error *err) {
    *report = (gb_bench_report){.cold = options->cold};
    run r = {.options = options, .report = report};
    gb_rng_seed(&r.rng, options->seed, "bench: order");
    int rc = GB_OK;
    if (options->cold && !gb_can_evict())
        rc = gb_fail(err, GB_EINPUT, "cold caches: on this architecture a program cannot empty them");
    if (!rc) rc = copy_selected(&r, err);
    if (!rc) rc = verify_selected(&r, err);
    if (!rc) rc = lay_out_results(&r, err);
    if (!rc) rc = open_instruments(&r, err);
    if (!rc) rc = time_all(&r, err);
    gb_counters_close(r.counters);
    gb_verify_free(&r.verified);
    free(r.kernels);
    free(r.origin);
    return rc;
}

void gb_bench_free(gb_bench_report *report) {
    for (size_t i = 0; i < report->count; i++) {
        free(report->results[i].samples);
        free(report->results[i].vs_yardstick);
        free(report->results[i].counters.of);
    }
    free(report->counter_note);
    free(report->results);
    free(report->places);
    *report = (gb_bench_report){0};
}

/* --- derived quantities --------------------------------------------------------------------------------------------
 */

double gb_bench_ns_per_weight(const gb_bench_result *r) {
    return r->ns.median / r->work.weights;
}

double gb_bench_cycles_per_32(const gb_bench_result *r) {
    return gb_bench_per_32(r, r->ns.median) * gb_tsc_hz() / 1e9;
}

double gb_bench_ci_width(const gb_bench_result *r) {
    return r->ns.median > 0 ? (r->ns.high - r->ns.low) / r->ns.median : 0;
}

double gb_bench_per_32(const gb_bench_result *r, double per_call) {
    return per_call * 32 / r->work.weights;
}

double gb_bench_ipc(const gb_bench_result *r) {
    const gb_counter_value *instructions = gb_counter_find(&r->counters, "instructions");
    const gb_counter_value *cycles = gb_counter_find(&r->counters, "cycles");
    return instructions && cycles && cycles->value > 0 ? instructions->value / cycles->value : 0;
}

double gb_bench_gbps(const gb_bench_result *r) {
    return r->ns.median > 0 ? r->work.bytes / r->ns.median : 0;
}

double gb_bench_gops(const gb_bench_result *r) {
    return r->ns.median > 0 ? r->work.ops / r->ns.median : 0;
}
