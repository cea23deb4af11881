/* What the verbs that time kernels share: the selection, and a pinned run of it that ends in records. */
#ifndef GB_CLI_BENCH_RUN_H
#define GB_CLI_BENCH_RUN_H

#include "bench/bench.h"
#include "bench/models.h"
#include "bench/roofline.h"
#include "cli/cli.h"
#include "cli/place.h"
#include "results/results.h"

typedef struct gb_bench_arguments {
    gb_bench_options options;
    int cpu;         /* -1: choose */
    size_t sessions; /* > 1: processes, see cli/sessions.h */
    bool size_given, time_given, precision_given;
    const char *counters;       /* --counters and --events as given, or NULL */
    char *events, *event_names; /* the second one is cut up; freed by gb_bench_arguments_free */
    gb_place place;
    const char *shape; /* --shape, or NULL */
    gb_bench_place matrices[GB_MODEL_MATRICES];
} gb_bench_arguments;

gb_bench_arguments gb_bench_arguments_new(void);
void gb_bench_arguments_free(gb_bench_arguments *a);

enum {
    GB_BENCH_FORMAT = 300,
    GB_BENCH_OP,
    GB_BENCH_ISA,
    GB_BENCH_FILTER,
    GB_BENCH_SIZE,
    GB_BENCH_SAMPLES,
    GB_BENCH_MIN_TIME,
    GB_BENCH_SEED,
    GB_BENCH_CPU,
    GB_BENCH_QUICK,
    GB_BENCH_SESSIONS,
    GB_BENCH_BEST,
    GB_BENCH_SHAPE,
    GB_BENCH_COLD,
    GB_BENCH_PRECISION,
    GB_BENCH_MAX_TIME,
    GB_BENCH_COUNTERS,
    GB_BENCH_EVENTS,
    GB_BENCH_OWN /* a verb's own options follow */
};
#define GB_BENCH_LONG                                                                                                  \
    {"format", required_argument, NULL, GB_BENCH_FORMAT}, {"op", required_argument, NULL, GB_BENCH_OP},                \
        {"isa", required_argument, NULL, GB_BENCH_ISA}, {"filter", required_argument, NULL, GB_BENCH_FILTER},          \
        {"size", required_argument, NULL, GB_BENCH_SIZE}, {"samples", required_argument, NULL, GB_BENCH_SAMPLES},      \
        {"min-time", required_argument, NULL, GB_BENCH_MIN_TIME}, {"seed", required_argument, NULL, GB_BENCH_SEED},    \
        {"cpu", required_argument, NULL, GB_BENCH_CPU}, {"quick", no_argument, NULL, GB_BENCH_QUICK},                  \
        {"sessions", required_argument, NULL, GB_BENCH_SESSIONS}, {"shape", required_argument, NULL, GB_BENCH_SHAPE},  \
        {"cold", no_argument, NULL, GB_BENCH_COLD}, GB_PLACE_LONG,                                                     \
        {"precision", required_argument, NULL, GB_BENCH_PRECISION},                                                    \
        {"max-time", required_argument, NULL, GB_BENCH_MAX_TIME},                                                      \
        {"counters", required_argument, NULL, GB_BENCH_COUNTERS},                                                      \
        {"events", required_argument, NULL, GB_BENCH_EVENTS}, {                                                        \
        "best", no_argument, NULL, GB_BENCH_BEST                                                                       \
    }

/* Takes one of the options above. `a` must stay where it is: what is selected may lie in it. */
int gb_bench_option(gb_bench_arguments *a, int option, char *text, gb_error *err);
/* --quick changes the defaults of what was not given; GB_EINPUT: options that exclude each other. Call after the
 * options are read. */
int gb_bench_arguments_end(gb_bench_arguments *a, gb_error *err);

typedef struct gb_bench_outcome {
    gb_bench_report report;
    gb_topology topology;
    gb_run run;
    double stolen; /* share of CPU time that the hypervisor took; negative: not known */
} gb_bench_outcome;

/* Pins this thread and runs the selection; argc, argv for the record. The outcome is freed by the caller, also after an
 * error. */
int gb_bench_measure(gb_bench_arguments *a, int argc, char **argv, gb_bench_outcome *out, gb_error *err);
void gb_bench_outcome_free(gb_bench_outcome *out);

/* One record per kernel and working set that was not skipped; with ceilings (or NULL) its place under them, and a
 * record for each ceiling. */
int gb_bench_records(const gb_bench_outcome *outcome, const gb_ceilings *ceilings, gb_results *all, gb_error *err);

#endif
