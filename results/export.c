#include "results/export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "results/identity.h"
#include "results/json.h"
#include "results/metric.h"

gb_export_fn *gb_export_by_name(const char *name) {
    static const struct {
        const char *name;
        gb_export_fn *function;
    } all[] = {
#define GB_EXPORT_ROW(word, function, what) {word, function},
        GB_EXPORTS(GB_EXPORT_ROW)
#undef GB_EXPORT_ROW
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].name, name) == 0) return all[i].function;
    return NULL;
}

/* --- our own
 * ---------------------------------------------------------------------------------------------------------- */

int gb_export_jsonl(FILE *out, const gb_results *all, const gb_export_options *o, size_t *left_out, gb_error *err) {
    (void)o;
    (void)err;
    *left_out = 0;
    for (size_t i = 0; i < all->count; i++) fprintf(out, "%s\n", all->of[i].text);
    return GB_OK;
}

void gb_print_csv_field(FILE *out, const char *text) {
    const int quote = strpbrk(text, ",\"\r\n") != NULL;
    if (quote) fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    if (quote) fputc('"', out);
}

static void csv_number(FILE *out, double v) {
    fputc(',', out);
    if (isfinite(v)) fprintf(out, "%.9g", v);
}

static int csv_record(FILE *out, const gb_result *r, gb_error *err) {
    char machine[33];
    char *key = gb_result_key(r, NULL, err);
    if (!key) return GB_ESYSTEM;
    gb_result_fingerprint(r, machine);
    const char *ends[] = {gb_result_program(r),
                          gb_result_text(r, "provenance", "version"),
                          gb_result_text(r, "provenance", "commit"),
                          gb_result_text(r, "run", "id"),
                          gb_result_text(r, "run", "started"),
                          gb_result_text(r, "machine", "cpu_model"),
                          machine,
                          gb_result_text(r, "verify", "verdict")};
    const cJSON *metric = NULL;
    cJSON_ArrayForEach(metric, gb_json_at(r->json, "metrics")) {
        gb_measured m;
        if (!gb_result_metric(r, metric->string, &m)) continue;
        const char *begins[] = {gb_result_own(r, "kind"), gb_result_own(r, "name"), key, metric->string, m.unit};
        for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
            if (i) fputc(',', out);
            gb_print_csv_field(out, begins[i]);
        }
        csv_number(out, m.median);
        csv_number(out, m.low);
        csv_number(out, m.high);
        csv_number(out, (double)m.n);
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
            fputc(',', out);
            gb_print_csv_field(out, ends[i]);
        }
        fputc('\n', out);
    }
    free(key);
    return GB_OK;
}

int gb_export_csv(FILE *out, const gb_results *all, const gb_export_options *o, size_t *left_out, gb_error *err) {
    (void)o;
    *left_out = 0;
    fputs("kind,name,key,metric,unit,median,ci95_low,ci95_high,n,program,version,commit,run,started,cpu_model,machine,"
          "verdict\n",
          out);
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < all->count; i++) rc = csv_record(out, &all->of[i], err);
    return rc;
}

/* --- services that watch numbers
 * -------------------------------------------------------------------------------------- */

static int out_of_memory(gb_error *err) {
    return gb_fail(err, GB_ESYSTEM, "out of memory while writing JSON");
}

static int print_json(FILE *out, cJSON *json, gb_error *err) {
    char *text = cJSON_Print(json);
    cJSON_Delete(json);
    if (!text) return out_of_memory(err);
    fprintf(out, "%s\n", text);
    cJSON_free(text);
    return GB_OK;
}

/* The metric that is exported of a record; 0: it has none. */
static int pick(const gb_result *r, const gb_export_options *o, const char **name, gb_measured *m) {
    *name = o->metric ? o->metric : gb_primary_metric(r);
    return *name && gb_result_metric(r, *name, m) && isfinite(m->median);
}

/* A service knows things by name, so of several results the last stands; results come oldest first. */
static int bencher_one(cJSON *all, const gb_result *r, const char *metric, const gb_measured *m, gb_error *err) {
    /* the two measures that every Bencher project has: nanoseconds, and operations per second */
    const char *measure = strcmp(metric, "ns_per_call") == 0         ? "latency"
                          : strcmp(metric, "tokens_per_second") == 0 ? "throughput"
                                                                     : metric;
    char *key = gb_result_key(r, NULL, err);
    if (!key) return GB_ESYSTEM;
    cJSON_DeleteItemFromObjectCaseSensitive(all, key);
    cJSON *benchmark = cJSON_AddObjectToObject(all, key);
    free(key);
    cJSON *value = benchmark ? cJSON_AddObjectToObject(benchmark, measure) : NULL;
    int ok = value && cJSON_AddNumberToObject(value, "value", m->median);
    if (ok && isfinite(m->low)) ok = cJSON_AddNumberToObject(value, "lower_value", m->low) != NULL;
    if (ok && isfinite(m->high)) ok = cJSON_AddNumberToObject(value, "upper_value", m->high) != NULL;
    return ok ? GB_OK : out_of_memory(err);
}

int gb_export_bencher(FILE *out, const gb_results *all, const gb_export_options *o, size_t *left_out, gb_error *err) {
    cJSON *json = cJSON_CreateObject();
    int rc = json ? GB_OK : out_of_memory(err);
    *left_out = 0;
    for (size_t i = 0; !rc && i < all->count; i++) {
        const char *name = NULL;
        gb_measured m;
        if (pick(&all->of[i], o, &name, &m))
            rc = bencher_one(json, &all->of[i], name, &m, err);
        else
            ++*left_out;
    }
    if (!rc) return print_json(out, json, err);
    cJSON_Delete(json);
    return rc;
}

static int github_one(cJSON *all, const gb_result *r, const char *metric, const gb_measured *m, gb_error *err) {
    char extra[512];
    char range[64] = "";
    char *name = gb_result_key(r, NULL, err);
    if (!name) return GB_ESYSTEM;
    if (isfinite(m->low)) (void)snprintf(range, sizeof range, "%.4g .. %.4g", m->low, m->high);
    (void)snprintf(extra, sizeof extra, "%s\ncommit %s\n%s", metric, gb_result_text(r, "provenance", "commit"),
                   gb_result_text(r, "machine", "cpu_model"));
    cJSON *one = cJSON_CreateObject();
    int ok = one && cJSON_AddItemToArray(all, one) && cJSON_AddStringToObject(one, "name", name) &&
             cJSON_AddStringToObject(one, "unit", m->unit) && cJSON_AddNumberToObject(one, "value", m->median);
    if (ok && range[0]) ok = cJSON_AddStringToObject(one, "range", range) != NULL;
    ok = ok && cJSON_AddStringToObject(one, "extra", extra);
    free(name);
    return ok ? GB_OK : out_of_memory(err);
}

static int export_github(FILE *out, const gb_results *all, const gb_export_options *o, int bigger, size_t *left_out,
                         gb_error *err) {
    cJSON *json = cJSON_CreateArray();
    int rc = json ? GB_OK : out_of_memory(err);
    *left_out = 0;
    for (size_t i = 0; !rc && i < all->count; i++) {
        const char *name = NULL;
        gb_measured m;
        const int has = pick(&all->of[i], o, &name, &m);
        const gb_metric_kind kind = has ? gb_metric_kind_of(name, m.unit) : (gb_metric_kind){0};
        if (kind.comparable && kind.higher_is_better == bigger)
            rc = github_one(json, &all->of[i], name, &m, err);
        else
            ++*left_out;
    }
    if (!rc) return print_json(out, json, err);
    cJSON_Delete(json);
    return rc;
}

int gb_export_github_smaller(FILE *out, const gb_results *all, const gb_export_options *o, size_t *left_out,
                             gb_error *err) {
    return export_github(out, all, o, 0, left_out, err);
}

int gb_export_github_bigger(FILE *out, const gb_results *all, const gb_export_options *o, size_t *left_out,
                            gb_error *err) {
    return export_github(out, all, o, 1, left_out, err);
}
