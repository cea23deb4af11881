/* gaugeblock e2e: the model benchmark. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/e2e_forecast.h"
#include "cli/store.h"
#include "harness/alloc.h"
#include "verify/selected.h"

const char gb_help_e2e[] =
    "usage: gaugeblock e2e -m MODEL[,MODEL...] [options]\n"
    "       gaugeblock e2e --predict {-m MODEL[,MODEL...] | --shape NAME --type TYPE[,TYPE...]} [options]\n\n"
    "Load time, time to first token, prompt and generation speed, memory. Every repetition measures all models and "
    "thread\n"
    "counts in turn, so that what else the machine does is shared. No tokenization, no sampling; random token ids.\n"
    "Before anything is measured, both speeds are predicted from the times of kernels and of memory on this machine;\n"
    "--predict stops there.\n\n"
    "  -m, --model LIST  GGUF models, separated by commas\n"
    "  -p, --prompt P    tokens of the prompt test pp (default 512, or what the models' context holds; 0: no such "
    "test)\n"
    "  -n, --gen N       tokens of the generation test tg (default 64; 0: no such test)\n"
    "  -t, --threads LIST thread counts, separated by commas (default: one per physical core of the fastest\n"
    "                    kind)\n"
    "  -r, --repetitions R (default 5)\n"
    "      --seed S      seed of the token ids (default 1)\n"
    "      --counters LIST hardware counters of the tests, per token: core, energy, or both with a comma\n"
    "      --no-pin      let the system move the threads (default: each has a CPU, one per core first)\n" GB_PLACE_HELP
    "  -b, --batch B     most tokens evaluated at once (default 512)\n"
    "      --kv TYPE     type of the KV cache: f16 (default), f32 or q8_0\n"
    "      --isa NAME    cap of the instruction set (or GAUGEBLOCK_ISA)\n"
    "      --predict     predict and measure no model; --no-predict: measure and do not predict\n"
    "      --shape NAME  with --predict: the sizes of a model that need not be here; a name of bench/shapes/ or a "
    "file\n"
    "      --type LIST   with --shape: its types, as in 'gaugeblock help quantize'\n"
    "      --store [PATH] also add the results to the store (default: ~/.local/share/gaugeblock/results.db)\n"
    "      --json        a JSON array with one record per test; with --predict one record per line\n";

enum {
    OPTION_SEED = GB_OPTION_OWN,
    OPTION_NO_PIN,
    OPTION_COUNTERS,
    OPTION_PREDICT,
    OPTION_NO_PREDICT,
    OPTION_SHAPE,
    OPTION_TYPE
};
enum { MAX_CELLS = 256, MAX_TOKENS = 1 << 20 };

/* --- options ------------------------------------------------------------------------------------------------------ */

static int read_threads(gb_e2e_options *o, const char *text, gb_error *err) {
    char *copy = strdup(text);
    if (!copy) return gb_fail(err, GB_ESYSTEM, "options: out of memory");
    int rc = GB_OK;
    o->thread_counts = 0;
    char *rest = copy;
    for (char *word; !rc && (word = strsep(&rest, ",")) != NULL;) {
        if (o->thread_counts == GB_E2E_COUNTS)
            rc = gb_fail(err, GB_EINPUT, "--threads '%s': more than %d counts", text, GB_E2E_COUNTS);
        else
            rc = gb_parse_size("--threads", word, 1, 1024, &o->threads[o->thread_counts++], err);
    }
    free(copy);
    return rc;
}

static int split_models(gb_e2e_options *o, gb_error *err) {
    const char *text = o->shape ? o->type : o->engine.model;
    const char *option = o->shape ? "--type" : "--model";
    o->list = strdup(text ? text : "");
    if (!o->list) return gb_fail(err, GB_ESYSTEM, "options: out of memory");
    char *rest = o->list;
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        if (!*word) return gb_fail(err, GB_EINPUT, "%s '%s': an empty name in the list", option, text);
        if (o->model_count == GB_E2E_MODELS)
            return gb_fail(err, GB_EINPUT, "%s '%s': more than %d names", option, text, GB_E2E_MODELS);
        o->models[o->model_count++] = word;
    }
    return GB_OK;
}

static int read_counters(gb_e2e_options *o, const char *text, gb_error *err) {
    const int rc = gb_counter_groups_parse("--counters", text, &o->counters, err);
    if (rc) return rc;
    o->counts = o->counters.group[GB_COUNTER_GROUP_core] || o->counters.group[GB_COUNTER_GROUP_energy];
    for (int g = 0; g < GB_COUNTER_GROUP_COUNT; g++)
        if (o->counters.group[g] && g != GB_COUNTER_GROUP_core && g != GB_COUNTER_GROUP_energy)
            return gb_fail(err, GB_EINPUT, "--counters '%s': of whole models only core and energy are counted", text);
    return GB_OK;
}

static int take(void *into, int option, char *value, gb_error *err) {
    gb_e2e_options *o = into;
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
    case OPTION_COUNTERS:
        return read_counters(o, value, err);
    case OPTION_NO_PIN:
        o->no_pin = true;
        return GB_OK;
    case GB_OPTION_STORE:
        o->store = value;
        return GB_OK;
    case OPTION_PREDICT:
        o->predict = true;
        return GB_OK;
    case OPTION_NO_PREDICT:
        o->no_predict = true;
        return GB_OK;
    case OPTION_SHAPE:
        o->shape = value;
        return GB_OK;
    case OPTION_TYPE:
        o->type = value;
        return GB_OK;
    case 'c':
        return gb_fail(err, GB_EINPUT, "--ctx: unknown to e2e, whose contexts are as long as its tests need");
    default:
        return gb_engine_option(&o->engine, option, value, err);
    }
}

static int check_subject(gb_e2e_options *o, int argc, char **argv, gb_error *err) {
    if (o->predict && o->no_predict) return gb_fail(err, GB_EINPUT, "--predict and --no-predict exclude each other");
    if (o->shape && o->engine.model) return gb_fail(err, GB_EINPUT, "--shape and --model exclude each other");
    if (o->shape && !o->predict)
        return gb_fail(err, GB_EINPUT, "--shape names no model that could be measured; --predict is missing");
    if (!o->shape != !o->type) return gb_fail(err, GB_EINPUT, "--shape and --type go together");
    if (o->shape) o->engine.model = o->shape;
    if (o->predict && !o->engine.model)
        return gb_fail(err, GB_EINPUT, "nothing to predict: give -m FILE.gguf, or --shape NAME and --type TYPE");
    return gb_engine_check_words(&o->engine, argc, argv, err);
}

static int read_options(int argc, char **argv, gb_e2e_options *o, gb_error *err) {
    static const struct option names[] = {GB_ENGINE_LONG,
                                          {"prompt", required_argument, NULL, 'p'},
                                          {"gen", required_argument, NULL, 'n'},
                                          {"repetitions", required_argument, NULL, 'r'},
                                          {"seed", required_argument, NULL, OPTION_SEED},
                                          {"counters", required_argument, NULL, OPTION_COUNTERS},
                                          {"no-pin", no_argument, NULL, OPTION_NO_PIN},
                                          {"store", optional_argument, NULL, GB_OPTION_STORE},
                                          {"predict", no_argument, NULL, OPTION_PREDICT},
                                          {"no-predict", no_argument, NULL, OPTION_NO_PREDICT},
                                          {"shape", required_argument, NULL, OPTION_SHAPE},
                                          {"type", required_argument, NULL, OPTION_TYPE},
                                          {NULL, 0, NULL, 0}};
    int rc = gb_read_options(argc, argv, GB_ENGINE_SHORT "p:n:r:", names, take, o, err);
    if (!rc) rc = check_subject(o, argc, argv, err);
    if (!rc && o->no_pin && o->engine.place.cpu_count)
        rc = gb_fail(err, GB_EINPUT, "--no-pin and --cpu-list exclude each other");
    if (!rc && !o->threads_given) o->threads[0] = o->engine.threads;
    if (!rc) rc = split_models(o, err);
    return rc;
}

/* What is predicted: a file, or a type of the shape. */
static int subject(const gb_e2e_options *o, size_t i, gb_predict_model *out, gb_error *err) {
    gb_model_sizes sizes;
    if (!o->shape) return gb_predict_model_of_file(o->models[i], out, err);
    const int rc = gb_predict_sizes(o->shape, &sizes, err);
    return rc ? rc : gb_predict_model_of_sizes(&sizes, o->models[i], out, err);
}

/* Shapes and types that are none are refused before the kernels are verified, which takes seconds. */
static int check_shape(const gb_e2e_options *o, gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < o->model_count; i++) {
        gb_predict_model model = {0};
        rc = subject(o, i, &model, err);
        gb_predict_model_free(&model);
    }
    return rc;
}

/* Default lengths shrink to the shortest context; lengths that were asked for must fit it. */
static int fit_context(gb_e2e_options *o, gb_error *err) {
    size_t n_ctx = 0;
    if (o->shape) return check_shape(o, err);
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

static void show_progress(void *user, double share) {
    (void)user;
    fputs("\r\033[K", stderr);
    if (share < 1.0) fprintf(stderr, "measuring: %.0f %%", 100.0 * share);
}

/* --- predictions: out[model * thread counts + count] -------------------------------------------------------------- */

/* All models for one number of threads after the other: a team of threads lives as long as it is needed. */
static int predict_jobs(const gb_e2e_options *o, const gb_predict_where *where, gb_predict_job *jobs,
                        gb_prediction *out, gb_error *err) {
    gb_predict_params p = {
        .prompt = o->prompt, .generate = o->generate, .n_batch = o->engine.n_batch, .kv = o->engine.kv};
    int rc = GB_OK;
    for (size_t t = 0; !rc && t < o->thread_counts; t++) {
        p.threads = o->threads[t];
        rc = gb_predict_all(where, &p, jobs, o->model_count, err);
        for (size_t i = 0; i < o->model_count; i++) out[i * o->thread_counts + t] = jobs[i].out;
    }
    return rc;
}

static int predict(const gb_e2e_options *o, const gb_e2e_params *p, gb_prediction *out, gb_disturbance *disturbance,
                   gb_error *err) {
    const gb_predict_where where = {
        .cap = p->cap, .topology = p->topology, .cpus = p->cpus, .cpu_count = p->cpu_count, .seed = p->seed};
    int rc = GB_OK;
    gb_predict_model models[GB_E2E_MODELS] = {0};
    gb_predict_job jobs[GB_E2E_MODELS];
    for (size_t i = 0; !rc && i < o->model_count; i++) {
        rc = subject(o, i, &models[i], err);
        jobs[i] = (gb_predict_job){.model = &models[i], .path = o->shape ? NULL : o->models[i]};
    }
    gb_conditions conditions;
    gb_conditions_begin(&conditions, p->conditions, p->cpus, p->cpu_count);
    if (!rc) rc = predict_jobs(o, &where, jobs, out, err);
    gb_conditions_pause(&conditions);
    *disturbance = gb_conditions_end(&conditions);
    for (size_t i = 0; i < o->model_count; i++) gb_predict_model_free(&models[i]);
    return rc;
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static int measure(const gb_e2e_options *o, const gb_e2e_params *params, gb_e2e_outcome *r, gb_e2e_cell *cells,
                   gb_error *err) {
    const size_t gaps = o->generate * o->repetitions;
    r->scratch = gb_new(gaps > o->repetitions ? gaps : o->repetitions, sizeof *r->scratch, "samples", err);
    int rc = r->scratch ? GB_OK : GB_ESYSTEM;
    if (!rc) rc = gb_e2e_run(params, cells, r->count, isatty(STDERR_FILENO) == 1 ? show_progress : NULL, NULL, err);
    if (!rc) {
        if (!o->engine.json) gb_e2e_print(r);
        if (o->engine.json || o->store) rc = gb_e2e_deliver(r, err);
        for (size_t i = 0; i < r->count; i++) gb_e2e_cell_free(&cells[i]);
    }
    free(r->scratch);
    return rc;
}

static int predict_and_measure(const gb_e2e_options *o, const gb_topology *topology, const gb_run *run, gb_error *err) {
    gb_e2e_params params = {.prompt = o->prompt,
                            .generate = o->generate,
                            .repetitions = o->repetitions,
                            .n_batch = o->engine.n_batch,
                            .kv = o->engine.kv,
                            .seed = o->seed,
                            .numa = &o->engine.place.numa,
                            .topology = topology,
                            .perf = o->counts ? &gb_perf_system : NULL,
                            .counters = o->counters,
                            .conditions = &gb_conditions_system,
                            .cpus = run->cpus,
                            .cpu_count = run->cpu_count};
    gb_e2e_cell cells[MAX_CELLS] = {0};
    gb_prediction predicted[MAX_CELLS];
    gb_e2e_outcome r = {
        .o = o, .cells = cells, .count = o->model_count * o->thread_counts, .topology = topology, .run = run};
    if (!o->prompt && !o->generate)
        return gb_fail(err, GB_EINPUT, "nothing to measure: both the prompt and the generation have no tokens");
    if (r.count > MAX_CELLS)
        return gb_fail(err, GB_EINPUT, "%zu models with %zu thread counts are more than %d", o->model_count,
                       o->thread_counts, MAX_CELLS);
    for (size_t i = 0; i < r.count; i++) {
        cells[i].model = o->models[i / o->thread_counts];
        cells[i].threads = o->threads[i % o->thread_counts];
    }
    int rc = gb_parse_isa(o->engine.isa, &params.cap, err);
    if (!rc) rc = gb_verify_selected(&params.cap, &r.verified, err);
    r.tier = gb_cap_tier(&params.cap);
    if (!rc && !o->no_predict) {
        r.predicted = predicted;
        rc = predict(o, &params, predicted, &r.foretold, err);
    }
    if (rc) return rc;
    return o->predict ? gb_e2e_show_forecasts(&r, err) : measure(o, &params, &r, cells, err);
}

/* One thread per physical core first. */
static int choose_cpus(const gb_e2e_options *o, const gb_topology *topology, gb_run *run, gb_error *err) {
    const gb_place *place = &o->engine.place;
    size_t most = 1;
    for (size_t i = 0; i < o->thread_counts; i++) most = o->threads[i] > most ? o->threads[i] : most;
    const size_t room = sizeof run->cpus / sizeof run->cpus[0];
    int rc = gb_numa_apply(&place->numa, topology, &gb_numa_system, err);
    if (!rc && most <= room && !o->no_pin) rc = gb_place_choose(place, topology, most, run->cpus, &run->cpu_count, err);
    if (!run->cpu_count)
        (void)snprintf(run->pin_note, sizeof run->pin_note, "%s", o->no_pin ? "--no-pin" : "too many threads to pin");
    return rc;
}

int gb_cmd_e2e(int argc, char **argv, gb_error *err) {
    gb_e2e_options o = {
        .engine = GB_ENGINE_DEFAULTS, .prompt = 512, .generate = 64, .repetitions = 5, .seed = 1, .thread_counts = 1};
    gb_run run;
    gb_topology topology = {0};
    gb_run_begin(&run, argc, argv, NULL);
    int rc = read_options(argc, argv, &o, err);
    run.seed = o.seed;
    if (!rc) rc = gb_store_check(o.store, err);
    if (!rc) rc = fit_context(&o, err);
    if (!rc) rc = gb_topology_read(&topology, err);
    if (!rc) rc = choose_cpus(&o, &topology, &run, err);
    if (!rc && run.cpu_count) gb_topology_look_from(&topology, run.cpus[0]); /* sizes of the caches that it uses */
    if (!rc) rc = predict_and_measure(&o, &topology, &run, err);
    gb_topology_free(&topology);
    free(o.list);
    return rc;
}
