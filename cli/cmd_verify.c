#include <cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "verify/verify.h"

const char gb_help_verify[] =
    "usage: gaugeblock verify [--format F] [--op OP] [--isa ISA] [--seed S] [--case NAME]\n"
    "                         [--quick | --exhaustive] [--slack] [--error] [--json]\n"
    "\n"
    "Runs every kernel of the table on hostile inputs (all tails, misaligned rows, page-guarded ends, extreme codes,\n"
    "special scales, ties) and compares it bit for bit with the plain C reference. A crash is a failure with a name.\n"
    "\n"
    "  --format F      only this format (gaugeblock list formats)\n"
    "  --op OP         only this operation: quantize quantize_act dequantize dot gemv gemm rmsnorm rope softmax\n"
    "                  silu_mul add argmax attn_score attn_acc\n"
    "  --isa ISA       only the kernels of exactly this instruction set (gaugeblock list isas)\n"
    "  --seed S        all inputs follow from it (default 42)\n"
    "  --case NAME     only this case: what the replay line of a failure names\n"
    "  --quick         fewer lengths and shapes\n"
    "  --exhaustive    also all scales of every format and a dense walk over all float bit patterns\n"
    "  --slack         leave a vector of readable bytes before the inaccessible page, for emulators: qemu loads all "
    "of\n"
    "                  what an AVX2 mask selects from\n"
    "  --error         also print how far the reference's dot is from exact arithmetic (information only)\n"
    "  --json          one JSON object: rows, ok, fail, skip, seed, results, reference_error\n"
    "\n"
    "exit status: 0 all ok or skipped, 1 a kernel failed, 2 usage\n";

typedef struct arguments {
    gb_verify_options options;
    int json, error;
} arguments;

enum { FORMAT = 256, OP, ISA, SEED, CASE, QUICK, EXHAUSTIVE, SLACK, ERROR, JSON };

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    gb_verify_options *o = &a->options;
    gb_format format = GB_FORMAT_COUNT;
    int rc = GB_OK;
    switch (option) {
    case FORMAT:
        rc = gb_parse_format("--format", value, &format, err);
        o->format = (int)format;
        return rc;
    case OP:
        return gb_parse_op(value, &o->op, err);
    case ISA:
        return gb_parse_exact_isa(value, &o->isa, err);
    case SEED:
        return gb_parse_u64("--seed", value, &o->seed, err);
    case CASE:
        o->only = value;
        return GB_OK;
    case QUICK:
        o->effort = GB_EFFORT_QUICK;
        return GB_OK;
    case EXHAUSTIVE:
        o->effort = GB_EFFORT_EXHAUSTIVE;
        return GB_OK;
    case SLACK:
        o->slack = true;
        return GB_OK;
    case ERROR:
        a->error = 1;
        return GB_OK;
    default: /* JSON */
        a->json = 1;
        return GB_OK;
    }
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option table[] = {{"format", required_argument, NULL, FORMAT},
                                          {"op", required_argument, NULL, OP},
                                          {"isa", required_argument, NULL, ISA},
                                          {"seed", required_argument, NULL, SEED},
                                          {"case", required_argument, NULL, CASE},
                                          {"quick", no_argument, NULL, QUICK},
                                          {"exhaustive", no_argument, NULL, EXHAUSTIVE},
                                          {"slack", no_argument, NULL, SLACK},
                                          {"error", no_argument, NULL, ERROR},
                                          {"json", no_argument, NULL, JSON},
                                          {0}};
    const int rc = gb_read_options(argc, argv, ":", table, take, a, err);
    return rc ? rc : gb_no_words(argc, argv, err);
}

static const char *verdict_name(gb_verdict v) {
    static const char *const names[] = {"OK", "FAIL", "SKIP"};
    return names[v];
}

static void print_table(const gb_verify_report *report) {
    size_t stand_ins = 0;
    for (size_t i = 0; i < report->rows; i++) {
        const gb_verify_result *r = &report->results[i];
        if (r->verdict == GB_VERIFY_SKIP) {
            printf("%-32s SKIP(%s)\n", r->kernel->name, r->reason);
            continue;
        }
        const int stands_in = gb_isa_stands_in(r->kernel->isa);
        stand_ins += stands_in && r->verdict == GB_VERIFY_OK;
        printf("%-32s %-4s %6zu cases %8zu outputs%s\n", r->kernel->name, verdict_name(r->verdict), r->cases,
               r->outputs, stands_in ? " (stand-in)" : "");
        if (r->verdict == GB_VERIFY_FAIL)
            printf("    %zu of %zu cases fail, the first: %s\n    replay: %s\n", r->failed_cases, r->cases, r->reason,
                   r->replay);
    }
    printf("%zu rows: %zu ok, %zu failed, %zu skipped (seed %" PRIu64 ")\n", report->rows, report->ok, report->fail,
           report->skip, report->seed);
    if (stand_ins)
        printf("%zu of the ok with other instructions in place of those of their tier: the tier itself has not run\n",
               stand_ins);
}

static void print_errors(uint64_t seed) {
    printf("\nreference dot against exact arithmetic, largest |error| / sum |terms| (information, not a criterion):\n");
    for (int f = 0; f < GB_FORMAT_COUNT; f++) {
        const double e = gb_verify_dot_error((gb_format)f, seed);
        if (e >= 0.0) printf("  %-11s %.3g\n", gb_formats[f].name, e);
    }
}

static cJSON *result_json(const gb_verify_result *r) {
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", r->kernel->name);
    cJSON_AddStringToObject(o, "format", gb_formats[r->kernel->format].name);
    cJSON_AddStringToObject(o, "op", gb_op_names[r->kernel->op]);
    cJSON_AddStringToObject(o, "isa", gb_isas[r->kernel->isa].name);
    cJSON_AddStringToObject(o, "status", verdict_name(r->verdict));
    cJSON_AddBoolToObject(o, "stand_in", gb_isa_stands_in(r->kernel->isa));
    cJSON_AddStringToObject(o, "reason", r->reason);
    cJSON_AddStringToObject(o, "replay", r->replay);
    cJSON_AddNumberToObject(o, "cases", (double)r->cases);
    cJSON_AddNumberToObject(o, "failed_cases", (double)r->failed_cases);
    cJSON_AddNumberToObject(o, "outputs", (double)r->outputs);
    return o;
}

static int print_json(const gb_verify_report *report, gb_error *err) {
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "rows", (double)report->rows);
    cJSON_AddNumberToObject(root, "ok", (double)report->ok);
    cJSON_AddNumberToObject(root, "fail", (double)report->fail);
    cJSON_AddNumberToObject(root, "skip", (double)report->skip);
    char seed[24]; /* as text: a double would round a 64-bit seed */
    (void)snprintf(seed, sizeof seed, "%" PRIu64, report->seed);
    cJSON_AddRawToObject(root, "seed", seed);
    cJSON *results = cJSON_AddArrayToObject(root, "results");
    for (size_t i = 0; i < report->rows; i++) cJSON_AddItemToArray(results, result_json(&report->results[i]));
    cJSON *errors = cJSON_AddObjectToObject(root, "reference_error");
    for (int f = 0; f < GB_FORMAT_COUNT; f++) {
        const double e = gb_verify_dot_error((gb_format)f, report->seed);
        if (e >= 0.0) cJSON_AddNumberToObject(errors, gb_formats[f].name, e);
    }
    return gb_json_print(root, err);
}

static void show_progress(void *ctx, size_t done, size_t total, const gb_verify_result *r) {
    (void)ctx;
    fprintf(stderr, "\r\033[K%zu/%zu %s", done, total, r->kernel->name);
    if (done == total) fprintf(stderr, "\r\033[K");
    fflush(stderr);
}

int gb_cmd_verify(int argc, char **argv, gb_error *err) {
    arguments a = {.options = gb_verify_defaults()};
    a.options.stand_ins = true;
    int rc = parse(argc, argv, &a, err);
    if (rc != GB_OK) return rc;
    if (isatty(STDERR_FILENO)) a.options.progress = show_progress;
    gb_verify_report report;
    rc = gb_verify_run(&a.options, &report, err);
    if (rc == GB_OK && a.json) rc = print_json(&report, err);
    if (rc == GB_OK && !a.json) print_table(&report);
    if (rc == GB_OK && !a.json && a.error) print_errors(report.seed);
    if (rc == GB_OK && report.fail > 0) rc = GB_EFINDING;
    gb_verify_free(&report);
    return rc;
}
