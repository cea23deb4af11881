/* gaugeblock bench */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/print.h"
#include "cli/cli.h"
#include "cli/store.h"
#include "harness/alloc.h"
#include "harness/clock.h"
#include "harness/pool.h"

const char gb_help_bench[] =
    "usage: gaugeblock bench [options]\n\n"
    "Times kernels on one pinned thread. Each is verified against the reference first, in the same run; one that fails "
    "is\n"
    "not timed (exit 1). Kernels of one format and operation compete on the same data in randomized order; the median "
    "and\n"
    "its distribution-free 95 % interval are given, timer and call overhead subtracted.\n\n"
    "  --format F      only this format\n"
    "  --op O          only this operation (dot, gemv, gemm, quantize ...)\n"
    "  --isa I         only this instruction set, exactly (scalar, avx2, avx512vnni, neon)\n"
    "  --filter REGEX  only kernels whose name matches (POSIX extended regular expression)\n"
    "  --list          print the selected kernels and whether they can run here; time nothing\n"
    "  --size LIST     working sets: l1, l2, l3, dram, with commas (default l1,l2): half of that cache, 4 x the last\n"
    "  --samples N     samples per kernel, at least (default 31; intervals need 6)\n"
    "  --min-time MS   measured time per kernel, at least, by more samples (default 20)\n"
    "  --seed S        seed of inputs, order and verification (default 42)\n"
    "  --cpu N         pin to this CPU (default: the first one of the fastest kind)\n"
    "  --quick         short verification, l2 only, 3 ms per kernel: an overview, not a result\n"
    "  --sessions N    measure all N times over on fresh memory; the samples are the medians of the sessions (default "
    "1)\n"
    "  --yardstick     time a fixed loop beside the kernels: ratios to it compare between runs (README of results/)\n"
    "  --store [PATH]  also add the records to the store (default: ~/.local/share/gaugeblock/results.db); this "
    "implies\n"
    "                  --yardstick\n"
    "  --json          one record per line (results/README.md); --csv: a table for other programs\n";

typedef struct arguments {
    gb_bench_options bench;
    int list, json, csv, cpu; /* cpu -1: choose */
    int size_given, time_given;
    const char *store; /* NULL: do not */
} arguments;

/* "l1,dram" */
static int parse_levels(const char *text, bool level[GB_BENCH_LEVEL_COUNT], gb_error *err) {
    memset(level, 0, GB_BENCH_LEVEL_COUNT * sizeof *level);
    for (const char *at = text;; at++) {
        const size_t n = strcspn(at, ",");
        int l = 0;
        while (l < GB_BENCH_LEVEL_COUNT &&
               (strlen(gb_bench_level_names[l]) != n || strncmp(at, gb_bench_level_names[l], n) != 0))
            l++;
        if (l == GB_BENCH_LEVEL_COUNT)
            return gb_fail(err, GB_EINPUT, "--size '%s': expected l1, l2, l3 or dram, with commas between them", text);
        level[l] = true;
        at += n;
        if (!*at) return GB_OK;
    }
}

static int parse_one(int opt, const char *text, arguments *a, gb_error *err) {
    gb_bench_options *b = &a->bench;
    gb_format format = GB_FORMAT_COUNT;
    size_t number = 0;
    int rc = GB_OK;
    switch (opt) {
    case 'f':
        rc = gb_parse_format("--format", text, &format, err);
        b->format = (int)format;
        return rc;
    case 'o':
        b->op = (int)gb_op_by_name(text);
        if (b->op != GB_OP_COUNT) return GB_OK;
        return gb_fail(err, GB_EINPUT, "--op '%s': unknown operation; 'gaugeblock list kernels' shows them", text);
    case 'i':
        b->isa = (int)gb_isa_by_name(text);
        if (b->isa != GB_ISA_COUNT) return GB_OK;
        return gb_fail(err, GB_EINPUT, "--isa '%s': unknown instruction set; 'gaugeblock list isas' shows them", text);
    case 'r':
        b->filter = text;
        return GB_OK;
    case 'l':
        a->list = 1;
        return GB_OK;
    case 'z':
        a->size_given = 1;
        return parse_levels(text, b->level, err);
    case 'n':
        return gb_parse_size("--samples", text, 1, 100000, &b->samples, err);
    case 't':
        a->time_given = 1;
        return gb_parse_double("--min-time", text, 0, 600000, &b->min_ms, err);
    case 's':
        return gb_parse_u64("--seed", text, &b->seed, err);
    case 'c':
        rc = gb_parse_size("--cpu", text, 0, 1U << 20, &number, err);
        a->cpu = (int)number;
        return rc;
    case 'q':
        b->effort = GB_EFFORT_QUICK;
        return GB_OK;
    case 'S':
        return gb_parse_size("--sessions", text, 1, 1000, &b->sessions, err);
    case 'y':
        b->yardstick = true;
        return GB_OK;
    case 'j':
        a->json = 1;
        return GB_OK;
    default:
        a->csv = 1;
        return GB_OK;
    }
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option table[] = {{"format", required_argument, NULL, 'f'},
                                          {"op", required_argument, NULL, 'o'},
                                          {"isa", required_argument, NULL, 'i'},
                                          {"filter", required_argument, NULL, 'r'},
                                          {"list", no_argument, NULL, 'l'},
                                          {"size", required_argument, NULL, 'z'},
                                          {"samples", required_argument, NULL, 'n'},
                                          {"min-time", required_argument, NULL, 't'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"cpu", required_argument, NULL, 'c'},
                                          {"quick", no_argument, NULL, 'q'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"csv", no_argument, NULL, 'v'},
                                          {"sessions", required_argument, NULL, 'S'},
                                          {"yardstick", no_argument, NULL, 'y'},
                                          {"store", optional_argument, NULL, 'D'},
                                          {0}};
    opterr = 0;
    for (int opt; (opt = getopt_long(argc, argv, ":", table, NULL)) != -1;) {
        if (opt == '?' || opt == ':') return gb_bad_option(argc, argv, err);
        if (opt == 'D') {
            a->store = gb_store_option(argc, argv);
            a->bench.yardstick = true;
            continue;
        }
        const int rc = parse_one(opt, optarg, a, err);
        if (rc) return rc;
    }
    if (optind != argc)
        return gb_fail(err, GB_EINPUT, "unexpected argument '%s'; see 'gaugeblock help bench'", argv[optind]);
    if (a->json && a->csv) return gb_fail(err, GB_EINPUT, "--json and --csv exclude each other");
    if (a->bench.effort == GB_EFFORT_QUICK && !a->size_given) a->bench.level[GB_BENCH_LEVEL_l1] = false;
    if (a->bench.effort == GB_EFFORT_QUICK && !a->time_given) a->bench.min_ms = 3;
    return GB_OK;
}

static int list_selected(const gb_bench_options *b, gb_error *err) {
    bool *selected = gb_new(b->count, sizeof *selected, "bench: selection", err);
    if (!selected) return GB_ESYSTEM;
    size_t total = 0;
    const int rc = gb_bench_select(b, selected, &total, err);
    for (size_t i = 0; !rc && i < b->count; i++) {
        if (!selected[i]) continue;
        char why[256];
        const char *missing = gb_isa_missing(b->kernels[i].isa, gb_cpu_features(), why, sizeof why);
        printf("%-34s %s%s\n", b->kernels[i].name, missing ? "cannot run here: " : "runs here", missing ? missing : "");
    }
    free(selected);
    return rc;
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
static int pin(const arguments *a, const gb_topology *topology, gb_run *run, gb_pool **team, gb_error *err) {
    if (a->cpu >= 0 && !gb_topology_has_cpu(topology, a->cpu))
        return gb_fail(err, GB_EINPUT, "--cpu %d: this process may not use that CPU", a->cpu);
    run->cpus[0] = a->cpu;
    if (a->cpu < 0) (void)gb_topology_default_cpus(topology, 1, run->cpus);
    const int rc = gb_pool_new(1, run->cpus, 1, team, err);
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
    if (!gb_steal_ticks("", &stolen, &total) || total <= total_before) return -1;
    return (double)(stolen - stolen_before) / (double)(total - total_before);
}

static int make_records(const arguments *a, const gb_bench_report *report, const gb_run *run, double stolen,
                        gb_results *all, gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < report->count; i++) {
        if (report->results[i].verdict == GB_VERIFY_SKIP) continue;
        gb_record *record = NULL;
        rc = gb_bench_record(&a->bench, report, &report->results[i], run, stolen, &record, err);
        if (!rc) rc = gb_results_add_record(all, record, err);
        gb_record_free(record);
    }
    return rc;
}

static int keep_records(const arguments *a, const gb_bench_report *report, const gb_run *run, double stolen,
                        gb_error *err) {
    gb_results all = {0};
    int rc = make_records(a, report, run, stolen, &all, err);
    for (size_t i = 0; !rc && a->json && i < all.count; i++) puts(all.of[i].text);
    if (!rc) rc = gb_store_results(a->store, &all, err);
    gb_results_free(&all);
    return rc;
}

static int run_and_print(const arguments *a, const gb_run *run, gb_error *err) {
    uint64_t stolen = 0;
    uint64_t total = 0;
    (void)gb_steal_ticks("", &stolen, &total);
    gb_bench_report report;
    int rc = gb_bench_run(&a->bench, &report, err);
    progress_line *line = a->bench.ctx;
    if (line->shown) fprintf(stderr, "\r\033[K");
    const double share = stolen_since(stolen, total);
    if (!rc && a->csv)
        gb_bench_print_csv(stdout, &report);
    else if (!rc && !a->json)
        gb_bench_print_table(stdout, &a->bench, &report, run, share);
    if (!rc && (a->json || a->store)) rc = keep_records(a, &report, run, share, err);
    if (!rc && report.failed)
        rc = gb_fail(err, GB_EFINDING, "%zu kernels failed verification and were not timed", report.failed);
    gb_bench_free(&report);
    return rc;
}

int gb_cmd_bench(int argc, char **argv, gb_error *err) {
    progress_line line = {.start = gb_now_ns()};
    arguments a = {.bench = gb_bench_defaults(), .cpu = -1};
    int rc = parse(argc, argv, &a, err);
    if (rc) return rc;
    if (a.list) return list_selected(&a.bench, err);
    rc = gb_store_check(a.store, err);
    if (rc) return rc;
    gb_topology topology;
    rc = gb_topology_read(&topology, err);
    if (rc) return rc;
    a.bench.topology = &topology;
    a.bench.perf = &gb_perf_system;
    a.bench.progress = show_progress;
    a.bench.ctx = &line;
    gb_run run;
    gb_run_begin(&run, argc, argv, &topology);
    run.seed = a.bench.seed;
    gb_pool *team = NULL;
    rc = pin(&a, &topology, &run, &team, err);
    if (!rc) rc = run_and_print(&a, &run, err);
    gb_pool_free(team);
    gb_topology_free(&topology);
    return rc;
}
