#include "cli/bench_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/print.h"
#include "harness/clock.h"
#include "harness/names.h"
#include "harness/pool.h"

gb_bench_arguments gb_bench_arguments_new(void) {
    return (gb_bench_arguments){.options = gb_bench_defaults(), .cpu = -1, .sessions = 1};
}

void gb_bench_arguments_free(gb_bench_arguments *a) {
    free(a->event_names);
    a->event_names = NULL;
}

static int parse_levels(const char *text, bool level[GB_BENCH_LEVEL_COUNT], gb_error *err) {
    if (gb_names_parse(text, gb_bench_level_names, GB_BENCH_LEVEL_COUNT, level)) return GB_OK;
    return gb_fail(err, GB_EINPUT, "--size '%s': expected l1, l2, l3 or dram, with commas between them", text);
}

static int choose_events(gb_bench_arguments *a, gb_error *err) {
    gb_counter_choice *choice = &a->options.counters;
    free(a->event_names);
    choice->event_count = 0;
    a->event_names = strdup(a->events);
    if (!a->event_names) return gb_fail(err, GB_ESYSTEM, "--events: out of memory");
    return gb_counter_events_parse("--events", a->event_names, choice, err);
}

int gb_bench_option(gb_bench_arguments *a, int option, char *text, gb_error *err) {
    gb_bench_options *b = &a->options;
    gb_format format = GB_FORMAT_COUNT;
    size_t number = 0;
    int rc = GB_OK;
    switch (option) {
    case GB_BENCH_FORMAT:
        rc = gb_parse_format("--format", text, &format, err);
        b->format = (int)format;
        return rc;
    case GB_BENCH_OP:
        return gb_parse_op(text, &b->op, err);
    case GB_BENCH_ISA:
        return gb_parse_exact_isa(text, &b->isa, err);
    case GB_BENCH_FILTER:
        b->filter = text;
        return GB_OK;
    case GB_BENCH_SIZE:
        a->size_given = true;
        return parse_levels(text, b->level, err);
    case GB_BENCH_SAMPLES:
        return gb_parse_size("--samples", text, 1, 100000, &b->samples, err);
    case GB_BENCH_MIN_TIME:
        a->time_given = true;
        return gb_parse_double("--min-time", text, 0, 600000, &b->min_ms, err);
    case GB_BENCH_SEED:
        return gb_parse_u64("--seed", text, &b->seed, err);
    case GB_BENCH_CPU:
        rc = gb_parse_size("--cpu", text, 0, 1U << 20, &number, err);
        a->cpu = (int)number;
        return rc;
    case GB_BENCH_SESSIONS:
        return gb_parse_size("--sessions", text, 1, 1000, &a->sessions, err);
    case GB_BENCH_BEST:
        b->best = true;
        return GB_OK;
    case GB_BENCH_SHAPE:
        a->shape = text;
        b->matrices = a->matrices;
        return gb_model_places_of(text, a->matrices, &b->matrix_count, err);
    case GB_OPTION_CPU_LIST:
    case GB_OPTION_NUMA:
        return gb_place_option(&a->place, option, text, err);
    case GB_BENCH_PRECISION:
        a->precision_given = true;
        rc = gb_parse_double("--precision", text, 0, 100, &b->precision, err);
        b->precision /= 100;
        return rc;
    case GB_BENCH_MAX_TIME:
        return gb_parse_double("--max-time", text, 0, 600000, &b->max_ms, err);
    case GB_BENCH_COUNTERS:
        a->counters = text;
        return gb_counter_groups_parse("--counters", text, &b->counters, err);
    case GB_BENCH_EVENTS:
        a->events = text;
        return choose_events(a, err);
    case GB_BENCH_COLD:
        b->cold = true;
        return GB_OK;
    default: /* GB_BENCH_QUICK */
        b->effort = GB_EFFORT_QUICK;
        return GB_OK;
    }
}

int gb_bench_arguments_end(gb_bench_arguments *a, gb_error *err) {
    if (a->cpu >= 0 && a->place.cpu_count) return gb_fail(err, GB_EINPUT, "--cpu and --cpu-list exclude each other");
    if (a->shape && a->size_given) return gb_fail(err, GB_EINPUT, "--shape and --size exclude each other");
    /* processes make their own interval; an overview needs none */
    if (!a->precision_given && (a->sessions > 1 || a->options.effort == GB_EFFORT_QUICK)) a->options.precision = 0;
    if (a->options.effort != GB_EFFORT_QUICK) return GB_OK;
    if (!a->size_given) a->options.level[GB_BENCH_LEVEL_l1] = false;
    if (!a->time_given) a->options.min_ms = 3;
    return GB_OK;
}

/* Rewritten in place on a terminal, from the second second on. */
typedef struct progress_line {
    uint64_t start;
    int shown;
} progress_line;

static void show_progress(void *ctx, size_t done, size_t total, const char *what) {
    progress_line *line = ctx;
    if (!isatty(STDERR_FILENO) || gb_now_ns() - line->start < 1000000000U) return;
    line->shown = 1;
    fprintf(stderr, "\r\033[K%zu/%zu %s", done, total, what);
    (void)fflush(stderr);
}

/* Pins the calling thread; the team of one holds the pin. */
static int pin(const gb_bench_arguments *a, const gb_topology *topology, gb_run *run, gb_pool **team, gb_error *err) {
    size_t count = 1;
    if (a->cpu >= 0 && !gb_topology_has_cpu(topology, a->cpu))
        return gb_fail(err, GB_EINPUT, "--cpu %d: this process may not use that CPU", a->cpu);
    run->cpus[0] = a->cpu;
    int rc = gb_numa_apply(&a->place.numa, topology, &gb_numa_system, err);
    if (!rc && a->cpu < 0) rc = gb_place_choose(&a->place, topology, 1, run->cpus, &count, err);
    if (rc) return rc;
    rc = gb_pool_new(1, run->cpus, 1, team, err);
    if (rc) return rc;
    const char *note = gb_pool_pin_note(*team);
    run->cpu_count = note ? 0 : 1;
    if (note) (void)snprintf(run->pin_note, sizeof run->pin_note, "%s", note);
    return GB_OK;
}

/* Share of CPU time stolen since the first reading; negative: not known. */
static double stolen_since(uint64_t stolen_before, uint64_t total_before) {
    uint64_t stolen = 0;
    uint64_t total = 0;
    if (!gb_steal_ticks("", -1, &stolen, &total)) return -1;
    return gb_stolen_share(stolen_before, total_before, stolen, total);
}

int gb_bench_measure(gb_bench_arguments *a, int argc, char **argv, gb_bench_outcome *out, gb_error *err) {
    progress_line line = {.start = gb_now_ns()};
    uint64_t stolen = 0;
    uint64_t total = 0;
    *out = (gb_bench_outcome){0};
    int rc = gb_topology_read(&out->topology, err);
    if (rc) return rc;
    a->options.topology = &out->topology;
    a->options.perf = &gb_perf_system;
    a->options.numa = &gb_numa_system;
    a->options.conditions = &gb_conditions_system;
    a->options.progress = show_progress;
    a->options.ctx = &line;
    gb_run_begin(&out->run, argc, argv, &out->topology);
    out->run.seed = a->options.seed;
    gb_pool *team = NULL;
    rc = pin(a, &out->topology, &out->run, &team, err);
    if (!rc) gb_topology_look_from(&out->topology, out->run.cpus[0]); /* sizes of the caches that it uses */
    a->options.cpu = out->run.cpu_count ? out->run.cpus[0] : -1;
    (void)gb_steal_ticks("", -1, &stolen, &total);
    if (!rc) rc = gb_bench_run(&a->options, &out->report, err);
    out->stolen = stolen_since(stolen, total);
    gb_placement_text(&out->report.placement, &a->place.numa, gb_topology_node_of(&out->topology, out->run.cpus[0]),
                      out->run.memory, sizeof out->run.memory);
    if (line.shown) fprintf(stderr, "\r\033[K");
    gb_pool_free(team);
    return rc;
}

void gb_bench_outcome_free(gb_bench_outcome *out) {
    gb_bench_free(&out->report);
    gb_topology_free(&out->topology);
}

static int add_kernel(const gb_bench_outcome *outcome, const gb_bench_result *r, const gb_ceilings *ceilings,
                      gb_results *all, gb_error *err) {
    gb_record *record = NULL;
    int rc = gb_bench_record(&outcome->report, r, &outcome->run, outcome->stolen, &record, err);
    if (!rc && ceilings && r->verdict == GB_VERIFY_OK) {
        const gb_roof roof = gb_roof_of(r, outcome->report.cold, &outcome->topology, &ceilings->of[0]);
        gb_roofline_annotate(record, &roof);
    }
    if (!rc) rc = gb_results_add_record(all, record, err);
    gb_record_free(record);
    return rc;
}

int gb_bench_records(const gb_bench_outcome *outcome, const gb_ceilings *ceilings, gb_results *all, gb_error *err) {
    const gb_bench_report *report = &outcome->report;
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < report->count; i++)
        if (report->results[i].verdict != GB_VERIFY_SKIP)
            rc = add_kernel(outcome, &report->results[i], ceilings, all, err);
    const size_t count = ceilings ? gb_ceiling_records(ceilings) : 0;
    for (size_t i = 0; !rc && i < count; i++) {
        gb_record *record = NULL;
        rc = gb_ceiling_record(ceilings, i, &outcome->run, &record, err);
        if (!rc) rc = gb_results_add_record(all, record, err);
        gb_record_free(record);
    }
    return rc;
}
