#include "results/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "harness/alloc.h"
#include "harness/clock.h"
#include "harness/provenance.h"

struct gb_record {
    cJSON *root, *subject, *metrics;
    int failed;          /* something could not be added */
    char not_finite[96]; /* name of the first value that JSON cannot hold */
};

static void keep(gb_record *r, const void *added) {
    if (!added) r->failed = 1;
}

static void add_text(gb_record *r, cJSON *to, const char *key, const char *value) {
    keep(r, cJSON_AddStringToObject(to, key, value));
}

static void add_number(gb_record *r, cJSON *to, const char *key, double value) {
    if (!isfinite(value) && !r->not_finite[0]) (void)snprintf(r->not_finite, sizeof r->not_finite, "%s", key);
    keep(r, cJSON_AddNumberToObject(to, key, value));
}

static cJSON *add_object(gb_record *r, cJSON *to, const char *key) {
    cJSON *o = cJSON_AddObjectToObject(to, key);
    keep(r, o);
    return o;
}

/* A whole number beyond what a double holds exactly. */
static void add_u64(gb_record *r, cJSON *to, const char *key, uint64_t value) {
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    keep(r, cJSON_AddRawToObject(to, key, text));
}

gb_record *gb_record_new(const char *kind, const char *name, gb_error *err) {
    gb_record *r = gb_new(1, sizeof *r, "result record", err);
    if (!r) return NULL;
    r->root = cJSON_CreateObject();
    if (!r->root) {
        free(r);
        gb_fail(err, GB_ESYSTEM, "result record: out of memory");
        return NULL;
    }
    add_number(r, r->root, "schema", GB_RECORD_SCHEMA);
    add_text(r, r->root, "kind", kind);
    add_text(r, r->root, "name", name);
    r->subject = add_object(r, r->root, "subject");
    r->metrics = add_object(r, r->root, "metrics");
    return r;
}

void gb_record_free(gb_record *record) {
    if (!record) return;
    cJSON_Delete(record->root);
    free(record);
}

void gb_record_text(gb_record *record, const char *key, const char *value) {
    add_text(record, record->subject, key, value);
}

void gb_record_number(gb_record *record, const char *key, double value) {
    add_number(record, record->subject, key, value);
}

/* Some value names the metric that is not finite better than its "median" would. */
static cJSON *new_metric(gb_record *r, const char *name, const char *unit, double value) {
    if (!isfinite(value) && !r->not_finite[0]) (void)snprintf(r->not_finite, sizeof r->not_finite, "%s", name);
    cJSON *m = add_object(r, r->metrics, name);
    add_text(r, m, "unit", unit);
    return m;
}

/* Six significant digits: no sample is known better, and hundreds of them are stored. */
static double six_digits(double v) {
    char text[32];
    (void)snprintf(text, sizeof text, "%.6g", v);
    return strtod(text, NULL);
}

void gb_record_metric(gb_record *record, const char *name, const char *unit, const gb_summary *summary,
                      const double *samples) {
    cJSON *m = new_metric(record, name, unit, summary->median);
    add_number(record, m, "median", summary->median);
    add_number(record, m, "ci95_low", summary->low);
    add_number(record, m, "ci95_high", summary->high);
    add_number(record, m, "n", (double)summary->n);
    if (!samples) return;
    add_number(record, m, "outliers", (double)summary->outliers);
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < summary->n; i++) {
        const int added = cJSON_AddItemToArray(list, cJSON_CreateNumber(six_digits(samples[i])));
        keep(record, added ? list : NULL);
    }
    keep(record, cJSON_AddItemToObject(m, "samples", list) ? m : NULL);
}

void gb_record_value(gb_record *record, const char *name, const char *unit, double value) {
    add_number(record, new_metric(record, name, unit, value), "value", value);
}

void gb_record_verify(gb_record *record, const char *verdict, const char *detail) {
    cJSON *v = add_object(record, record->root, "verify");
    add_text(record, v, "verdict", verdict);
    if (detail && detail[0]) add_text(record, v, "detail", detail);
}

void gb_record_hash(gb_record *record, const char *name, const char *digits) {
    cJSON *all = cJSON_GetObjectItemCaseSensitive(record->root, "hashes");
    if (!all) all = add_object(record, record->root, "hashes");
    add_text(record, all, name, digits);
}

cJSON *gb_counter_set_json(const gb_counter_set *counters, const char *per) {
    cJSON *all = cJSON_CreateObject();
    bool ok = all && cJSON_AddStringToObject(all, "per", per);
    for (size_t i = 0; ok && i < counters->count; i++) {
        const gb_counter_value *v = &counters->of[i];
        if (v->present) {
            ok = cJSON_AddNumberToObject(all, v->name, v->value) != NULL;
        } else {
            cJSON *o = cJSON_AddObjectToObject(all, v->name);
            ok = o && cJSON_AddStringToObject(o, "absent", v->reason);
        }
    }
    if (ok) return all;
    cJSON_Delete(all);
    return NULL;
}

void gb_record_counters(gb_record *record, const gb_counter_set *counters, const char *per) {
    cJSON *all = gb_counter_set_json(counters, per);
    keep(record, all);
    keep(record, cJSON_AddItemToObject(record->root, "counters", all) ? all : NULL);
}

cJSON *gb_disturbance_json(const gb_disturbance *d) {
    cJSON *o = cJSON_CreateObject();
    if (o && cJSON_AddStringToObject(o, "verdict", d->why[0] ? "unreliable" : "quiet") &&
        (!d->why[0] || cJSON_AddStringToObject(o, "why", d->why)) &&
        cJSON_AddNumberToObject(o, "clock_drift", d->drift) &&
        (d->stolen < 0 || cJSON_AddNumberToObject(o, "stolen", d->stolen)) &&
        (d->waited < 0 || cJSON_AddNumberToObject(o, "waited", d->waited)))
        return o;
    cJSON_Delete(o);
    return NULL;
}

void gb_record_disturbance(gb_record *record, const gb_disturbance *d) {
    cJSON *o = gb_disturbance_json(d);
    keep(record, o);
    keep(record, cJSON_AddItemToObject(record->root, "conditions", o) ? o : NULL);
}

/* A word as a POSIX shell would need it. */
static void append_word(char *to, size_t size, const char *word) {
    size_t n = strlen(to);
    const char *plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=,./:@%";
    const int quote = !word[0] || word[strspn(word, plain)];
    if (n && n + 1 < size) to[n++] = ' ';
    if (quote && n + 1 < size) to[n++] = '\'';
    for (; *word && n + 6 < size; word++) {
        if (*word == '\'') {
            memcpy(to + n, "'\\''", 4);
            n += 4;
        } else {
            to[n++] = *word;
        }
    }
    if (quote && n + 1 < size) to[n++] = '\'';
    to[n] = 0;
}

void gb_run_begin(gb_run *run, int argc, char *const *argv, const gb_topology *topology) {
    *run = (gb_run){0};
    (void)snprintf(run->command, sizeof run->command, "gaugeblock");
    for (int i = 0; i < argc; i++) append_word(run->command, sizeof run->command, argv[i]);
    const time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) (void)strftime(run->started, sizeof run->started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    uint64_t draw = 0;
    if (getrandom(&draw, sizeof draw, GRND_NONBLOCK) != (ssize_t)sizeof draw)
        draw = gb_now_ns() * 0x9e3779b97f4a7c15U ^ (uint64_t)getpid(); /* early in the boot */
    (void)snprintf(run->id, sizeof run->id, "%016llx", (unsigned long long)draw);
    gb_machine_read(&run->machine, topology, "");
}

static void add_provenance(gb_record *r) {
    cJSON *p = add_object(r, r->root, "provenance");
    add_text(r, p, "version", gb_build.version);
    add_text(r, p, "commit", gb_build.commit);
    add_text(r, p, "compiler", gb_build.compiler);
    add_text(r, p, "flags", gb_build.flags);
    add_text(r, p, "build_type", gb_build.build_type);
    add_text(r, p, "sanitize", gb_build.sanitize);
}

void gb_record_run(gb_record *record, const gb_run *run) {
    cJSON *o = add_object(record, record->root, "run");
    add_text(record, o, "command", run->command);
    add_text(record, o, "started", run->started);
    add_text(record, o, "id", run->id);
    add_u64(record, o, "seed", run->seed);
    cJSON *affinity = cJSON_CreateIntArray(run->cpus, (int)run->cpu_count);
    keep(record, affinity);
    keep(record, cJSON_AddItemToObject(o, "affinity", affinity) ? o : NULL);
    if (run->pin_note[0]) add_text(record, o, "pin_note", run->pin_note);
    if (run->memory[0]) add_text(record, o, "memory", run->memory);
    add_provenance(record);
    cJSON *machine = gb_machine_to_json(&run->machine);
    keep(record, machine);
    keep(record, cJSON_AddItemToObject(record->root, "machine", machine) ? machine : NULL);
}

int gb_record_print(const gb_record *record, char **text, gb_error *err) {
    *text = NULL;
    if (record->not_finite[0])
        return gb_fail(err, GB_ESYSTEM, "result record '%s': the value of '%s' is not a finite number",
                       cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(record->root, "name")),
                       record->not_finite);
    if (!record->failed) *text = cJSON_PrintUnformatted(record->root);
    return *text ? GB_OK : gb_fail(err, GB_ESYSTEM, "result record: out of memory");
}

int gb_record_write(const gb_record *record, FILE *out, gb_error *err) {
    char *text = NULL;
    int rc = gb_record_print(record, &text, err);
    if (!rc && fprintf(out, "%s\n", text) < 0) rc = gb_fail(err, GB_ESYSTEM, "writing a result failed");
    cJSON_free(text);
    return rc;
}
