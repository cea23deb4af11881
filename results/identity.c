#include "results/identity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "harness/alloc.h"
#include "results/json.h"

/* --- keys -----------------------------------------------------------------------------------------------------------
 */

/* Parts of a subject that say how it was measured, or follow from the others. */
static const char *const incidental[] = {"calls_per_sample", "sessions", "working_set_bytes", "bytes_per_call",
                                         "ops_per_call",     "tokens",   "model_type",        "kv_values",
                                         "arithmetic",       "loads"};

static int among(const char *word, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, list[i]) == 0) return 1;
    return 0;
}

static int counts(const char *part, const gb_key_rule *rule) {
    if (rule && among(part, rule->without, rule->without_count)) return 0;
    if (rule && rule->only) return among(part, rule->only, rule->only_count);
    return !among(part, incidental, sizeof incidental / sizeof incidental[0]);
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(cJSON *const *)a)->string, (*(cJSON *const *)b)->string);
}

static void print_value(FILE *out, const cJSON *value) {
    if (cJSON_IsString(value))
        fputs(value->valuestring, out);
    else
        fprintf(out, "%.15g", value->valuedouble);
}

int gb_result_subject(const gb_result *result, const char *part, char *value, size_t size) {
    const cJSON *v = gb_json_at(gb_json_at(result->json, "subject"), part);
    if (!v) return 0;
    if (cJSON_IsString(v))
        (void)snprintf(value, size, "%s", v->valuestring);
    else
        (void)snprintf(value, size, "%.15g", v->valuedouble);
    return 1;
}

static char *print_key(const gb_result *result, const gb_key_rule *rule, gb_error *err) {
    const cJSON *subject = gb_json_at(result->json, "subject");
    const size_t count = (size_t)cJSON_GetArraySize(subject);
    const cJSON **part = gb_new(count, sizeof(const cJSON *), "result key", err);
    if (!part) return NULL;
    size_t n = 0;
    const cJSON *p = NULL;
    cJSON_ArrayForEach(p, subject) if (counts(p->string, rule)) part[n++] = p;
    qsort(part, n, sizeof(const cJSON *), by_name);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out) {
        const char *blank = "";
        if (counts("name", rule)) {
            fputs(gb_result_own(result, "name"), out);
            blank = " ";
        }
        for (size_t i = 0; i < n; i++) {
            fprintf(out, "%s%s=", blank, part[i]->string);
            print_value(out, part[i]);
            blank = " ";
        }
    }
    free(part);
    if (out && fclose(out) == 0) return text;
    gb_fail(err, GB_ESYSTEM, "result key: out of memory");
    return NULL;
}

char *gb_result_key(const gb_result *result, const gb_key_rule *rule, gb_error *err) {
    return print_key(result, rule, err);
}

char *gb_result_label(const gb_result *result, gb_error *err) {
    static const char *const kernel[] = {"name", "level", "cache"}; /* format, operation and ISA are in the name */
    static const char *const model[] = {"name", "test", "threads", "isa", "kv"};
    const int is_kernel = strcmp(gb_result_own(result, "kind"), "kernel") == 0;
    const gb_key_rule rule = {.only = is_kernel ? kernel : model,
                              .only_count =
                                  is_kernel ? sizeof kernel / sizeof kernel[0] : sizeof model / sizeof model[0]};
    return print_key(result, &rule, err);
}

/* --- machines -------------------------------------------------------------------------------------------------------
 */

const char *const gb_fingerprint_facts[] = {
    "architecture", "cpu_model",  "microcode", "isas",     "logical_cpus", "physical_cores",
    "core_kinds",   "numa_nodes", "l1d_bytes", "l2_bytes", "l3_bytes",     "memory_bytes",
    "page_bytes",   "hypervisor", "governor",  "turbo",    "huge_pages",   "cpu_quota"};
const size_t gb_fingerprint_count = sizeof gb_fingerprint_facts / sizeof gb_fingerprint_facts[0];

/* Kernels reserve a little more or less memory from version to version. */
static void fact_text(const gb_result *result, const char *key, char *text, size_t size) {
    const cJSON *f = gb_json_at(gb_json_at(result->json, "machine"), key);
    if (cJSON_IsString(f))
        (void)snprintf(text, size, "%s", f->valuestring);
    else if (cJSON_IsNumber(f) && strcmp(key, "memory_bytes") == 0)
        (void)snprintf(text, size, "%.0f GiB", round(f->valuedouble / 0x1p30));
    else if (cJSON_IsNumber(f))
        (void)snprintf(text, size, "%.15g", f->valuedouble);
    else
        (void)snprintf(text, size, "absent"); /* whatever the reason */
}

void gb_result_fingerprint(const gb_result *result, char digits[33]) {
    char all[16384];
    size_t n = 0;
    for (size_t i = 0; i < gb_fingerprint_count; i++) {
        char text[512];
        fact_text(result, gb_fingerprint_facts[i], text, sizeof text);
        n += (size_t)snprintf(all + n, sizeof all - n, "%s=%s\n", gb_fingerprint_facts[i], text);
    }
    _Static_assert(sizeof all > sizeof gb_fingerprint_facts / sizeof gb_fingerprint_facts[0] * (512 + 32),
                   "no overflow");
    const XXH128_hash_t h = XXH3_128bits(all, n);
    (void)snprintf(digits, 33, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
}

void gb_machine_difference(const gb_result *here, const gb_result *there, char *text, size_t size) {
    size_t n = 0;
    text[0] = 0;
    for (size_t i = 0; i < gb_fingerprint_count; i++) {
        char a[512];
        char b[512];
        fact_text(here, gb_fingerprint_facts[i], a, sizeof a);
        fact_text(there, gb_fingerprint_facts[i], b, sizeof b);
        if (strcmp(a, b) == 0 || n >= size) continue;
        const int more =
            snprintf(text + n, size - n, "%s%s: %s here, %s there", n ? "; " : "", gb_fingerprint_facts[i], a, b);
        n += more > 0 ? (size_t)more : 0;
    }
}

/* --- runs -----------------------------------------------------------------------------------------------------------
 */

/* A run times the kernels of one format, operation and level in turns, and the models of one test. */
int gb_result_interleaved(const gb_result *a, const gb_result *b) {
    static const char *const parts[] = {"format", "op", "level", "cache", "test"};
    const char *id = gb_result_text(a, "run", "id");
    if (!id[0] || strcmp(id, gb_result_text(b, "run", "id")) != 0) return 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(gb_result_text(a, "subject", parts[i]), gb_result_text(b, "subject", parts[i])) != 0) return 0;
    return 1;
}
