#include "cli/e2e_forecast.h"

#include <stdio.h>
#include <string.h>

#include "cli/store.h"
#include "results/results.h"

/* One test of a cell. */
typedef struct forecast {
    const gb_e2e_outcome *r;
    const gb_e2e_cell *cell;
    const gb_predicted_test *predicted;
    size_t tokens;
    char model[128]; /* "llama-3.2-1b Q4_K_M", or the name of a file */
    char test[32];
} forecast;

typedef int visit(const forecast *f, gb_results *records, gb_error *err);

static int each_test(const gb_e2e_outcome *r, visit *job, gb_results *records, gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < 2 * r->count; i++) {
        const gb_prediction *p = &r->predicted[i / 2];
        const bool pp = i % 2 == 0;
        forecast f = {.r = r, .cell = &r->cells[i / 2], .predicted = pp ? &p->pp : &p->tg};
        f.tokens = pp ? r->o->prompt : r->o->generate;
        if (!(f.predicted->tps > 0)) continue;
        const char *name = r->o->shape ? r->o->shape : f.cell->model;
        const char *slash = strrchr(name, '/');
        (void)snprintf(f.model, sizeof f.model, "%.90s%s%.30s", slash ? slash + 1 : name, r->o->shape ? " " : "",
                       r->o->shape ? f.cell->model : "");
        (void)snprintf(f.test, sizeof f.test, "%s%zu", pp ? "pp" : "tg", f.tokens);
        rc = job(&f, records, err);
    }
    return rc;
}

static int print_test(const forecast *f, gb_results *records, gb_error *err) {
    const gb_predicted_test *t = f->predicted;
    (void)records;
    (void)err;
    printf("%-32.32s %-7s %3zu  %9.2f ", f->model, f->test, f->cell->threads, t->tps);
    for (int i = 0; i < GB_PREDICT_PART_COUNT; i++) printf(" %11.1f", 100 * t->part[i] / t->ns);
    printf(" %9.0f\n", 100 * t->by_memory);
    return GB_OK;
}

static void print_text(const gb_e2e_outcome *r) {
    printf("%-32s %-7s %3s  %9s  share of the time in %%:\n%-55s", "model", "test", "thr", "tokens/s", "");
    for (int i = 0; i < GB_PREDICT_PART_COUNT; i++) printf(" %11s", gb_predict_part_names[i]);
    printf(" %9s\n", "by memory");
    (void)each_test(r, print_test, NULL, NULL);
    puts("\npredicted from times of kernels and of memory on this machine; the models were not run");
#define PRINT_PART(name, meaning) printf("%-11s  %s\n", #name, meaning);
    GB_PREDICT_PARTS(PRINT_PART)
#undef PRINT_PART
    printf("by memory    where reading, not computing, sets the pace\n");
    if (r->foretold.why[0]) printf("unreliable: %s\n", r->foretold.why);
    printf("instruction set %s, KV cache %s, batch %zu\n", r->tier, gb_formats[r->o->engine.kv].name,
           r->o->engine.n_batch);
    printf("verified before timing: %zu kernels, bit for bit\n", r->verified);
}

static int add_record(const forecast *f, gb_results *records, gb_error *err) {
    const gb_e2e_outcome *r = f->r;
    gb_record *record = gb_record_new("prediction", f->model, err);
    if (!record) return GB_ESYSTEM;
    gb_record_text(record, "test", f->test);
    gb_record_number(record, "tokens", (double)f->tokens);
    gb_record_number(record, "threads", (double)f->cell->threads);
    gb_record_text(record, "isa", r->tier);
    gb_record_number(record, "batch", (double)r->o->engine.n_batch);
    gb_record_text(record, "kv", gb_formats[r->o->engine.kv].name);
    gb_record_value(record, "predicted_tokens_per_second", "t/s", f->predicted->tps);
    for (int i = 0; i < GB_PREDICT_PART_COUNT; i++) {
        char metric[64];
        (void)snprintf(metric, sizeof metric, "predicted_%s_ms", gb_predict_part_names[i]);
        gb_record_value(record, metric, "ms", f->predicted->part[i] * 1e-6);
    }
    gb_record_value(record, "predicted_by_memory", "ratio", f->predicted->by_memory);
    gb_record_disturbance(record, &r->foretold);
    gb_record_verify(record, r->verified ? "ok" : "not applicable", NULL);
    gb_record_run(record, r->run);
    const int rc = gb_results_add_record(records, record, err);
    gb_record_free(record);
    return rc;
}

int gb_e2e_show_forecasts(const gb_e2e_outcome *r, gb_error *err) {
    gb_results records = {0};
    int rc = GB_OK;
    if (!r->o->engine.json) print_text(r);
    if (r->o->engine.json || r->o->store) rc = each_test(r, add_record, &records, err);
    for (size_t i = 0; !rc && r->o->engine.json && i < records.count; i++) puts(records.of[i].text);
    if (!rc) rc = gb_store_results(r->o->store, &records, err);
    gb_results_free(&records);
    return rc;
}
