#include "cli/e2e_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/store.h"
#include "harness/stats.h"

enum { P99_SAMPLES = 299 }; /* fewer do not bound the 99th percentile with 95 % confidence */

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

/* Where the weights lie. */
static const char *memory_text(const gb_e2e_outcome *r, const gb_e2e_cell *cell, char text[256]) {
    const int cpu_node = r->run->cpu_count ? gb_topology_node_of(r->topology, r->run->cpus[0]) : -1;
    gb_placement_text(&cell->placement, &r->o->engine.place.numa, cpu_node, text, 256);
    return text;
}

/* Of all packages; NaN where energy is not known. */
static double tokens_per_joule(const gb_counter_set *counters) {
    const gb_counter_value *joules = gb_counter_find(counters, "energy_package");
    return joules && joules->value > 0 ? 1 / joules->value : NAN;
}

/* Values, and below them what is absent. */
static void print_counters(const char *model, const char *test, const gb_counter_set *counters) {
    const gb_counter_value *instructions = gb_counter_find(counters, "instructions");
    const gb_counter_value *cycles = gb_counter_find(counters, "cycles");
    const double efficiency = tokens_per_joule(counters);
    if (!counters->count) return;
    printf("counters of %s, %s, per token:", model, test);
    for (size_t i = 0; i < counters->count; i++)
        if (counters->of[i].present)
            printf(" %s %.5g%s", counters->of[i].name, counters->of[i].value,
                   counters->of[i].group == GB_COUNTER_GROUP_energy ? " J" : "");
    if (instructions && cycles && cycles->value > 0) printf(" IPC %.2f", instructions->value / cycles->value);
    if (isfinite(efficiency)) printf(" tokens per joule %.4g", efficiency);
    putchar('\n');
    char *text = gb_counter_set_text(counters);
    for (const char *line = text; line && *line; line += strcspn(line, "\n") + 1)
        if (strstr(line, ": absent: ") && strstr(line, ": absent: ") < line + strcspn(line, "\n"))
            printf("  %.*s\n", (int)strcspn(line, "\n"), line);
    free(text);
}

/* Of one test; NULL: none. */
static const gb_predicted_test *prediction_of(const gb_e2e_outcome *r, const gb_e2e_cell *c, const double *samples) {
    if (!r->predicted) return NULL;
    const gb_prediction *p = &r->predicted[c - r->cells];
    return samples == c->pp ? &p->pp : &p->tg;
}

static cJSON *test_record(const gb_e2e_outcome *r, const gb_e2e_cell *c, const char *kind, size_t tokens,
                          const double *samples) {
    const gb_e2e_options *o = r->o;
    const gb_summary s = gb_summarize(samples, o->repetitions, r->scratch);
    size_t low = 0;
    size_t high = 0;
    char test[32];
    (void)snprintf(test, sizeof test, "%s%zu", kind, tokens);
    cJSON *json = cJSON_CreateObject();
    gb_json_add_text(json, "model", c->model, strlen(c->model));
    cJSON_AddStringToObject(json, "test", test);
    cJSON_AddNumberToObject(json, "tokens", (double)tokens);
    cJSON_AddNumberToObject(json, "threads", (double)c->threads);
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
    const gb_predicted_test *predicted = prediction_of(r, c, samples);
    if (predicted) gb_predict_add_json(json, predicted);
    cJSON *forecast = cJSON_GetObjectItemCaseSensitive(json, "predicted");
    if (forecast) cJSON_AddItemToObject(forecast, "conditions", gb_disturbance_json(&r->foretold));
    cJSON *all = cJSON_AddArrayToObject(json, "samples");
    for (size_t i = 0; i < o->repetitions; i++) cJSON_AddItemToArray(all, cJSON_CreateNumber(samples[i]));
    if (samples == c->tg) add_gaps(json, c, r->scratch);
    add_profile(json, &c->profile);
    char memory[256];
    cJSON_AddStringToObject(json, "memory", memory_text(r, c, memory));
    const gb_counter_set *counters = samples == c->pp ? &c->pp_counters : &c->tg_counters;
    if (counters->count) {
        cJSON_AddItemToObject(json, "counters", gb_counter_set_json(counters, "token"));
        add_number(json, "tokens_per_joule", tokens_per_joule(counters));
    }
    cJSON_AddItemToObject(json, "conditions", gb_disturbance_json(&c->disturbance));
    cJSON *verify = cJSON_AddObjectToObject(json, "verify");
    cJSON_AddStringToObject(verify, "verdict", r->verified ? "ok" : "not applicable");
    cJSON_AddNumberToObject(verify, "rows", (double)r->verified);
    return json;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void print_row(const gb_e2e_outcome *r, const gb_e2e_cell *c, const char *kind, size_t tokens,
                      const double *samples) {
    const gb_summary s = gb_summarize(samples, r->o->repetitions, r->scratch);
    char test[32];
    (void)snprintf(test, sizeof test, "%s%zu", kind, tokens);
    const gb_predicted_test *predicted = prediction_of(r, c, samples);
    printf("%-32.32s %-7s %3zu  %9.2f  %9.2f .. %-9.2f", base_name(c->model), test, c->threads, s.median, s.low,
           s.high);
    if (predicted) printf("  %9.2f  %+6.1f %%", predicted->tps, 100 * (predicted->tps / s.median - 1));
    putchar('\n');
}

void gb_e2e_print(const gb_e2e_outcome *r) {
    const gb_e2e_options *o = r->o;
    const gb_e2e_cell *cells = r->cells;
    size_t low = 0;
    size_t high = 0;
    const double coverage = gb_median_ranks(o->repetitions, &low, &high);
    printf("%-32s %-7s %3s  %9s  %-22s%s\n", "model", "test", "thr", "tokens/s",
           coverage >= 0.95 ? "95 % interval" : "least .. most", r->predicted ? "  predicted     error" : "");
    for (size_t i = 0; i < r->count; i++) {
        if (cells[i].pp) print_row(r, &cells[i], "pp", o->prompt, cells[i].pp);
        if (cells[i].tg) print_row(r, &cells[i], "tg", o->generate, cells[i].tg);
    }
    printf("\n%-32s %3s %8s %8s %9s %9s %9s %9s %9s\n", "model", "thr", "MB", "bits/wt", "load ms", "1st dec.",
           "TTFT ms", "peak MB", "KV MB");
    for (size_t i = 0; i < r->count; i++) {
        const gb_e2e_profile *p = &cells[i].profile;
        printf("%-32.32s %3zu %8.1f %8.3f %9.1f %9.2f %9.1f %9.1f %9.1f\n", base_name(cells[i].model), cells[i].threads,
               (double)p->model_bytes * 1e-6, p->bits_per_weight, p->load_ms, p->first_decode_ms, p->ttft_ms,
               (double)p->peak_rss_bytes * 1e-6, (double)p->kv_bytes * 1e-6);
    }
    printf("\ntokens/s: the median%s\n",
           coverage >= 0.95 ? " and its interval" : "; there are too few samples for an interval of 95 %");
    if (r->predicted)
        printf("predicted: before the measurement, from times of kernels and of memory alone%s%s\n",
               r->foretold.why[0] ? "; unreliable: " : "", r->foretold.why);
    printf("instruction set %s, KV cache %s, batch %zu, %zu repetitions; TTFT: %zu tokens, without tokenization; "
           "peak: of a process that runs this model only\n",
           r->tier, gb_formats[o->engine.kv].name, o->engine.n_batch, o->repetitions, o->prompt);
    if (o->counts) putchar('\n');
    for (size_t i = 0; i < r->count; i++) {
        print_counters(base_name(cells[i].model), "pp", &cells[i].pp_counters);
        print_counters(base_name(cells[i].model), "tg", &cells[i].tg_counters);
    }
    for (size_t i = 0; i < r->count; i++)
        if (cells[i].disturbance.why[0])
            printf("unreliable: %s, %zu threads: %s\n", base_name(cells[i].model), cells[i].threads,
                   cells[i].disturbance.why);
    for (size_t i = 0; i < r->count; i += o->thread_counts) {
        char memory[256];
        printf("memory of %s: %s\n", base_name(cells[i].model), memory_text(r, &cells[i], memory));
    }
    printf("verified before timing: %zu kernels, bit for bit\n", r->verified);
}

static int add_test(cJSON *all, const gb_e2e_outcome *r, const gb_e2e_cell *c, const char *kind, size_t tokens,
                    const double *samples, gb_error *err) {
    cJSON *json = test_record(r, c, kind, tokens, samples);
    cJSON_AddItemToArray(all, json);
    return gb_json_add_run(json, r->run, err);
}

int gb_e2e_deliver(const gb_e2e_outcome *r, gb_error *err) {
    cJSON *all = cJSON_CreateArray();
    int rc = GB_OK;
    for (size_t i = 0; i < r->count && !rc; i++) {
        const gb_e2e_cell *c = &r->cells[i];
        if (c->pp) rc = add_test(all, r, c, "pp", r->o->prompt, c->pp, err);
        if (!rc && c->tg) rc = add_test(all, r, c, "tg", r->o->generate, c->tg, err);
    }
    if (!rc) rc = gb_store_json(r->o->store, all, err);
    if (!rc && r->o->engine.json) return gb_json_print(all, err);
    cJSON_Delete(all);
    return rc;
}
