#include "results/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/file.h"
#include "results/convert.h"
#include "results/json.h"

static const size_t most_bytes = (size_t)1 << 30;

void gb_results_free(gb_results *all) {
    for (size_t i = 0; i < all->count; i++) {
        cJSON_Delete(all->of[i].json);
        free(all->of[i].text);
    }
    free(all->of);
    *all = (gb_results){0};
}

/* --- is it a record? ------------------------------------------------------------------------------------------------
 */

static int damaged(gb_error *err, const char *where, const char *key, const char *what) {
    return gb_fail(err, GB_EINPUT, "%s: not a result record: '%s' %s (results/schema.json)", where, key, what);
}

static int check_samples(const cJSON *metric, const char *where, gb_error *err) {
    const cJSON *samples = gb_json_at(metric, "samples");
    const cJSON *s = NULL;
    if (!samples) return GB_OK;
    if (!cJSON_IsArray(samples) || (double)cJSON_GetArraySize(samples) != gb_json_number(metric, "n"))
        return damaged(err, where, metric->string, "has not n samples");
    cJSON_ArrayForEach(s, samples) {
        if (!cJSON_IsNumber(s)) return damaged(err, where, metric->string, "has a sample that is no number");
    }
    return GB_OK;
}

static int check_metrics(const cJSON *metrics, const char *where, gb_error *err) {
    const cJSON *m = NULL;
    cJSON_ArrayForEach(m, metrics) {
        if (!cJSON_IsString(gb_json_at(m, "unit"))) return damaged(err, where, m->string, "has no unit");
        const double middle = gb_json_number(m, "median");
        if (isnan(middle) && isnan(gb_json_number(m, "value")))
            return damaged(err, where, m->string, "has neither median nor value");
        const double n = gb_json_number(m, "n");
        if (!isnan(middle) && !(n >= 1 && n <= 1e9 && n == floor(n)))
            return damaged(err, where, m->string, "has a median and no whole n");
        const int rc = check_samples(m, where, err);
        if (rc) return rc;
    }
    return GB_OK;
}

static int check_subject(const cJSON *subject, const char *where, gb_error *err) {
    const cJSON *s = NULL;
    cJSON_ArrayForEach(s, subject) {
        if (!cJSON_IsString(s) && !cJSON_IsNumber(s))
            return damaged(err, where, s->string, "is neither text nor number");
    }
    return GB_OK;
}

/* What the readers below rely on; tests/test_results.c holds it against the schema. */
static int check_record(const cJSON *json, const char *where, gb_error *err) {
    static const char *const texts[] = {"kind", "name"};
    static const char *const objects[] = {"subject", "metrics", "verify", "run", "provenance", "machine"};
    const double schema = gb_json_number(json, "schema");
    if (schema > GB_RECORD_SCHEMA)
        return gb_fail(err, GB_EINPUT, "%s: a record of schema %g; this program knows %d", where, schema,
                       GB_RECORD_SCHEMA);
    if (schema != GB_RECORD_SCHEMA) return damaged(err, where, "schema", "is not 1");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!cJSON_IsString(gb_json_at(json, texts[i]))) return damaged(err, where, texts[i], "is no text");
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++)
        if (!cJSON_IsObject(gb_json_at(json, objects[i]))) return damaged(err, where, objects[i], "is no object");
    if (!cJSON_IsString(gb_json_at(gb_json_at(json, "verify"), "verdict")))
        return damaged(err, where, "verify", "has no verdict");
    const int rc = check_subject(gb_json_at(json, "subject"), where, err);
    return rc ? rc : check_metrics(gb_json_at(json, "metrics"), where, err);
}

/* --- taking ---------------------------------------------------------------------------------------------------------
 */

static int append(gb_results *all, cJSON *json, char *text, gb_error *err) {
    if (all->count == all->room) {
        const size_t room = all->room ? 2 * all->room : 64;
        gb_result *more = gb_new(room, sizeof *more, "results", err);
        if (!more) return GB_ESYSTEM;
        if (all->count) memcpy(more, all->of, all->count * sizeof *more);
        free(all->of);
        all->of = more;
        all->room = room;
    }
    all->of[all->count++] = (gb_result){.json = json, .text = text};
    return GB_OK;
}

/* One line: spaces between the words of JSON go, numbers keep their digits. */
static char *one_line(const cJSON *json, const char *source) {
    char *text = NULL;
    if (source) {
        text = strdup(source);
        if (text) cJSON_Minify(text);
        return text;
    }
    char *printed = cJSON_PrintUnformatted(json);
    if (printed) text = strdup(printed);
    cJSON_free(printed);
    return text;
}

int gb_results_take(gb_results *all, cJSON *json, const char *text, const char *where, gb_error *err) {
    int converted = 0;
    int rc = gb_convert(&json, &converted, where, err);
    if (!rc) rc = check_record(json, where, err);
    char *line = NULL;
    if (!rc) {
        line = one_line(json, converted ? NULL : text);
        rc = line ? append(all, json, line, err) : gb_fail(err, GB_ESYSTEM, "%s: out of memory", where);
    }
    if (!rc) return GB_OK;
    free(line);
    cJSON_Delete(json);
    return rc;
}

int gb_results_add_record(gb_results *all, const gb_record *record, gb_error *err) {
    char *text = NULL;
    int rc = gb_record_print(record, &text, err);
    if (rc) return rc;
    cJSON *json = cJSON_Parse(text);
    rc = json ? gb_results_take(all, json, text, "new record", err)
              : gb_fail(err, GB_ESYSTEM, "result record: out of memory");
    cJSON_free(text);
    return rc;
}

/* --- files ----------------------------------------------------------------------------------------------------------
 */

static size_t line_of(const char *text, const char *at) {
    size_t line = 1;
    for (; text < at; text++) line += *text == '\n';
    return line;
}

static int take_value(gb_results *all, cJSON *value, const char *text, const char *where, gb_error *err) {
    if (cJSON_IsObject(value)) return gb_results_take(all, value, text, where, err);
    int rc =
        cJSON_IsArray(value) ? GB_OK : gb_fail(err, GB_EINPUT, "%s: neither an object nor an array of objects", where);
    while (!rc && value->child)
        rc = gb_results_take(all, cJSON_DetachItemViaPointer(value, value->child), NULL, where, err);
    cJSON_Delete(value);
    return rc;
}

static const char *skip_space(const char *at, const char *end) {
    while (at < end && strchr(" \t\r\n", *at) && *at) at++;
    return at;
}

/* Line by line where each line is a value, but also a value over many lines: so parse until the text ends. */
static int take_text(gb_results *all, const char *text, size_t size, const char *name, gb_error *err) {
    const char *end = text + size;
    int rc = GB_OK;
    size_t line = 1;
    const char *counted = text;
    for (const char *at = skip_space(text, end); !rc && at < end; at = skip_space(at, end)) {
        char where[512];
        line += line_of(counted, at) - 1;
        counted = at;
        (void)snprintf(where, sizeof where, "%.400s: line %zu", name, line);
        const char *stop = NULL;
        cJSON *value = cJSON_ParseWithLengthOpts(at, (size_t)(end - at), &stop, 0);
        if (!value) return gb_fail(err, GB_EINPUT, "%s: not JSON from here on", where);
        char *source = cJSON_IsObject(value) ? strndup(at, (size_t)(stop - at)) : NULL;
        rc = take_value(all, value, source, where, err);
        free(source);
        at = stop;
    }
    return rc;
}

int gb_results_parse(gb_results *all, const char *text, size_t size, const char *name, gb_error *err) {
    const size_t before = all->count;
    const int rc = take_text(all, text, size, name, err);
    return rc || all->count > before ? rc : gb_fail(err, GB_EINPUT, "%s: holds no results", name);
}

int gb_results_read(gb_results *all, const char *path, gb_error *err) {
    uint8_t *data = NULL;
    size_t size = 0;
    int rc = gb_read_all(path, most_bytes, &data, &size, err);
    if (rc) return rc;
    rc = gb_results_parse(all, (const char *)data, size, strcmp(path, "-") == 0 ? "standard input" : path, err);
    free(data);
    return rc;
}

void gb_results_filter(gb_results *all, int (*keep)(const gb_result *result, void *ctx), void *ctx) {
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (keep(&all->of[i], ctx)) {
            all->of[kept++] = all->of[i];
        } else {
            cJSON_Delete(all->of[i].json);
            free(all->of[i].text);
        }
    }
    all->count = kept;
}

/* --- looking in -----------------------------------------------------------------------------------------------------
 */

int gb_result_metric(const gb_result *result, const char *name, gb_measured *out) {
    const cJSON *m = gb_json_at(gb_json_at(result->json, "metrics"), name);
    if (!m) return 0;
    *out = (gb_measured){.unit = gb_json_string(m, "unit", ""),
                         .median = gb_json_number(m, "median"),
                         .low = gb_json_number(m, "ci95_low"),
                         .high = gb_json_number(m, "ci95_high"),
                         .samples = gb_json_at(m, "samples")};
    if (isnan(out->median))
        out->median = gb_json_number(m, "value");
    else
        out->n = (size_t)gb_json_number(m, "n");
    return 1;
}

void gb_measured_samples(const gb_measured *m, double *x) {
    const cJSON *s = NULL;
    cJSON_ArrayForEach(s, m->samples) *x++ = s->valuedouble;
}

const char *gb_result_text(const gb_result *result, const char *part, const char *key) {
    return gb_json_string(gb_json_at(result->json, part), key, "");
}

const char *gb_result_program(const gb_result *result) {
    const char *name = gb_result_text(result, "provenance", "program");
    return name[0] ? name : "gaugeblock";
}

const char *gb_result_spoilt(const gb_result *result) {
    if (strcmp(gb_result_text(result, "conditions", "verdict"), "unreliable") != 0) return NULL;
    return gb_result_text(result, "conditions", "why");
}

const char *gb_result_own(const gb_result *result, const char *key) {
    return gb_json_string(result->json, key, "");
}
