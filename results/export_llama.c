/* Model results with the fields of llama-bench (mainline, mid-2026), so that its readers (compare-llama-bench.py,
 * tables, databases) take them. What this program has no notion of gets the value that llama-bench prints for a plain
 * run on a CPU. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/stats.h"
#include "results/export.h"
#include "results/json.h"

typedef enum field_type { TEXT, WHOLE, REAL, YES_NO } field_type;

enum {
    BUILD_COMMIT,
    BUILD_NUMBER,
    CPU_INFO,
    GPU_INFO,
    BACKENDS,
    MODEL_FILENAME,
    MODEL_TYPE,
    MODEL_SIZE,
    MODEL_N_PARAMS,
    N_BATCH,
    N_UBATCH,
    N_THREADS,
    CPU_MASK,
    CPU_STRICT,
    POLL,
    TYPE_K,
    TYPE_V,
    N_GPU_LAYERS,
    N_CPU_MOE,
    SPLIT_MODE,
    MAIN_GPU,
    NO_KV_OFFLOAD,
    FLASH_ATTN,
    DEVICES,
    TENSOR_SPLIT,
    TENSOR_BUFT_OVERRIDES,
    USE_MMAP,
    USE_DIRECT_IO,
    EMBEDDINGS,
    NO_OP_OFFLOAD,
    NO_HOST,
    FIT_TARGET,
    FIT_MIN_CTX,
    N_PROMPT,
    N_GEN,
    N_DEPTH,
    TEST_TIME,
    AVG_NS,
    STDDEV_NS,
    AVG_TS,
    STDDEV_TS,
    FIELD_COUNT
};

static const struct {
    const char *name;
    field_type type;
} fields[FIELD_COUNT] = {[BUILD_COMMIT] = {"build_commit", TEXT},
                         [BUILD_NUMBER] = {"build_number", WHOLE},
                         [CPU_INFO] = {"cpu_info", TEXT},
                         [GPU_INFO] = {"gpu_info", TEXT},
                         [BACKENDS] = {"backends", TEXT},
                         [MODEL_FILENAME] = {"model_filename", TEXT},
                         [MODEL_TYPE] = {"model_type", TEXT},
                         [MODEL_SIZE] = {"model_size", WHOLE},
                         [MODEL_N_PARAMS] = {"model_n_params", WHOLE},
                         [N_BATCH] = {"n_batch", WHOLE},
                         [N_UBATCH] = {"n_ubatch", WHOLE},
                         [N_THREADS] = {"n_threads", WHOLE},
                         [CPU_MASK] = {"cpu_mask", TEXT},
                         [CPU_STRICT] = {"cpu_strict", YES_NO},
                         [POLL] = {"poll", WHOLE},
                         [TYPE_K] = {"type_k", TEXT},
                         [TYPE_V] = {"type_v", TEXT},
                         [N_GPU_LAYERS] = {"n_gpu_layers", WHOLE},
                         [N_CPU_MOE] = {"n_cpu_moe", WHOLE},
                         [SPLIT_MODE] = {"split_mode", TEXT},
                         [MAIN_GPU] = {"main_gpu", WHOLE},
                         [NO_KV_OFFLOAD] = {"no_kv_offload", YES_NO},
                         [FLASH_ATTN] = {"flash_attn", WHOLE}, /* -1: automatic */
                         [DEVICES] = {"devices", TEXT},
                         [TENSOR_SPLIT] = {"tensor_split", TEXT},
                         [TENSOR_BUFT_OVERRIDES] = {"tensor_buft_overrides", TEXT},
                         [USE_MMAP] = {"use_mmap", YES_NO},
                         [USE_DIRECT_IO] = {"use_direct_io", YES_NO},
                         [EMBEDDINGS] = {"embeddings", YES_NO},
                         [NO_OP_OFFLOAD] = {"no_op_offload", WHOLE},
                         [NO_HOST] = {"no_host", YES_NO},
                         [FIT_TARGET] = {"fit_target", WHOLE},
                         [FIT_MIN_CTX] = {"fit_min_ctx", WHOLE},
                         [N_PROMPT] = {"n_prompt", WHOLE},
                         [N_GEN] = {"n_gen", WHOLE},
                         [N_DEPTH] = {"n_depth", WHOLE},
                         [TEST_TIME] = {"test_time", TEXT},
                         [AVG_NS] = {"avg_ns", WHOLE},
                         [STDDEV_NS] = {"stddev_ns", WHOLE},
                         [AVG_TS] = {"avg_ts", REAL},
                         [STDDEV_TS] = {"stddev_ts", REAL}};

/* One result as a row. */
typedef struct row {
    const char *text[FIELD_COUNT];
    double number[FIELD_COUNT];
    size_t n;
    double *ts, *ns; /* n samples each */
} row;

/* --- rows
 * ------------------------------------------------------------------------------------------------------------- */

/* "pp512", "tg64", "pp512+tg64", "tg64@d1024". */
static int parse_test(const char *test, row *r) {
    const struct {
        const char *prefix;
        int field;
    } parts[] = {{"pp", N_PROMPT}, {"tg", N_GEN}, {"@d", N_DEPTH}};
    int found = 0;
    while (*test) {
        if (*test == '+') test++;
        size_t i = 0;
        while (i < 3 && strncmp(test, parts[i].prefix, 2) != 0) i++;
        char *end = NULL;
        const long long v = i < 3 ? strtoll(test + 2, &end, 10) : 0;
        if (i == 3 || end == test + 2 || v < 0) return 0;
        r->number[parts[i].field] = (double)v;
        found |= i < 2;
        test = end;
    }
    return found;
}

static double subject_number(const gb_result *r, const char *key, double otherwise) {
    const double v = gb_json_number(gb_json_at(r->json, "subject"), key);
    return isfinite(v) ? v : otherwise;
}

static const char *subject_text(const gb_result *r, const char *key, const char *otherwise) {
    return gb_json_string(gb_json_at(r->json, "subject"), key, otherwise);
}

static double metric_value(const gb_result *r, const char *name) {
    gb_measured m;
    return gb_result_metric(r, name, &m) && isfinite(m.median) ? m.median : 0;
}

static double parameters(const gb_result *r) {
    const double bits = metric_value(r, "bits_per_weight");
    const double given = metric_value(r, "parameters");
    return given > 0 ? given : bits > 0 ? round(8 * metric_value(r, "tensor_bytes") / bits) : 0;
}

/* The same samples as speeds and as times; llama-bench's averages are means. */
static int fill_samples(row *x, const gb_measured *m, double tokens, gb_error *err) {
    x->n = m->samples ? m->n : 0;
    x->ts = gb_new(2 * x->n + 1, sizeof *x->ts, "samples", err);
    x->ns = gb_new(x->n + 1, sizeof *x->ns, "samples", err);
    if (!x->ts || !x->ns) return GB_ESYSTEM;
    gb_summary ts = {.mean = m->median};
    gb_summary ns = {.mean = tokens * 1e9 / m->median};
    if (x->n) {
        gb_measured_samples(m, x->ts);
        for (size_t i = 0; i < x->n; i++) x->ns[i] = round(tokens * 1e9 / x->ts[i]);
        ts = gb_summarize(x->ts, x->n, x->ts + x->n);
        ns = gb_summarize(x->ns, x->n, x->ts + x->n);
    }
    x->number[AVG_TS] = ts.mean;
    x->number[STDDEV_TS] = ts.sd;
    x->number[AVG_NS] = ns.mean;
    x->number[STDDEV_NS] = ns.sd;
    return GB_OK;
}

/* 1: a row; 0: no result of a speed test; negative: *err. The row is freed by the caller. */
static int make_row(const gb_result *r, row *x, gb_error *err) {
    gb_measured m;
    *x = (row){0};
    if (strcmp(gb_result_own(r, "kind"), "model") != 0 || !parse_test(subject_text(r, "test", ""), x) ||
        !gb_result_metric(r, "tokens_per_second", &m) || !(m.median > 0))
        return 0;
    const char *program = gb_result_text(r, "provenance", "program");
    x->text[BUILD_COMMIT] = gb_result_text(r, "provenance", "commit");
    x->number[BUILD_NUMBER] = program[0] ? strtod(gb_result_text(r, "provenance", "version"), NULL) : 0;
    x->text[CPU_INFO] = gb_result_text(r, "machine", "cpu_model");
    x->text[GPU_INFO] = "";
    x->text[BACKENDS] = subject_text(r, "backends", "CPU");
    x->text[MODEL_FILENAME] = gb_result_own(r, "name");
    x->text[MODEL_TYPE] = subject_text(r, "model_type", gb_result_own(r, "name"));
    x->number[MODEL_SIZE] = metric_value(r, "tensor_bytes");
    x->number[MODEL_N_PARAMS] = parameters(r);
    x->number[N_BATCH] = subject_number(r, "batch", 512);
    x->number[N_UBATCH] = subject_number(r, "ubatch", x->number[N_BATCH]);
    x->number[N_THREADS] = subject_number(r, "threads", 1);
    x->text[CPU_MASK] = "0x0";
    x->number[POLL] = 50;
    x->text[TYPE_K] = subject_text(r, "kv", "f16");
    x->text[TYPE_V] = subject_text(r, "kv_values", x->text[TYPE_K]);
    x->number[N_GPU_LAYERS] = subject_number(r, "gpu_layers", 0);
    x->text[SPLIT_MODE] = "layer";
    x->number[FLASH_ATTN] = subject_number(r, "flash_attn", 0);
    x->text[DEVICES] = "auto";
    x->text[TENSOR_SPLIT] = "0.00";
    x->text[TENSOR_BUFT_OVERRIDES] = "none";
    x->number[USE_MMAP] = 1;
    x->text[TEST_TIME] = gb_result_text(r, "run", "started");
    return fill_samples(x, &m, x->number[N_PROMPT] + x->number[N_GEN], err) == GB_OK ? 1 : -1;
}

static void free_row(row *x) {
    free(x->ts);
    free(x->ns);
}

/* --- JSON
 * ------------------------------------------------------------------------------------------------------------- */

static int add_samples(cJSON *o, const char *name, const double *x, size_t n) {
    cJSON *list = cJSON_AddArrayToObject(o, name);
    int ok = list != NULL;
    for (size_t i = 0; ok && i < n; i++) ok = cJSON_AddItemToArray(list, cJSON_CreateNumber(x[i]));
    return ok;
}

static cJSON *row_json(const row *x) {
    cJSON *o = cJSON_CreateObject();
    int ok = o != NULL;
    for (int f = 0; ok && f < FIELD_COUNT; f++) {
        const double v = fields[f].type == WHOLE ? round(x->number[f]) : x->number[f];
        if (fields[f].type == TEXT)
            ok = cJSON_AddStringToObject(o, fields[f].name, x->text[f]) != NULL;
        else if (fields[f].type == YES_NO)
            ok = cJSON_AddBoolToObject(o, fields[f].name, v != 0) != NULL;
        else
            ok = cJSON_AddNumberToObject(o, fields[f].name, v) != NULL;
    }
    if (ok && add_samples(o, "samples_ns", x->ns, x->n) && add_samples(o, "samples_ts", x->ts, x->n)) return o;
    cJSON_Delete(o);
    return NULL;
}

static int export_json(FILE *out, const row *x, int lines, int first, gb_error *err) {
    cJSON *json = row_json(x);
    char *text = !json ? NULL : lines ? cJSON_PrintUnformatted(json) : cJSON_Print(json);
    cJSON_Delete(json);
    if (!text) return gb_fail(err, GB_ESYSTEM, "out of memory while writing JSON");
    fprintf(out, "%s%s%s", lines || first ? "" : ",\n", text, lines ? "\n" : "");
    cJSON_free(text);
    return GB_OK;
}

/* --- CSV, SQL
 * --------------------------------------------------------------------------------------------------------- */

static const char *field_text(const row *x, int f, char *buffer, size_t size) {
    if (fields[f].type == TEXT) return x->text[f] ? x->text[f] : "";
    if (fields[f].type == REAL)
        (void)snprintf(buffer, size, "%.6f", x->number[f]);
    else
        (void)snprintf(buffer, size, "%.0f", x->number[f]);
    return buffer;
}

/* Every value in quotes, a quote in it doubled: `"` for CSV, `'` for SQL. */
static void print_quoted(FILE *out, const char *text, char quote) {
    fputc(quote, out);
    for (; *text; text++) {
        if (*text == quote) fputc(quote, out);
        fputc(*text, out);
    }
    fputc(quote, out);
}

static void print_values(FILE *out, const row *x, char quote, const char *between) {
    for (int f = 0; f < FIELD_COUNT; f++) {
        char buffer[64];
        if (f) fputs(between, out);
        print_quoted(out, field_text(x, f, buffer, sizeof buffer), quote);
    }
}

static void print_names(FILE *out, const char *between, int types) {
    static const char *const sql[] = {"TEXT", "INTEGER", "REAL", "INTEGER"};
    for (int f = 0; f < FIELD_COUNT; f++) {
        fprintf(out, "%s%s", f ? between : "", fields[f].name);
        if (types) fprintf(out, " %s", sql[fields[f].type]);
    }
}

/* --- all forms
 * -------------------------------------------------------------------------------------------------------- */

typedef enum row_form { JSON, LINES, CSV, SQL } row_form;

static void begin(FILE *out, row_form form) {
    if (form == JSON) fputs("[\n", out);
    if (form == CSV) {
        print_names(out, ",", 0);
        fputc('\n', out);
    }
    if (form == SQL) {
        fputs("CREATE TABLE IF NOT EXISTS llama_bench (\n  ", out);
        print_names(out, ",\n  ", 1);
        fputs("\n);\n\n", out);
    }
}

static int print_one(FILE *out, const row *x, row_form form, int first, gb_error *err) {
    if (form == JSON || form == LINES) return export_json(out, x, form == LINES, first, err);
    if (form == SQL) {
        fputs("INSERT INTO llama_bench (", out);
        print_names(out, ", ", 0);
        fputs(") VALUES (", out);
    }
    print_values(out, x, form == SQL ? '\'' : '"', form == SQL ? ", " : ",");
    fputs(form == SQL ? ");\n" : "\n", out);
    return GB_OK;
}

static int export_all(FILE *out, const gb_results *all, row_form form, size_t *left_out, gb_error *err) {
    int rc = GB_OK;
    int first = 1;
    *left_out = 0;
    begin(out, form);
    for (size_t i = 0; !rc && i < all->count; i++) {
        row x;
        const int made = make_row(&all->of[i], &x, err);
        if (made < 0) rc = GB_ESYSTEM;
        if (made == 0) ++*left_out;
        if (made > 0) rc = print_one(out, &x, form, first, err);
        if (made > 0) first = 0;
        free_row(&x);
    }
    if (form == JSON) fputs("\n]\n", out);
    return rc;
}

int gb_export_llama_json(FILE *out, const gb_results *all, const gb_export_options *o, size_t *left_out,
                         gb_error *err) {
    (void)o;
    return export_all(out, all, JSON, left_out, err);
}

int gb_export_llama_jsonl(FILE *out, const gb_results *all, const gb_export_options *o, size_t *left_out,
                          gb_error *err) {
    (void)o;
    return export_all(out, all, LINES, left_out, err);
}

int gb_export_llama_csv(FILE *out, const gb_results *all, const gb_export_options *o, size_t *left_out, gb_error *err) {
    (void)o;
    return export_all(out, all, CSV, left_out, err);
}

int gb_export_llama_sql(FILE *out, const gb_results *all, const gb_export_options *o, size_t *left_out, gb_error *err) {
    (void)o;
    return export_all(out, all, SQL, left_out, err);
}
