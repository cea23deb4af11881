#include "cli/predict.h"

#include "bench/models.h"
#include "bench/team.h"
#include "harness/file.h"
#include "model/llama.h"

/* Of a kernel; its share of rounding is far below what a machine's moods change. */
static const double measured_ms = 15;
/* Share of a file's pages. */
static const double least_resident = 0.99;

int gb_predict_sizes(const char *word, gb_model_sizes *out, gb_error *err) {
    gb_model_facts f;
    int rc = gb_model_facts_find(word, &f, err);
    if (!rc && f.layers > GB_MAX_LAYERS)
        rc = gb_fail(err, GB_EINPUT, "--shape '%s': %zu layers: at most %d are supported", word, f.layers,
                     (int)GB_MAX_LAYERS);
    if (!rc) *out = (gb_model_sizes){f.layers, f.embd, f.heads, f.kv_heads, f.head_dim, f.ffn, f.vocab};
    return rc;
}

static int kernel(void *ctx, const gb_probe *p, double *ns, gb_error *err) {
    const gb_team_task task = {p->format, p->op, {p->n, p->rows, p->cols}, p->calls, p->threads, (size_t)p->set};
    return gb_team_kernel(ctx, &task, ns, err);
}

static int bandwidth(void *ctx, double set, size_t threads, double *gbps, gb_error *err) {
    (void)threads; /* those of the team */
    return gb_team_bandwidth(ctx, (size_t)set, gbps, err);
}

static int barrier(void *ctx, size_t threads, double *ns, gb_error *err) {
    (void)threads;
    (void)err;
    *ns = gb_team_barrier(ctx);
    return GB_OK;
}

/* What the pages of a model's file cost; of a file that is not in memory that cannot be known without reading it, which
 * would spoil the measurement of its loading. */
static int price_mapping(gb_team *team, const char *path, double *ns, gb_error *err) {
    gb_map map;
    *ns = 0;
    if (!path) return GB_OK;
    int rc = gb_map_open(path, &map, err);
    if (!rc && gb_map_resident(&map) >= least_resident) rc = gb_team_mapping(team, map.data, map.size, ns, err);
    gb_map_close(&map);
    return rc;
}

int gb_predict_all(const gb_predict_where *where, const gb_predict_params *params, gb_predict_job *jobs, size_t count,
                   gb_error *err) {
    const gb_team_options o = {.cap = where->cap,
                               .topology = where->topology,
                               .threads = params->threads,
                               .cpus = where->cpus,
                               .cpu_count = where->cpu_count,
                               .seed = where->seed,
                               .ms = measured_ms};
    gb_team *team = NULL;
    int rc = gb_team_new(&o, &team, err);
    gb_price_list prices = {team, kernel, bandwidth, barrier, 0};
    for (size_t i = 0; !rc && i < count; i++) {
        rc = price_mapping(team, jobs[i].path, &prices.mapping, err);
        if (!rc) rc = gb_predict(jobs[i].model, params, &prices, &jobs[i].out, err);
    }
    gb_team_free(team);
    return rc;
}

void gb_predict_add_json(cJSON *json, const gb_predicted_test *test) {
    if (!(test->tps > 0)) return;
    cJSON *predicted = cJSON_AddObjectToObject(json, "predicted");
    cJSON_AddNumberToObject(predicted, "tps", test->tps);
    cJSON_AddNumberToObject(predicted, "by_memory", test->by_memory);
    cJSON *parts = cJSON_AddObjectToObject(predicted, "parts_ms");
    for (int i = 0; i < GB_PREDICT_PART_COUNT; i++)
        cJSON_AddNumberToObject(parts, gb_predict_part_names[i], test->part[i] * 1e-6);
}
