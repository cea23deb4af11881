/* gaugeblock bench */
#include <stdio.h>
#include <stdlib.h>

#include "bench/print.h"
#include "bench/roofline.h"
#include "cli/bench_vs.h"
#include "cli/sessions.h"
#include "cli/store.h"
#include "harness/alloc.h"

const char gb_help_bench[] =
    "usage: gaugeblock bench [options]\n\n"
    "Times kernels on one pinned thread. Each is verified against the reference first, in the same run; one that fails "
    "is\n"
    "not timed (exit 1). Kernels of one format and operation compete on the same data in randomized order; the median "
    "and\n"
    "its distribution-free 95 % interval are given, timer and call overhead subtracted.\n\n"
    "  --format F      only this format\n"
    "  --op O          only this operation (dot, gemv, gemm, quantize ...)\n"
    "  --isa I         only this instruction set, exactly (scalar, sse41, avx2, avxvnni, avx512, avx512vnni,\n"
    "                  amx_int8, neon, neon_dotprod, neon_i8mm)\n"
    "  --filter REGEX  only kernels whose name matches (POSIX extended regular expression)\n"
    "  --best          of each format and operation only the kernel that runs are given here\n"
    "  --list          print the selected kernels and whether they can run here; time nothing\n"
    "  --size LIST     working sets: l1, l2, l3, dram, with commas (default l1,l2): half of that cache, 4 x the last\n"
    "  --shape NAME[:TENSOR]  the matrices of a model in place of levels: a name of bench/shapes/ (llama-3.1-8b ...) "
    "or a\n"
    "                  file like those; all of its shapes, or that of one tensor (ffn_down)\n"
    "  --cold          every sample is one pass over data that no cache holds (default: warm)\n"
    "  --samples N     samples per kernel, at least (default 31; intervals need 6)\n"
    "  --min-time MS   measured time per kernel, at least, by more samples (default 20)\n"
    "  --precision PCT more samples until the 95 % interval of the median is narrower than this (default 1; 0: no "
    "more,\n"
    "                  as with --quick and --sessions)\n"
    "  --max-time MS   ... but no longer than this per kernel (default: ten times --min-time)\n"
    "  --counters LIST groups of hardware counters: core, cache, topdown, fp, energy, with commas, or none (default\n"
    "                  core,cache); each is counted in passes of its own, and what cannot be counted says why\n"
    "  --events LIST   also these events, by libpfm4's names or the kernel's (cpu/event=0xc0/)\n"
    "  --seed S        seed of inputs, order and verification (default 42)\n"
    "  --cpu N         pin to this CPU (default: the first one of the fastest kind)\n" GB_PLACE_HELP
    "  --quick         short verification, l2 only, 3 ms per kernel: an overview, not a result\n"
    "  --sessions N    measure all in N processes, one after the other; the samples are their medians, so the\n"
    "                  interval holds what changes from process to process (default 1: in this process)\n"
    "  --yardstick     time a fixed loop beside the kernels: ratios to it compare between runs (README of results/)\n"
    "  --roofline[=FILE]  also measure the machine's ceilings (reading from each level of memory, products of each "
    "ISA)\n"
    "                  and print each kernel's place under them; drawn to FILE (default roofline.svg)\n"
    "  --store [PATH]  also add the records to the store (default: ~/.local/share/gaugeblock/results.db); this "
    "implies\n"
    "                  --yardstick\n"
    "  --vs A,B        is B faster or slower than A? Two instruction sets, two kernels of one format and operation, "
    "or\n"
    "                  two files of results; measured in turns (ABBA), ratio by ratio, with an interval\n"
    "  --vs-binary PATH  the same for another build of this program (A) and this one (B), in turns of whole processes\n"
    "                  (10 of each, or --sessions)\n"
    "  --chart         also bars of text: the speed of each kernel\n"
    "  --json          one record per line (results/README.md); --csv: a table for other programs\n";

typedef struct arguments {
    gb_bench_arguments bench;
    bool list, json, csv, chart;
    const char *store;       /* NULL: do not */
    const char *roofline;    /* the drawing; NULL: none is asked for */
    const char *vs, *binary; /* NULL: no comparison */
} arguments;

enum { LIST = GB_BENCH_OWN, YARDSTICK, JSON, CSV, CHART, ROOFLINE, VS, VS_BINARY };

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    switch (option) {
    case LIST:
        a->list = true;
        return GB_OK;
    case YARDSTICK:
        a->bench.options.yardstick = true;
        return GB_OK;
    case GB_OPTION_STORE:
        a->store = value;
        a->bench.options.yardstick = true;
        return GB_OK;
    case JSON:
        a->json = true;
        return GB_OK;
    case CSV:
        a->csv = true;
        return GB_OK;
    case CHART:
        a->chart = true;
        return GB_OK;
    case ROOFLINE:
        a->roofline = value ? value : "roofline.svg";
        return GB_OK;
    case VS:
        a->vs = value;
        return GB_OK;
    case VS_BINARY:
        a->binary = value;
        return GB_OK;
    default:
        return gb_bench_option(&a->bench, option, value, err);
    }
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option table[] = {GB_BENCH_LONG,
                                          {"list", no_argument, NULL, LIST},
                                          {"yardstick", no_argument, NULL, YARDSTICK},
                                          {"store", optional_argument, NULL, GB_OPTION_STORE},
                                          {"json", no_argument, NULL, JSON},
                                          {"csv", no_argument, NULL, CSV},
                                          {"chart", no_argument, NULL, CHART},
                                          {"roofline", optional_argument, NULL, ROOFLINE},
                                          {"vs", required_argument, NULL, VS},
                                          {"vs-binary", required_argument, NULL, VS_BINARY},
                                          {0}};
    int rc = gb_read_options(argc, argv, ":", table, take, a, err);
    if (!rc) rc = gb_no_words(argc, argv, err);
    if (rc) return rc;
    if (a->csv && a->bench.sessions > 1) return gb_fail(err, GB_EINPUT, "--csv and --sessions exclude each other");
    if (a->json && a->csv) return gb_fail(err, GB_EINPUT, "--json and --csv exclude each other");
    if (a->chart && (a->json || a->csv || a->vs || a->binary || a->bench.sessions > 1))
        return gb_fail(err, GB_EINPUT, "--chart excludes --json, --csv, --sessions, --vs and --vs-binary");
    if (a->roofline && (a->csv || a->vs || a->binary || a->bench.sessions > 1))
        return gb_fail(err, GB_EINPUT, "--roofline excludes --csv, --sessions, --vs and --vs-binary");
    if ((a->vs || a->binary) && (a->csv || a->store || a->list || (a->vs && a->binary)))
        return gb_fail(err, GB_EINPUT, "--vs and --vs-binary exclude each other, --csv, --store and --list");
    if (a->list && (a->json || a->csv || a->chart || a->roofline || a->store))
        return gb_fail(err, GB_EINPUT, "--list excludes --json, --csv, --chart, --roofline and --store");
    return gb_bench_arguments_end(&a->bench, err);
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

static int keep(const arguments *a, const gb_results *all, gb_error *err) {
    for (size_t i = 0; a->json && i < all->count; i++) puts(all->of[i].text);
    return gb_store_results(a->store, all, err);
}

static int measure_ceilings(const arguments *a, const gb_bench_outcome *outcome, gb_ceilings *ceilings, gb_error *err) {
    gb_ceiling_options o = gb_ceiling_defaults();
    int cpus[GB_PLACE_CPUS];
    const gb_place *place = &a->bench.place;
    const bool anywhere = !place->cpu_count && place->numa.mode != GB_NUMA_NODE;
    const int rc =
        anywhere ? GB_OK : gb_place_choose(place, &outcome->topology, GB_PLACE_CPUS, cpus, &o.most_threads, err);
    if (rc) return rc;
    if (!anywhere) o.cpus = cpus;
    o.topology = &outcome->topology;
    if (a->bench.options.effort == GB_EFFORT_QUICK) {
        o.ms = 1;
        o.trials = 3;
    }
    return gb_ceilings_measure(&o, ceilings, err);
}

static int show_roofline(const arguments *a, const gb_bench_outcome *outcome, const gb_ceilings *ceilings,
                         gb_error *err) {
    if (!a->json) gb_roofline_print(stdout, &outcome->report, &outcome->topology, ceilings);
    const int rc = gb_roofline_svg(a->roofline, &outcome->report, &outcome->topology, ceilings, err);
    if (!rc) fprintf(a->json ? stderr : stdout, "drawn: %s\n", a->roofline);
    return rc;
}

static void show_table(const arguments *a, const gb_bench_outcome *outcome) {
    gb_bench_print_table(stdout, &a->bench.options, &outcome->report, &outcome->run, outcome->stolen);
    printf("memory: %s\n", outcome->run.memory);
}

/* In this process. */
static int run_here(arguments *a, int argc, char **argv, gb_error *err) {
    gb_bench_outcome outcome;
    gb_results all = {0};
    gb_ceilings ceilings = {0};
    int rc = gb_bench_measure(&a->bench, argc, argv, &outcome, err);
    if (!rc && a->csv)
        gb_bench_print_csv(stdout, &outcome.report);
    else if (!rc && !a->json)
        show_table(a, &outcome);
    if (!rc && a->chart) gb_bench_print_chart(stdout, &outcome.report);
    if (!rc && a->roofline) rc = measure_ceilings(a, &outcome, &ceilings, err);
    if (!rc && a->roofline) rc = show_roofline(a, &outcome, &ceilings, err);
    if (!rc && (a->json || a->store)) rc = gb_bench_records(&outcome, a->roofline ? &ceilings : NULL, &all, err);
    if (!rc) rc = keep(a, &all, err);
    if (!rc && outcome.report.failed)
        rc = gb_fail(err, GB_EFINDING, "%zu kernels failed verification and were not timed", outcome.report.failed);
    gb_results_free(&all);
    gb_ceilings_free(&ceilings);
    gb_bench_outcome_free(&outcome);
    return rc;
}

/* In processes of their own. */
static int run_sessions(const arguments *a, int argc, char **argv, gb_error *err) {
    gb_run run;
    gb_results all = {0};
    gb_run_begin(&run, argc, argv, NULL);
    int rc = gb_sessions_run(&a->bench, a->bench.options.yardstick, NULL, &run, &all, NULL, err);
    if (!rc && !a->json) gb_sessions_print(&all, &run);
    if (!rc) rc = keep(a, &all, err);
    gb_results_free(&all);
    return rc;
}

static int run(arguments *a, int argc, char **argv, gb_error *err) {
    const gb_compare_form form = a->json ? GB_COMPARE_JSON : GB_COMPARE_TABLE;
    if (a->list) return list_selected(&a->bench.options, err);
    if (a->vs) return gb_bench_vs(&a->bench, a->vs, form, argc, argv, err);
    if (a->binary) return gb_bench_vs_binary(&a->bench, a->binary, form, argc, argv, err);
    return a->bench.sessions > 1 ? run_sessions(a, argc, argv, err) : run_here(a, argc, argv, err);
}

int gb_cmd_bench(int argc, char **argv, gb_error *err) {
    arguments a = {.bench = gb_bench_arguments_new()};
    int rc = parse(argc, argv, &a, err);
    if (!rc && !a.list) rc = gb_store_check(a.store, err);
    if (!rc) rc = run(&a, argc, argv, err);
    gb_bench_arguments_free(&a.bench);
    return rc;
}
