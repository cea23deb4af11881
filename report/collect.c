#include "report/collect.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/file.h"

static double number(const cJSON *object, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

static const char *text(const cJSON *object, const char *key) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

/* "models/x-Q4_0.gguf" -> "x-Q4_0": how one model is recognized in all files. */
static void model_name(const char *path, char *name, size_t size) {
    const char *slash = strrchr(path, '/');
    snprintf(name, size, "%s", slash ? slash + 1 : path);
    char *dot = strrchr(name, '.');
    if (dot && strcmp(dot, ".gguf") == 0) *dot = '\0';
}

static gb_report_model *model_of(gb_report_data *d, const char *path) {
    char name[128];
    model_name(path, name, sizeof name);
    for (size_t i = 0; i < d->models; i++)
        if (strcmp(d->model[i].name, name) == 0) return &d->model[i];
    if (d->models == GB_REPORT_MODELS) {
        d->left_out++;
        return NULL;
    }
    gb_report_model *m = &d->model[d->models++];
    const double none = (double)NAN;
    *m = (gb_report_model){.bytes = none,
                           .bits_per_weight = none,
                           .load_ms = none,
                           .ttft_ms = none,
                           .peak_rss_bytes = none,
                           .pp = none,
                           .pp_low = none,
                           .pp_high = none,
                           .tg = none,
                           .tg_low = none,
                           .tg_high = none,
                           .ppl = none,
                           .ppl_stderr = none};
    memcpy(m->name, name, sizeof name);
    return m;
}

/* Parsed file, or NULL with *missing set if there is none. */
static cJSON *load(const char *dir, const char *name, int *missing, gb_error *err) {
    char path[4096];
    const int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    *missing = 0;
    if (n < 0 || (size_t)n >= sizeof path) {
        gb_fail(err, GB_EINPUT, "%s: path too long", dir);
        return NULL;
    }
    if (access(path, F_OK) != 0) {
        *missing = 1;
        return NULL;
    }
    uint8_t *data = NULL;
    size_t size = 0;
    if (gb_read_all(path, 256U << 20, &data, &size, err)) return NULL;
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts((const char *)data, size, &end, 0);
    if (!json) gb_fail(err, GB_EINPUT, "%s: offset %td: not JSON", path, end ? end - (const char *)data : 0);
    free(data);
    return json;
}

/* Something from outside took its share of the measurement. */
static int is_spoilt(const cJSON *record) {
    const cJSON *conditions = cJSON_GetObjectItemCaseSensitive(record, "conditions");
    return conditions && strcmp(text(conditions, "verdict"), "unreliable") == 0;
}

static void add_e2e(gb_report_data *d, const cJSON *record) {
    gb_report_model *m = model_of(d, text(record, "model"));
    if (!m) return;
    const int threads = (int)number(record, "threads");
    if (threads < m->threads) return; /* the most threads measured are shown */
    m->threads = threads;
    m->spoilt = is_spoilt(record); /* the tests of a model and thread count share it */
    const cJSON *ci = cJSON_GetObjectItemCaseSensitive(record, "tps_ci95");
    const cJSON *low = cJSON_GetArrayItem(ci, 0);
    const cJSON *high = cJSON_GetArrayItem(ci, 1);
    const double from = cJSON_IsNumber(low) ? low->valuedouble : (double)NAN;
    const double to = cJSON_IsNumber(high) ? high->valuedouble : (double)NAN;
    const char *test = text(record, "test");
    if (strncmp(test, "pp", 2) == 0) {
        m->pp = number(record, "tps_median");
        m->pp_low = from;
        m->pp_high = to;
        snprintf(m->pp_test, sizeof m->pp_test, "%s", test);
    } else if (strncmp(test, "tg", 2) == 0) {
        m->tg = number(record, "tps_median");
        m->tg_low = from;
        m->tg_high = to;
        snprintf(m->tg_test, sizeof m->tg_test, "%s", test);
    }
    m->bytes = number(record, "model_bytes");
    m->bits_per_weight = number(record, "bits_per_weight");
    m->load_ms = number(record, "load_ms");
    m->ttft_ms = number(record, "ttft_ms");
    m->peak_rss_bytes = number(record, "peak_rss_bytes");
    const cJSON *machine = cJSON_GetObjectItemCaseSensitive(record, "machine");
    const cJSON *program = cJSON_GetObjectItemCaseSensitive(record, "provenance");
    if (machine && !d->machine[0])
        snprintf(d->machine, sizeof d->machine, "%s, %s, %d threads, %s", text(machine, "cpu_model"),
                 text(record, "isa"), threads, text(machine, "kernel"));
    if (program && !d->program[0])
        snprintf(d->program, sizeof d->program, "gaugeblock %s, commit %s, %s", text(program, "version"),
                 text(program, "commit"), text(program, "compiler"));
}

static void add_perplexity(gb_report_data *d, const cJSON *json) {
    gb_report_model *m = model_of(d, text(json, "model"));
    if (!m) return;
    m->ppl = number(json, "ppl");
    m->ppl_stderr = number(json, "ppl_stderr");
    snprintf(m->hash, sizeof m->hash, "%s", text(json, "logits_hash"));
}

static void add_kernel(gb_report_data *d, const cJSON *record) {
    if (strcmp(text(record, "kind"), "kernel") != 0) return;
    if (d->kernels == GB_REPORT_KERNELS) {
        d->left_out++;
        return;
    }
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(record, "metrics");
    const cJSON *subject = cJSON_GetObjectItemCaseSensitive(record, "subject");
    gb_report_kernel *k = &d->kernel[d->kernels++];
    const char *set = text(subject, "level");
    snprintf(k->name, sizeof k->name, "%s%s%s%s", text(record, "name"), *set ? " " : "", set,
             is_spoilt(record) ? " (unreliable)" : "");
    k->ns_per_weight = number(cJSON_GetObjectItemCaseSensitive(metrics, "ns_per_weight"), "median");
    k->gbps = number(cJSON_GetObjectItemCaseSensitive(metrics, "gbps"), "value");
}

/* JSON lines; a line that is no record is an error with its number. */
static int add_bench(gb_report_data *d, const char *dir, gb_error *err) {
    char path[4096];
    const int n = snprintf(path, sizeof path, "%s/bench.jsonl", dir);
    if (n < 0 || (size_t)n >= sizeof path || access(path, F_OK) != 0) return GB_OK;
    uint8_t *data = NULL;
    size_t size = 0;
    int rc = gb_read_all(path, 256U << 20, &data, &size, err);
    if (rc) return rc;
    char *line = (char *)data;
    for (size_t number_of_line = 1; *line && !rc; number_of_line++) {
        char *end = strchr(line, '\n');
        if (end) *end = '\0';
        if (*line) {
            cJSON *json = cJSON_Parse(line);
            if (!json) rc = gb_fail(err, GB_EINPUT, "%s: line %zu: not JSON", path, number_of_line);
            add_kernel(d, json);
            cJSON_Delete(json);
        }
        line = end ? end + 1 : line + strlen(line);
    }
    free(data);
    return rc;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_perplexity(const struct dirent *entry) {
    const size_t length = strlen(entry->d_name);
    return strncmp(entry->d_name, "perplexity-", 11) == 0 && length > 5 &&
           strcmp(entry->d_name + length - 5, ".json") == 0;
}

static int add_all_perplexities(gb_report_data *d, const char *dir, gb_error *err) {
    struct dirent **entries = NULL;
    const int count = scandir(dir, &entries, is_perplexity, by_name);
    if (count < 0) return gb_fail(err, GB_EINPUT, "%s: not a readable folder", dir);
    int rc = GB_OK;
    for (int i = 0; i < count; i++) {
        int missing = 0;
        cJSON *json = rc ? NULL : load(dir, entries[i]->d_name, &missing, err);
        if (json)
            add_perplexity(d, json);
        else if (!rc && !missing)
            rc = GB_EINPUT;
        cJSON_Delete(json);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int gb_report_collect(const char *dir, gb_report_data *d, gb_error *err) {
    memset(d, 0, sizeof *d);
    int missing = 0;
    cJSON *json = load(dir, "e2e.json", &missing, err);
    if (!json && !missing) return GB_EINPUT;
    const cJSON *record = NULL;
    cJSON_ArrayForEach(record, json) add_e2e(d, record);
    cJSON_Delete(json);

    json = load(dir, "verify.json", &missing, err);
    if (!json && !missing) return GB_EINPUT;
    if (json) {
        d->have_verify = 1;
        d->verify_rows = number(json, "rows");
        d->verify_ok = number(json, "ok");
        d->verify_fail = number(json, "fail");
        d->verify_skip = number(json, "skip");
        d->verify_seed = number(json, "seed");
    }
    cJSON_Delete(json);

    int rc = add_all_perplexities(d, dir, err);
    if (!rc) rc = add_bench(d, dir, err);
    if (!rc && d->models == 0 && d->kernels == 0 && !d->have_verify)
        rc =
            gb_fail(err, GB_EINPUT, "%s: no result files (verify.json, bench.jsonl, e2e.json, perplexity-*.json)", dir);
    return rc;
}
