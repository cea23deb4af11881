#include "results/convert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/stats.h"
#include "results/json.h"
#include "results/record.h"

const char *gb_base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A record in the making, from a flat object. */
typedef struct making {
    gb_record *record;
    const cJSON *from;
    const char *where;
    gb_error *err;
} making;

static int lacks(const making *m, const char *form, const char *key) {
    return gb_fail(m->err, GB_EINPUT, "%s: looks like %s, but '%s' is missing or of another type", m->where, form, key);
}

static void copy_text(const making *m, const char *key, const char *as) {
    const cJSON *v = gb_json_at(m->from, key);
    if (cJSON_IsString(v)) gb_record_text(m->record, as, v->valuestring);
}

static void copy_number(const making *m, const char *key, const char *as) {
    const double v = gb_json_number(m->from, key);
    if (isfinite(v)) gb_record_number(m->record, as, v);
}

static void copy_value(const making *m, const cJSON *from, const char *key, const char *as, const char *unit) {
    const double v = gb_json_number(from, key);
    if (isfinite(v)) gb_record_value(m->record, as, unit, v);
}

/* A metric with the spread of an array's numbers; GB_EINPUT if one of them is none. */
static int copy_samples(const making *m, const char *key, const char *as, const char *unit, double *noise) {
    const cJSON *list = gb_json_at(m->from, key);
    const cJSON *s = NULL;
    size_t n = 0;
    cJSON_ArrayForEach(s, list) n++;
    double *x = gb_new(2 * n, sizeof *x, "samples", m->err);
    if (!x) return GB_ESYSTEM;
    size_t i = 0;
    int rc = cJSON_IsArray(list) && n ? GB_OK : GB_EINPUT;
    cJSON_ArrayForEach(s, list) {
        if (!rc && !(cJSON_IsNumber(s) && isfinite(s->valuedouble))) rc = GB_EINPUT;
        if (!rc) x[i++] = s->valuedouble;
    }
    if (rc) gb_fail(m->err, rc, "%s: '%s' is no array of numbers, or an empty one", m->where, key);
    if (!rc) {
        const gb_summary summary = gb_summarize(x, n, x + n);
        gb_record_metric(m->record, as, unit, &summary, x);
        if (noise) *noise = n > 1 ? gb_noise_floor(x, n, x + n) : NAN;
    }
    free(x);
    return rc;
}

/* --- e2e ------------------------------------------------------------------------------------------------------------
 */

static int is_e2e(const cJSON *json) {
    return gb_json_at(json, "tps_median") && gb_json_at(json, "test");
}

/* How the engine ran, in e2e and perplexity. */
static void copy_setting(const making *m) {
    copy_number(m, "threads", "threads");
    copy_text(m, "isa", "isa");
    copy_number(m, "batch", "batch");
    copy_text(m, "kv", "kv");
}

/* What the same run had predicted: tokens per second, parts of the time, and how far off that was. */
static void copy_prediction(const making *m) {
    const cJSON *predicted = gb_json_at(m->from, "predicted");
    const cJSON *parts = gb_json_at(predicted, "parts_ms");
    const double tps = gb_json_number(predicted, "tps");
    const double median = gb_json_number(m->from, "tps_median");
    copy_value(m, predicted, "tps", "predicted_tokens_per_second", "t/s");
    copy_value(m, predicted, "by_memory", "predicted_by_memory", "ratio");
    if (isfinite(tps) && median > 0) gb_record_value(m->record, "prediction_error", "ratio", tps / median - 1);
    const cJSON *part = NULL;
    cJSON_ArrayForEach(part, parts) {
        char name[96];
        if (!part->string) continue; /* an array */
        (void)snprintf(name, sizeof name, "predicted_%.64s_ms", part->string);
        copy_value(m, parts, part->string, name, "ms");
    }
}

/* Each a number, or a reason for its absence. */
static int copy_counters(const making *m) {
    const cJSON *all = gb_json_at(m->from, "counters");
    const cJSON *item = NULL;
    if (!all) return GB_OK;
    gb_counter_set set = {.of = gb_new((size_t)cJSON_GetArraySize(all) + 1, sizeof *set.of, "counters", m->err)};
    if (!set.of) return GB_ESYSTEM;
    int rc = GB_OK;
    cJSON_ArrayForEach(item, all) {
        const char *reason = gb_json_string(item, "absent", NULL);
        gb_counter_value *v = &set.of[set.count];
        if (!item->string || strcmp(item->string, "per") == 0) continue;
        *v = (gb_counter_value){.name = item->string, .present = !reason, .value = item->valuedouble};
        if (reason) (void)snprintf(v->reason, sizeof v->reason, "%s", reason);
        if (!rc && !reason && !(cJSON_IsNumber(item) && isfinite(item->valuedouble)))
            rc = lacks(m, "a result of e2e", "counters");
        set.count++;
    }
    if (!rc) gb_record_counters(m->record, &set, gb_json_string(all, "per", "token"));
    free(set.of);
    return rc;
}

static int from_e2e(making *m) {
    static const struct {
        const char *key, *unit;
    } values[] = {{"load_ms", "ms"},           {"first_decode_ms", "ms"},   {"ttft_ms", "ms"},
                  {"load_resident", "ratio"},  {"model_bytes", "bytes"},    {"tensor_bytes", "bytes"},
                  {"bits_per_weight", "bits"}, {"kv_bytes", "bytes"},       {"work_bytes", "bytes"},
                  {"peak_rss_bytes", "bytes"}, {"rss_anon_bytes", "bytes"}, {"rss_file_bytes", "bytes"}};
    static const char *const gaps[][2] = {{"p50", "itl_p50_ms"}, {"p90", "itl_p90_ms"}, {"p99", "itl_p99_ms"}};
    if (!cJSON_IsString(gb_json_at(m->from, "test"))) return lacks(m, "a result of e2e", "test");
    copy_text(m, "test", "test");
    copy_number(m, "tokens", "tokens");
    copy_setting(m);
    const int rc = copy_samples(m, "samples", "tokens_per_second", "t/s", NULL);
    if (rc) return rc;
    copy_value(m, m->from, "noise_floor", "aa_noise", "ratio");
    copy_prediction(m);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        copy_value(m, m->from, values[i].key, values[i].key, values[i].unit);
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++)
        copy_value(m, gb_json_at(m->from, "itl_ms"), gaps[i][0], gaps[i][1], "ms");
    copy_value(m, m->from, "tokens_per_joule", "tokens_per_joule", "t/J");
    const char *verdict = gb_json_string(gb_json_at(m->from, "verify"), "verdict", "not applicable");
    gb_record_verify(m->record, verdict, NULL);
    return copy_counters(m);
}

/* --- perplexity -----------------------------------------------------------------------------------------------------
 */

static int is_perplexity(const cJSON *json) {
    return gb_json_at(json, "ppl") && gb_json_at(json, "logits_hash");
}

static int from_perplexity(making *m) {
    const char *text = gb_json_string(m->from, "text", NULL);
    const char *hash = gb_json_string(m->from, "logits_hash", NULL);
    if (!text) return lacks(m, "a result of perplexity", "text");
    if (!hash) return lacks(m, "a result of perplexity", "logits_hash");
    gb_record_text(m->record, "test", "perplexity");
    gb_record_text(m->record, "text", gb_base_name(text));
    copy_number(m, "n_ctx", "n_ctx");
    copy_number(m, "n_chunk", "chunks");
    copy_setting(m);
    copy_value(m, m->from, "ppl", "ppl", "ppl");
    copy_value(m, m->from, "ppl_stderr", "ppl_stderr", "ppl");
    copy_value(m, m->from, "bits_per_byte", "bits_per_byte", "bits/byte");
    copy_value(m, m->from, "tokens_per_second", "tokens_per_second", "t/s");
    copy_value(m, m->from, "scored", "scored", "tokens");
    gb_record_hash(m->record, "logits", hash);
    gb_record_verify(m->record, "not applicable", NULL);
    return copy_samples(m, "chunk_nll", "chunk_nll", "nats/token", NULL);
}

/* --- llama-bench ----------------------------------------------------------------------------------------------------
 */

static int is_llama_bench(const cJSON *json) {
    return gb_json_at(json, "avg_ts") && gb_json_at(json, "n_prompt") && gb_json_at(json, "n_gen");
}

/* pp512, tg128, pp512+tg128, each with @d1024 where the context was not empty. */
static void name_test(const making *m, char *test, size_t size) {
    const double prompt = gb_json_number(m->from, "n_prompt");
    const double generate = gb_json_number(m->from, "n_gen");
    const double depth = gb_json_number(m->from, "n_depth");
    char part[3][32] = {"", "", ""};
    if (prompt > 0) (void)snprintf(part[0], sizeof part[0], "pp%.0f", prompt);
    if (generate > 0) (void)snprintf(part[1], sizeof part[1], "%stg%.0f", prompt > 0 ? "+" : "", generate);
    if (depth > 0) (void)snprintf(part[2], sizeof part[2], "@d%.0f", depth);
    (void)snprintf(test, size, "%s%s%s", part[0], part[1], part[2]);
}

/* Old versions print no samples: then the mean and its deviation are what there is. */
static int llama_speed(const making *m) {
    double noise = NAN;
    if (gb_json_at(m->from, "samples_ts")) {
        const int rc = copy_samples(m, "samples_ts", "tokens_per_second", "t/s", &noise);
        if (rc) return rc;
        if (isfinite(noise)) gb_record_value(m->record, "aa_noise", "ratio", noise);
    } else {
        copy_value(m, m->from, "avg_ts", "tokens_per_second", "t/s");
    }
    copy_value(m, m->from, "avg_ts", "tps_mean", "t/s");
    copy_value(m, m->from, "stddev_ts", "tps_sd", "t/s");
    return GB_OK;
}

static int from_llama_bench(making *m) {
    char test[96];
    name_test(m, test, sizeof test);
    if (!test[0] || !isfinite(gb_json_number(m->from, "avg_ts"))) return lacks(m, "a result of llama-bench", "avg_ts");
    gb_record_text(m->record, "test", test);
    gb_record_number(m->record, "tokens",
                     fmax(gb_json_number(m->from, "n_prompt"), 0) + fmax(gb_json_number(m->from, "n_gen"), 0));
    copy_number(m, "n_threads", "threads");
    copy_number(m, "n_batch", "batch");
    copy_number(m, "n_ubatch", "ubatch");
    copy_text(m, "type_k", "kv");
    copy_text(m, "type_v", "kv_values");
    copy_text(m, "backends", "backends");
    copy_number(m, "n_gpu_layers", "gpu_layers");
    const cJSON *flash = gb_json_at(m->from, "flash_attn");
    const double as_number = cJSON_IsBool(flash) ? (double)cJSON_IsTrue(flash) : gb_json_number(m->from, "flash_attn");
    if (isfinite(as_number)) gb_record_number(m->record, "flash_attn", as_number);
    copy_text(m, "model_type", "model_type");
    copy_value(m, m->from, "model_size", "tensor_bytes", "bytes");
    copy_value(m, m->from, "model_n_params", "parameters", "weights");
    gb_record_verify(m->record, "not applicable", "another program's kernels");
    return llama_speed(m);
}

static cJSON *absent(const char *reason) {
    cJSON *o = cJSON_CreateObject();
    if (o && !cJSON_AddStringToObject(o, "absent", reason)) {
        cJSON_Delete(o);
        return NULL;
    }
    return o;
}

/* What llama-bench says about run, program and machine, in the places where ours are. */
static int add_llama_origin(cJSON *record, const cJSON *from) {
    static const char *const unknown[] = {"compiler", "flags", "build_type", "sanitize"};
    char version[32];
    (void)snprintf(version, sizeof version, "%.0f", fmax(gb_json_number(from, "build_number"), 0));
    cJSON *run = cJSON_AddObjectToObject(record, "run");
    cJSON *program = cJSON_AddObjectToObject(record, "provenance");
    cJSON *machine = cJSON_AddObjectToObject(record, "machine");
    int ok = run && program && machine;
    ok = ok && cJSON_AddStringToObject(run, "command", "llama-bench");
    ok = ok && cJSON_AddStringToObject(run, "started", gb_json_string(from, "test_time", ""));
    ok = ok && cJSON_AddNumberToObject(run, "seed", 0);
    ok = ok && cJSON_AddArrayToObject(run, "affinity");
    ok = ok && cJSON_AddStringToObject(program, "program", "llama-bench");
    ok = ok && cJSON_AddStringToObject(program, "version", version);
    ok = ok && cJSON_AddStringToObject(program, "commit", gb_json_string(from, "build_commit", "unknown"));
    for (size_t i = 0; ok && i < sizeof unknown / sizeof unknown[0]; i++)
        ok = cJSON_AddStringToObject(program, unknown[i], "unknown") != NULL;
    for (size_t i = 0; ok && i < GB_FACT_COUNT; i++) {
        const char *cpu = i == GB_FACT_cpu_model ? gb_json_string(from, "cpu_info", NULL) : NULL;
        cJSON *fact = cpu ? cJSON_CreateString(cpu) : absent("llama-bench does not say");
        ok = fact && cJSON_AddItemToObject(machine, gb_fact_keys[i], fact);
    }
    return ok;
}

/* --- all forms ------------------------------------------------------------------------------------------------------
 */

/* Our own flat forms carry these as a record does. */
static int move_origin(cJSON *record, const making *m, const char *form) {
    static const char *const parts[] = {"run", "provenance", "machine"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const cJSON *part = gb_json_at(m->from, parts[i]);
        if (!cJSON_IsObject(part)) return lacks(m, form, parts[i]);
        cJSON *copy = cJSON_Duplicate(part, 1);
        if (!copy || !cJSON_AddItemToObject(record, parts[i], copy))
            return gb_fail(m->err, GB_ESYSTEM, "%s: out of memory", m->where);
    }
    /* older results have none */
    const cJSON *conditions = gb_json_at(m->from, "conditions");
    cJSON *copy = cJSON_IsObject(conditions) ? cJSON_Duplicate(conditions, 1) : NULL;
    const char *memory = gb_json_string(m->from, "memory", NULL);
    cJSON *run = cJSON_GetObjectItemCaseSensitive(record, "run");
    if ((cJSON_IsObject(conditions) && !cJSON_AddItemToObject(record, "conditions", copy)) ||
        (memory && !cJSON_HasObjectItem(run, "memory") && !cJSON_AddStringToObject(run, "memory", memory)))
        return gb_fail(m->err, GB_ESYSTEM, "%s: out of memory", m->where);
    return GB_OK;
}

typedef struct form {
    const char *name, *model; /* model: the key that holds the file */
    int (*is)(const cJSON *json);
    int (*fill)(making *m);
    int foreign;
} form;

static const form forms[] = {{"a result of e2e", "model", is_e2e, from_e2e, 0},
                             {"a result of perplexity", "model", is_perplexity, from_perplexity, 0},
                             {"a result of llama-bench", "model_filename", is_llama_bench, from_llama_bench, 1}};

static int convert_as(const form *f, const cJSON *from, cJSON **out, const char *where, gb_error *err) {
    making m = {.from = from, .where = where, .err = err};
    const char *model = gb_json_string(from, f->model, NULL);
    if (!model) return lacks(&m, f->name, f->model);
    m.record = gb_record_new("model", gb_base_name(model), err);
    if (!m.record) return GB_ESYSTEM;
    char *text = NULL;
    int rc = f->fill(&m);
    if (!rc) rc = gb_record_print(m.record, &text, err);
    gb_record_free(m.record);
    if (rc) return rc;
    cJSON *record = cJSON_Parse(text);
    cJSON_free(text);
    if (record)
        rc = f->foreign ? (add_llama_origin(record, from) ? GB_OK : GB_ESYSTEM) : move_origin(record, &m, f->name);
    if (!record || rc == GB_ESYSTEM) rc = gb_fail(err, GB_ESYSTEM, "%s: out of memory", where);
    if (rc)
        cJSON_Delete(record);
    else
        *out = record;
    return rc;
}

int gb_convert(cJSON **json, int *converted, const char *where, gb_error *err) {
    *converted = 0;
    if (gb_json_at(*json, "schema")) return GB_OK;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (!forms[i].is(*json)) continue;
        cJSON *record = NULL;
        const int rc = convert_as(&forms[i], *json, &record, where, err);
        if (rc) return rc;
        cJSON_Delete(*json);
        *json = record;
        *converted = 1;
        return GB_OK;
    }
    return gb_fail(err, GB_EINPUT,
                   "%s: neither a record of this program (results/schema.json) nor a result of e2e, perplexity or "
                   "llama-bench",
                   where);
}
