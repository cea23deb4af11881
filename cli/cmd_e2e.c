/* gaugeblock e2e: the model benchmark. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/engine.h"
#include "cli/place.h"
#include "cli/store.h"
#include "harness/alloc.h"
#include "harness/stats.h"
#include "model/e2e.h"
#include "verify/selected.h"

const char gb_help_e2e[] =
    "usage: gaugeblock e2e -m MODEL[,MODEL...] [options]\n\n"
    "Load time, time to first token, prompt and generation speed, memory. Every repetition measures all models and "
    "thread\n"
    "counts in turn, so that what else the machine does is shared. No tokenization, no sampling; random token ids.\n\n"
    "  -m, --model LIST  GGUF models, separated by commas\n"
    "  -p, --prompt P    tokens of the prompt test pp (default 512, or what the models' context holds; 0: no such "
    "test)\n"
    "  -n, --gen N       tokens of the generation test tg (default 64; 0: no such test)\n"
    "  -t, --threads LIST thread counts, separated by commas (default: the CPUs this process may use)\n"
    "  -r, --repetitions R (default 5)\n"
    "      --seed S      seed of the token ids (default 1)\n"
    "      --no-pin      let the system move the threads (default: each has a CPU, one per core first)\n" GB_PLACE_HELP
    "  -b, --batch B     most tokens evaluated at once (default 512)\n"
    "      --kv TYPE     type of the KV cache: f16 (default), f32 or q8_0\n"
    "      --isa NAME    cap of the instruction set (or GAUGEBLOCK_ISA)\n"
    "      --store [PATH] also add the results to the store (default: ~/.local/share/gaugeblock/results.db)\n"
    "      --json        a JSON array with one record per test\n";

enum { OPTION_SEED = GB_OPTION_OWN, OPTION_NO_PIN, OPTION_CPU_LIST, OPTION_NUMA };
enum { MAX_MODELS = 64, MAX_COUNTS = 32, MAX_CELLS = 256, MAX_TOKENS = 1 << 20 };
enum { P99_SAMPLES = 299 }; /* fewer do not bound the 99th percentile with 95 % confidence */

typedef struct options {
    gb_engine_options engine;
    char *list; /* -m, cut into models */
    const char *models[MAX_MODELS];
    size_t model_count;
    size_t threads[MAX_COUNTS];
    size_t thread_counts;
    size_t prompt, generate, repetitions;
    bool prompt_given, generate_given, threads_given, no_pin;
    gb_place place;
    const char *store; /* NULL: do not */
    uint64_t seed;
} options;

/* --- options ------------------------------------------------------------------------------------------------------ */

static int read_threads(options *o, const char *text, gb_error *err) {
    char *copy = strdup(text);
    if (!copy) return gb_fail(err, GB_ESYSTEM, "options: out of memory");
    int rc = GB_OK;
    o->thread_counts = 0;
    char *rest = copy;
    for (char *word; !rc && (word = strsep(&rest, ",")) != NULL;) {
        if (o->thread_counts == MAX_COUNTS)
            rc = gb_fail(err, GB_EINPUT, "--threads '%s': more than %d counts", text, MAX_COUNTS);
        else
            rc = gb_parse_size("--threads", word, 1, 1024, &o->threads[o->thread_counts++], err);
    }
    free(copy);
    return rc;
}

static int split_models(options *o, gb_error *err) {
    o->list = strdup(o->engine.model ? o->engine.model : "");
    if (!o->list) return gb_fail(err, GB_ESYSTEM, "options: out of memory");
    char *rest = o->list;
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        if (!*word) return gb_fail(err, GB_EINPUT, "--model '%s': an empty name in the list", o->engine.model);
        if (o->model_count == MAX_MODELS)
            return gb_fail(err, GB_EINPUT, "--model '%s': more than %d models", o->engine.model, MAX_MODELS);
        o->models[o->model_count++] = word;
    }
    return GB_OK;
}

static int take(void *into, int option, char *value, gb_error *err) {
    options *o = into;
    switch (option) {
    case 't':
        o->threads_given = true;
        return read_threads(o, value, err);
    case 'p':
        o->prompt_given = true;
        return gb_parse_size("--prompt", value, 0, MAX_TOKENS, &o->prompt, err);
    case 'n':
        o->generate_given = true;
        return gb_parse_size("--gen", value, 0, MAX_TOKENS, &o->generate, err);
    case 'r':
        return gb_parse_size("--repetitions", value, 1, 100000, &o->repetitions, err);
    case OPTION_SEED:
        return gb_parse_u64("--seed", value, &o->seed, err);
    case OPTION_CPU_LIST:
        return gb_place_cpu_list(&o->place, value, err);
    case OPTION_NUMA:
        return gb_place_numa(&o->place, value, err);
    case OPTION_NO_PIN:
        o->no_pin = true;
        return GB_OK;
    case GB_OPTION_STORE:
        o->store = value;
        return GB_OK;
    case 'c':
        return gb_fail(err, GB_EINPUT, "--ctx: unknown to e2e, whose contexts are as long as its tests need");
    default:
        return gb_engine_option(&o->engine, option, value, err);
    }
}

static int read_options(int argc, char **argv, options *o, gb_error *err) {
    static const struct option names[] = {GB_ENGINE_LONG,
                                          {"prompt", required_argument, NULL, 'p'},
                                          {"gen", required_argument, NULL, 'n'},
                                          {"repetitions", required_argument, NULL, 'r'},
                                          {"seed", required_argument, NULL, OPTION_SEED},
                                          {"no-pin", no_argument, NULL, OPTION_NO_PIN},
                                          {"store", optional_argument, NULL, GB_OPTION_STORE},
                                          {"cpu-list", required_argument, NULL, OPTION_CPU_LIST},
                                          {"numa", required_argument, NULL, OPTION_NUMA},
                                          {NULL, 0, NULL, 0}};
    int rc = gb_read_options(argc, argv, GB_ENGINE_SHORT "p:n:r:", names, take, o, err);
    if (!rc) rc = gb_engine_check_words(&o->engine, argc, argv, err);
    if (!rc && o->no_pin && o->place.cpu_count)
        rc = gb_fail(err, GB_EINPUT, "--no-pin and --cpu-list exclude each other");
    if (!rc && o->place.cpu_count && !o->threads_given) o->threads[0] = o->place.cpu_count;
    if (!rc) rc = split_models(o, err);
    return rc;
}

/* Default lengths shrink to the shortest context; lengths that were asked for must fit it. */
static int fit_context(options *o, gb_error *err) {
    size_t n_ctx = 0;
    const int rc = gb_e2e_context(o->models, o->model_count, &n_ctx, err);
    if (rc) return rc;
    struct {
        const char *option;
        size_t *tokens;
        bool given;
    } tests[] = {{"--prompt", &o->prompt, o->prompt_given}, {"--gen", &o->generate, o->generate_given}};
    for (size_t i = 0; i < 2; i++) {
        if (*tests[i].tokens <= n_ctx) continue;
        if (tests[i].given)
            return gb_fail(err, GB_EINPUT, "%s %zu does not fit: the shortest context of these models is %zu tokens",
                           tests[i].option, *tests[i].tokens, n_ctx);
        fprintf(stderr, "gaugeblock e2e: %s %zu: the models' context holds no more\n", tests[i].option, n_ctx);
        *tests[i].tokens = n_ctx;
    }
    return GB_OK;
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static void add_number(cJSON *json, const char *name, double v) {
    if (isfinite(v))
        cJSON_AddNumberToObject(json, name, v);
    else
        cJSON_AddNullToObject(json, name);
}

static void add_bytes(cJSON *json, const char *name, uint64_t v) {
    add_number(json, name, v ? (double)v : NAN); /* 0: the system did not say */
}

static void add_gaps(cJSON *json, const gb_e2e_cell *cell, double *scratch) {
    if (!cell->itl_count) return;
    memcpy(scratch, cell->itl_ms, cell->itl_count * sizeof *scratch);
    gb_sort_doubles(scratch, cell->itl_count);
    cJSON *itl = cJSON_AddObjectToObject(json, "itl_ms");
    cJSON_AddNumberToObject(itl, "n", (double)cell->itl_count);
    cJSON_AddNumberToObject(itl, "p50", gb_percentile(scratch, cell->itl_count, 0.5));
    cJSON_AddNumberToObject(itl, "p90", gb_percentile(scratch, cell->itl_count, 0.9));
    add_number(itl, "p99", cell->itl_count >= P99_SAMPLES ? gb_percentile(scratch, cell->itl_count, 0.99) : NAN);
}

static void add_profile(cJSON *json, const gb_e2e_profile *p) {
    add_number(json, "load_ms", p->load_ms);
    add_number(json, "load_resident", p->resident_before);
    add_number(json, "first_decode_ms", p->first_decode_ms);
    add_number(json, "ttft_ms", p->ttft_ms);
    add_bytes(json, "model_bytes", p->model_bytes);
    add_bytes(json, "tensor_bytes", p->tensor_bytes);
    add_number(json, "bits_per_weight", p->bits_per_weight);
    add_bytes(json, "kv_bytes", p->kv_bytes);
    add_bytes(json, "work_bytes", p->work_bytes);
    add_bytes(json, "peak_rss_bytes", p->peak_rss_bytes);
    add_bytes(json, "rss_anon_bytes", p->rss_anon_bytes);
    add_bytes(json, "rss_file_bytes", p->rss_file_bytes);
}

typedef struct outcome {
    const options *o;
    const gb_e2e_cell *cell;
    const char *tier;
    size_t verified; /* rows checked before the first measurement */
    const gb_run *run;
    double *scratch;
} outcome;

static cJSON *test_record(const outcome *r, const char *kind, size_t tokens, const double *samples) {
    const options *o = r->o;
    const gb_summary s = gb_summarize(samples, o->repetitions, r->scratch);
    size_t low = 0;
    size_t high = 0;
    char test[32];
    (void)snprintf(test, sizeof test, "%s%zu", kind, tokens);
    cJSON *json = cJSON_CreateObject();
    gb_json_add_text(json, "model", r->cell->model, strlen(r->cell->model));
    cJSON_AddStringToObject(json, "test", test);
    cJSON_AddNumberToObject(json, "tokens", (double)tokens);
    cJSON_AddNumberToObject(json, "threads", (double)r->cell->threads);
    cJSON_AddStringToObject(json, "isa", r->tier);
    cJSON_AddNumberToObject(json, "batch", (double)o->engine.n_batch);
    cJSON_AddStringToObject(json, "kv", gb_formats[o->engine.kv].name);
    cJSON_AddNumberToObject(json, "seed", (double)o->seed);
    cJSON_AddNumberToObject(json, "tps_median", s.median);
    cJSON *interval = cJSON_AddArrayToObject(json, "tps_ci95");
    cJSON_AddItemToArray(interval, cJSON_CreateNumber(s.low));
    cJSON_AddItemToArray(interval, cJSON_CreateNumber(s.high));
    add_number(json, "ci_coverage", gb_median_ranks(o->repetitions, &low, &high)); /* below 0.95: too few samples */
    cJSON_AddNumberToObject(json, "tps_mean", s.mean);
    cJSON_AddNumberToObject(json, "tps_sd", s.sd);
    add_number(json, "noise_floor", o->repetitions > 1 ? gb_noise_floor(samples, o->repetitions, r->scratch) : NAN);
    cJSON *all = cJSON_AddArrayToObject(json, "samples");
    for (size_t i = 0; i < o->repetitions; i++) cJSON_AddItemToArray(all, cJSON_CreateNumber(samples[i]));
    if (samples == r->cell->tg) add_gaps(json, r->cell, r->scratch);
    add_profile(json, &r->cell->profile);
    cJSON *verify = cJSON_AddObjectToObject(json, "verify");
    cJSON_AddStringToObject(verify, "verdict", r->verified ? "ok" : "not applicable");
    cJSON_AddNumberToObject(verify, "rows", (double)r->verified);
    return json;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void print_row(const outcome *r, const char *kind, size_t tokens, const double *samples) {
    const gb_summary s = gb_summarize(samples, r->o->repetitions, r->scratch);
    char test[32];
    (void)snprintf(test, sizeof test, "%s%zu", kind, tokens);
    printf("%-32.32s %-7s %3zu  %9.2f  %9.2f .. %-9.2f\n", base_name(r->cell->model), test, r->cell->threads, s.median,
           s.low, s.high);
}

static void print_text(const options *o, const gb_e2e_cell *cells, size_t count, outcome r) {
    size_t low = 0;
    size_t high = 0;
    const double coverage = gb_median_ranks(o->repetitions, &low, &high);
    printf("%-32s %-7s %3s  %9s  %s\n", "model", "test", "thr", "tokens/s",
           coverage >= 0.95 ? "95 % interval of the median" : "least .. most (too few samples for 95 %)");
    for (size_t i = 0; i < count; i++) {
        r.cell = &cells[i];
        if (cells[i].pp) print_row(&r, "pp", o->prompt, cells[i].pp);
        if (cells[i].tg) print_row(&r, "tg", o->generate, cells[i].tg);
    }
    printf("\n%-32s %3s %8s %8s %9s %9s %9s %9s %9s\n", "model", "thr", "MB", "bits/wt", "load ms", "1st dec.",
           "TTFT ms", "peak MB", "KV MB");
    for (size_t i = 0; i < count; i++) {
        const gb_e2e_profile *p = &cells[i].profile;
        printf("%-32.32s %3zu %8.1f %8.3f %9.1f %9.2f %9.1f %9.1f %9.1f\n", base_name(cells[i].model), cells[i].threads,
               (double)p->model_bytes * 1e-6, p->bits_per_weight, p->load_ms, p->first_decode_ms, p->ttft_ms,
               (double)p->peak_rss_bytes * 1e-6, (double)p->kv_bytes * 1e-6);
    }
    printf("\ninstruction set %s, KV cache %s, batch %zu, %zu repetitions; TTFT: %zu tokens, without tokenization; "
           "peak: of a process that runs this model only\n",
           r.tier, gb_formats[o->engine.kv].name, o->engine.n_batch, o->repetitions, o->prompt);
    printf("verified before timing: %zu kernels, bit for bit\n", r.verified);
}

static int add_test(cJSON *all, const outcome *r, const char *kind, size_t tokens, const double *samples,
                    gb_error *err) {
    cJSON *json = test_record(r, kind, tokens, samples);
    cJSON_AddItemToArray(all, json);
    return gb_json_add_run(json, r->run, err);
}

/* The results as JSON: to standard output, to the store. */
static int deliver(const options *o, cJSON *all, gb_error *err) {
    int rc = gb_store_json(o->store, all, err);
    if (!rc && o->engine.json) return gb_json_print(all, err);
    cJSON_Delete(all);
    return rc;
}

static int make_json(const options *o, const gb_e2e_cell *cells, size_t count, outcome r, gb_error *err) {
    cJSON *all = cJSON_CreateArray();
    int rc = GB_OK;
    for (size_t i = 0; i < count && !rc; i++) {
        r.cell = &cells[i];
        if (cells[i].pp) rc = add_test(all, &r, "pp", o->prompt, cells[i].pp, err);
        if (!rc && cells[i].tg) rc = add_test(all, &r, "tg", o->generate, cells[i].tg, err);
    }
    if (!rc) return deliver(o, all, err);
    cJSON_Delete(all);
    return rc;
}

static void show_progress(void *user, double share) {
    (void)user;
    fputs("\r\033[K", stderr);
    if (share < 1.0) fprintf(stderr, "measuring: %.0f %%", 100.0 * share);
}

static int measure(const options *o, const gb_run *run, gb_error *err) {
    gb_e2e_params params = {.prompt = o->prompt,
                            .generate = o->generate,
                            .repetitions = o->repetitions,
                            .n_batch = o->engine.n_batch,
                            .kv = o->engine.kv,
                            .seed = o->seed,
                            .cpus = run->cpus,
                            .cpu_count = run->cpu_count};
    int rc = gb_parse_isa(o->engine.isa, &params.cap, err);
    size_t verified = 0;
    if (!rc) rc = gb_verify_selected(&params.cap, &verified, err);
    if (rc) return rc;
    const size_t count = o->model_count * o->thread_counts;
    if (count > MAX_CELLS)
        return gb_fail(err, GB_EINPUT, "%zu models with %zu thread counts are more than %d", o->model_count,
                       o->thread_counts, MAX_CELLS);
    gb_e2e_cell *cells = gb_new(count, sizeof *cells, "cells", err);
    const size_t gaps = o->generate * o->repetitions;
    double *scratch = gb_new(gaps > o->repetitions ? gaps : o->repetitions, sizeof *scratch, "samples", err);
    if (!cells || !scratch) rc = GB_ESYSTEM;
    for (size_t i = 0; i < count && !rc; i++) {
        cells[i].model = o->models[i / o->thread_counts];
        cells[i].threads = o->threads[i % o->thread_counts];
    }
    if (!rc) rc = gb_e2e_run(&params, cells, count, isatty(STDERR_FILENO) == 1 ? show_progress : NULL, NULL, err);
    if (!rc) {
        const outcome r = {
            .o = o, .tier = gb_cap_tier(&params.cap), .verified = verified, .run = run, .scratch = scratch};
        if (!o->engine.json) print_text(o, cells, count, r);
        if (o->engine.json || o->store) rc = make_json(o, cells, count, r, err);
        for (size_t i = 0; i < count; i++) gb_e2e_cell_free(&cells[i]);
    }
    free(cells);
    free(scratch);
    return rc;
}

/* One thread per physical core first. */
static int choose_cpus(const options *o, gb_run *run, gb_error *err) {
    gb_topology topology;
    const int rc = gb_topology_read(&topology, err);
    if (rc) return rc;
    size_t most = 1;
    for (size_t i = 0; i < o->thread_counts; i++) most = o->threads[i] > most ? o->threads[i] : most;
    const size_t room = sizeof run->cpus / sizeof run->cpus[0];
    int failed = gb_numa_apply(&o->place.numa, &topology, &gb_numa_system, err);
    if (!failed && most <= room && !o->no_pin)
        failed = gb_place_choose(&o->place, &topology, most, run->cpus, &run->cpu_count, err);
    if (!run->cpu_count)
        (void)snprintf(run->pin_note, sizeof run->pin_note, "%s", o->no_pin ? "--no-pin" : "too many threads to pin");
    gb_topology_free(&topology);
    return failed;
}

int gb_cmd_e2e(int argc, char **argv, gb_error *err) {
    options o = {
        .engine = GB_ENGINE_DEFAULTS, .prompt = 512, .generate = 64, .repetitions = 5, .seed = 1, .thread_counts = 1};
    o.threads[0] = o.engine.threads;
    gb_run run;
    gb_run_begin(&run, argc, argv, NULL);
    int rc = read_options(argc, argv, &o, err);
    run.seed = o.seed;
    if (!rc) rc = gb_store_check(o.store, err);
    if (!rc) rc = fit_context(&o, err);
    if (!rc) rc = choose_cpus(&o, &run, err);
    if (!rc) rc = measure(&o, &run, err);
    free(o.list);
    return rc;
}
