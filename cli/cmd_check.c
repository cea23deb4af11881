/* gaugeblock check: the gate for continuous integration. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/golden.h"
#include "cli/sessions.h"
#include "cli/store.h"
#include "harness/alloc.h"
#include "harness/names.h"
#include "results/compare_print.h"
#include "results/gate.h"
#include "results/selection.h"

const char gb_help_check[] =
    "usage: gaugeblock check [options]\n\n"
    "The gate: has a change altered one bit, or cost speed?\n\n"
    "  verify  hard: every selected kernel, bit for bit against the reference\n"
    "  hashes  hard: the logits of the default model, quantized to every type, against results/golden-hashes.json\n"
    "  speed   soft: the kernels that run here against the baseline of this machine; fails only where the interval of\n"
    "          a slowdown lies wholly beyond the threshold. The baseline of another machine is not used, and said "
    "so.\n\n"
    "  --only LIST        verify, hashes, speed, with commas (default: all three)\n"
    "  --format F, --op O, --isa I, --filter REGEX   selection of kernels, as in bench (speed without --isa and\n"
    "                     --filter: of each format and operation the kernel that runs are given here)\n"
    "  --quick            short verification\n"
    "  --threshold PCT    slowdown that is tolerated (default 5)\n"
    "  --sessions N       processes that measure, 4 at least (default 16; more show smaller differences)\n"
    "  --size LIST, --samples N, --min-time MS, --seed S, --cpu N, --shape NAME, --cold   as in\n"
    "                  bench (default l2, 15, 2)\n"
    "  --save-baseline    measure, and make it the baseline of this machine\n"
    "  --baseline SEL     baseline from a file or selection of results instead\n"
    "  --vs-binary PATH   baseline from another build of this program, measured in turns with this one: needs no\n"
    "                     stored baseline, and cancels what the machine does\n"
    "  --current SEL      judge these results instead of measuring\n"
    "  --store PATH       the store (default: ~/.local/share/gaugeblock/results.db)\n"
    "  --golden FILE      the golden hashes (default: those of this program's source tree)\n"
    "  --update-golden    compute the hashes of all types and write them to that file\n"
    "  --threads T        for the hashes (default: all CPUs)\n"
    "  --json             one JSON object\n\n"
    "exit status: 0 nothing found, 1 a finding, 2 usage, unusable input or a failing machine\n";

enum { VERIFY = 1, HASHES = 2, SPEED = 4 };

typedef struct arguments {
    gb_bench_arguments bench;
    unsigned parts;
    double threshold;
    bool save, update, json;
    const char *baseline, *current, *other, *store, *golden;
    size_t threads;
} arguments;

enum { ONLY = GB_BENCH_OWN, THRESHOLD, SAVE, BASELINE, VS_BINARY, CURRENT, STORE, GOLDEN, UPDATE, THREADS, JSON };

/* --- options --------------------------------------------------------------------------------------------------------
 */

static int parse_parts(const char *text, unsigned *parts, gb_error *err) {
    static const char *const names[] = {"verify", "hashes", "speed"};
    bool chosen[3];
    *parts = 0;
    if (!gb_names_parse(text, names, 3, chosen))
        return gb_fail(err, GB_EINPUT, "--only '%s': expected verify, hashes, speed, with commas", text);
    for (size_t i = 0; i < 3; i++) *parts |= (unsigned)chosen[i] << i;
    return GB_OK;
}

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    int rc = GB_OK;
    switch (option) {
    case ONLY:
        return parse_parts(value, &a->parts, err);
    case THRESHOLD:
        rc = gb_parse_double("--threshold", value, 0, 1000, &a->threshold, err);
        a->threshold /= 100;
        return rc;
    case SAVE:
        a->save = true;
        return GB_OK;
    case BASELINE:
        a->baseline = value;
        return GB_OK;
    case VS_BINARY:
        a->other = value;
        return GB_OK;
    case CURRENT:
        a->current = value;
        return GB_OK;
    case STORE:
        a->store = value;
        return GB_OK;
    case GOLDEN:
        a->golden = value;
        return GB_OK;
    case UPDATE:
        a->update = true;
        return GB_OK;
    case THREADS:
        return gb_parse_size("--threads", value, 1, 1024, &a->threads, err);
    case JSON:
        a->json = true;
        return GB_OK;
    default:
        return gb_bench_option(&a->bench, option, value, err);
    }
}

static int check_arguments(arguments *a, gb_error *err) {
    const int sources = (a->baseline != NULL) + (a->other != NULL) + a->save;
    if (sources > 1) return gb_fail(err, GB_EINPUT, "--save-baseline, --baseline and --vs-binary exclude each other");
    if (a->current && (a->other || a->save))
        return gb_fail(err, GB_EINPUT, "--current judges what was measured; --vs-binary and --save-baseline measure");
    if (a->bench.sessions < 4)
        return gb_fail(err, GB_EINPUT, "--sessions %zu: fewer than 4 cannot show anything", a->bench.sessions);
    gb_bench_options *o = &a->bench.options;
    if (!a->bench.size_given) o->level[GB_BENCH_LEVEL_l1] = false;
    if (!a->bench.time_given) o->min_ms = 2;
    if (!a->bench.precision_given) o->precision = 0; /* the processes make the interval */
    return GB_OK;
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option table[] = {GB_BENCH_LONG,
                                          {"only", required_argument, NULL, ONLY},
                                          {"threshold", required_argument, NULL, THRESHOLD},
                                          {"save-baseline", no_argument, NULL, SAVE},
                                          {"baseline", required_argument, NULL, BASELINE},
                                          {"vs-binary", required_argument, NULL, VS_BINARY},
                                          {"current", required_argument, NULL, CURRENT},
                                          {"store", required_argument, NULL, STORE},
                                          {"golden", required_argument, NULL, GOLDEN},
                                          {"update-golden", no_argument, NULL, UPDATE},
                                          {"threads", required_argument, NULL, THREADS},
                                          {"json", no_argument, NULL, JSON},
                                          {0}};
    int rc = gb_read_options(argc, argv, ":", table, take, a, err);
    if (!rc) rc = gb_no_words(argc, argv, err);
    return rc ? rc : check_arguments(a, err);
}

/* --- what is found --------------------------------------------------------------------------------------------------
 */

typedef struct outcome {
    size_t findings;
    gb_verify_report verified;
    gb_golden golden;
    gb_gate gate;
    gb_results baseline, now;
    char speed_note[1024]; /* why nothing was judged, or empty */
    cJSON *json;           /* NULL: for people */
} outcome;

/* --- verify ---------------------------------------------------------------------------------------------------------
 */

static int report_verify(outcome *o) {
    const gb_verify_report *r = &o->verified;
    cJSON *part = o->json ? cJSON_AddObjectToObject(o->json, "verify") : NULL;
    cJSON *failures = part ? cJSON_AddArrayToObject(part, "failures") : NULL;
    if (o->json && !failures) return GB_ESYSTEM;
    for (size_t i = 0; i < r->rows; i++) {
        const gb_verify_result *row = &r->results[i];
        if (row->verdict != GB_VERIFY_FAIL) continue;
        if (!o->json) printf("verify  FAIL %s: %s\n        replay: %s\n", row->kernel->name, row->reason, row->replay);
        if (failures) cJSON_AddItemToArray(failures, cJSON_CreateString(row->kernel->name));
    }
    if (!o->json)
        printf("verify  %zu kernels: %zu equal the reference bit for bit, %zu differ, %zu cannot run here\n", r->rows,
               r->ok, r->fail, r->skip);
    else if (!cJSON_AddNumberToObject(part, "ok", (double)r->ok) ||
             !cJSON_AddNumberToObject(part, "fail", (double)r->fail) ||
             !cJSON_AddNumberToObject(part, "skip", (double)r->skip))
        return GB_ESYSTEM;
    return GB_OK;
}

static int verify(const arguments *a, outcome *o, gb_error *err) {
    const gb_bench_options *b = &a->bench.options;
    gb_verify_options v = gb_verify_defaults();
    bool *selected = gb_new(b->count, sizeof *selected, "check: selection", err);
    gb_kernel *kernels = gb_new(b->count, sizeof *kernels, "check: selection", err);
    size_t total = 0;
    int rc = selected && kernels ? gb_bench_select(b, selected, &total, err) : GB_ESYSTEM;
    size_t n = 0;
    for (size_t i = 0; !rc && i < b->count; i++)
        if (selected[i]) kernels[n++] = b->kernels[i];
    v.kernels = kernels;
    v.count = n;
    v.seed = b->seed;
    v.effort = b->effort;
    if (!rc) rc = gb_verify_run(&v, &o->verified, err);
    if (!rc) rc = report_verify(o);
    o->findings += o->verified.fail;
    gb_verify_free(&o->verified); /* its rows point to the kernels */
    free(selected);
    free(kernels);
    return rc;
}

/* --- hashes ---------------------------------------------------------------------------------------------------------
 */

static int report_hashes(const gb_golden *g, outcome *o) {
    cJSON *list = o->json ? cJSON_AddArrayToObject(o->json, "hashes") : NULL;
    if (o->json && !list) return GB_ESYSTEM;
    for (size_t i = 0; i < g->count; i++) {
        const gb_golden_hash *h = &g->hash[i];
        const int same = strcmp(h->expected, h->found) == 0;
        if (!o->json && !same)
            printf("hashes  FAIL %s%s: logits hash %s, golden %s%s%s\n", h->type, h->pure ? "" : " (recipe)",
                   h->found[0] ? h->found : "none", h->expected, h->note[0] ? ": " : "", h->note);
        cJSON *one = list ? cJSON_CreateObject() : NULL;
        if (list &&
            (!one || !cJSON_AddItemToArray(list, one) || !cJSON_AddStringToObject(one, "type", h->type) ||
             !cJSON_AddBoolToObject(one, "pure", h->pure) || !cJSON_AddStringToObject(one, "expected", h->expected) ||
             !cJSON_AddStringToObject(one, "found", h->found) || !cJSON_AddBoolToObject(one, "same", same)))
            return GB_ESYSTEM;
    }
    if (!o->json)
        printf("hashes  %zu types of the default model: %zu give the golden logits, %zu do not\n", g->count,
               g->count - gb_golden_wrong(g), gb_golden_wrong(g));
    return GB_OK;
}

/* Types that this program knows and the file does not list: said, so that none is forgotten. */
static int report_missing(const gb_golden *g, gb_error *err) {
    gb_golden *all = gb_new(1, sizeof *all, "golden hashes", err);
    if (!all) return GB_ESYSTEM;
    *all = *g;
    const int rc = gb_golden_add_types(all, err);
    const char *between = "";
    for (size_t i = 0; !rc && i < all->count; i++) {
        if (all->hash[i].expected[0]) continue;
        fprintf(stderr, "%s%s", between, all->hash[i].type);
        between = ", ";
    }
    if (between[0]) fputs(": no golden hash yet; 'gaugeblock check --update-golden' adds them\n", stderr);
    free(all);
    return rc;
}

static int hashes(const arguments *a, outcome *o, gb_error *err) {
    gb_golden *g = &o->golden;
    int rc = gb_golden_read(a->golden, g, err);
    if (!rc && a->update) rc = gb_golden_add_types(g, err);
    if (!rc) rc = gb_golden_run(g, NULL, a->threads, err);
    if (rc) return rc;
    if (a->update) {
        for (size_t i = 0; i < g->count; i++)
            if (!g->hash[i].found[0]) fprintf(stderr, "%s is left out: %s\n", g->hash[i].type, g->hash[i].note);
        rc = gb_golden_write(g, err);
        if (!rc) printf("golden hashes: %s\n", g->path);
        return rc;
    }
    o->findings += gb_golden_wrong(g);
    rc = report_missing(g, err);
    return rc ? rc : report_hashes(g, o);
}

/* --- speed ----------------------------------------------------------------------------------------------------------
 */

static void skip(outcome *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void skip(outcome *o, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(o->speed_note, sizeof o->speed_note, format, args);
    va_end(args);
}

/* A machine like this one, for comparing fingerprints before anything is measured. */
static int this_machine(const gb_run *run, gb_results *out, gb_error *err) {
    gb_record *r = gb_record_new("kernel", "none", err);
    if (!r) return GB_ESYSTEM;
    gb_record_verify(r, "not applicable", NULL);
    gb_record_run(r, run);
    const int rc = gb_results_add_record(out, r, err);
    gb_record_free(r);
    return rc;
}

static int same_machine(const gb_result *r, void *ctx) {
    char digits[33];
    gb_result_fingerprint(r, digits);
    return strcmp(digits, ctx) == 0;
}

/* All stored baselines; none, with the reason, where there is no store. */
static int load_stored(const arguments *a, outcome *o, gb_error *err) {
    char path[4096];
    gb_store *store = NULL;
    if (!gb_store_built()) {
        skip(o, "this program was built without SQLite, so it has no store; use --baseline FILE or --vs-binary");
        return GB_OK;
    }
    int rc = GB_OK;
    if (a->store)
        (void)snprintf(path, sizeof path, "%s", a->store);
    else
        rc = gb_store_default_path(path, sizeof path, err);
    if (rc || access(path, F_OK) != 0) return rc;
    rc = gb_store_open(path, GB_STORE_READ, &store, err);
    if (!rc) rc = gb_store_baseline(store, NULL, &o->baseline, err);
    gb_store_close(store);
    return rc;
}

/* The stored or given baseline, without results of other machines; empty, with the reason, if there is none. */
static int load_baseline(const arguments *a, const gb_result *here, outcome *o, gb_error *err) {
    char fingerprint[33];
    char difference[700] = "";
    const int rc = a->baseline ? gb_selection_read(a->baseline, a->store, &o->baseline, err) : load_stored(a, o, err);
    if (rc || o->speed_note[0]) return rc;
    const size_t all = o->baseline.count;
    if (all) gb_machine_difference(here, &o->baseline.of[all - 1], difference, sizeof difference);
    gb_result_fingerprint(here, fingerprint);
    gb_results_filter(&o->baseline, same_machine, fingerprint);
    if (!all)
        skip(o, "no baseline yet; 'gaugeblock check --save-baseline' makes one");
    else if (!o->baseline.count)
        skip(o, "the baseline is of another machine (%s); 'gaugeblock check --save-baseline' makes one here",
             difference);
    return GB_OK;
}

static int measure(const arguments *a, const gb_run *run, outcome *o, gb_error *err) {
    gb_bench_arguments bench = a->bench;
    bench.options.effort = GB_EFFORT_QUICK; /* `verify` is the thorough one */
    if (bench.options.isa < 0 && !bench.options.filter) bench.options.best = true;
    return gb_sessions_run(&bench, !a->other, a->other, run, &o->now, &o->baseline, err);
}

static int save_baseline(const arguments *a, outcome *o, gb_error *err) {
    gb_store *store = NULL;
    int rc = gb_store_open(a->store, GB_STORE_WRITE, &store, err);
    if (!rc) rc = gb_store_set_baseline(store, &o->now, err);
    if (!rc) skip(o, "baseline of %zu kernels saved in %s", o->now.count, gb_store_path(store));
    gb_store_close(store);
    return rc;
}

static void print_speed(const gb_gate *g) {
    static const char *const words[] = {"", "faster", "slower", "FAIL"};
    for (size_t i = 0; i < g->rows.count; i++) {
        const gb_comparison *c = &g->rows.of[i];
        const gb_gate_verdict v = gb_gate_row(g, c);
        char a[32];
        char b[32];
        if (v == GB_GATE_QUIET) continue;
        printf("speed   %-6s %-44s %s -> %s %s, %+.1f %% [%+.1f, %+.1f] (%s)%s%s\n", words[v], c->label,
               gb_four_digits(c->in_a.median, a), gb_four_digits(c->in_b.median, b), c->in_b.unit,
               100 * c->cost.ratio - 100, 100 * c->cost.low - 100, 100 * c->cost.high - 100, gb_basis_names[c->basis],
               c->note[0] ? "; " : "", c->note);
    }
    printf(
        "speed   %zu rows against the baseline: %zu slower by more than %g %%, %zu slower but within it, %zu faster, "
        "%zu without a shown difference\n",
        g->rows.count, g->failed, 100 * g->threshold, g->slower, g->faster,
        g->rows.count - g->failed - g->slower - g->faster);
    if (g->rows.only_b) printf("speed   %zu kernels have no baseline\n", g->rows.only_b);
    if (g->rows.only_a) printf("speed   %zu kernels of the baseline were not measured\n", g->rows.only_a);
    if (g->unjudged)
        printf(
            "speed   %zu rows cannot be judged: their samples are too few; --sessions %zu is enough for so many rows\n",
            g->unjudged, gb_gate_sessions(g->rows.count, g->rows.of[0].basis == GB_BASIS_PAIRED));
}

static int json_speed(outcome *o) {
    const gb_gate *g = &o->gate;
    cJSON *part = cJSON_AddObjectToObject(o->json, "speed");
    if (!part) return GB_ESYSTEM;
    if (o->speed_note[0]) return cJSON_AddStringToObject(part, "skipped", o->speed_note) ? GB_OK : GB_ESYSTEM;
    cJSON *rows = cJSON_AddArrayToObject(part, "rows");
    int ok = rows && cJSON_AddNumberToObject(part, "threshold", g->threshold) &&
             cJSON_AddNumberToObject(part, "confidence_of_row", g->confidence) &&
             cJSON_AddNumberToObject(part, "failed", (double)g->failed) &&
             cJSON_AddNumberToObject(part, "slower", (double)g->slower) &&
             cJSON_AddNumberToObject(part, "faster", (double)g->faster) &&
             cJSON_AddNumberToObject(part, "unjudged", (double)g->unjudged);
    for (size_t i = 0; ok && i < g->rows.count; i++) {
        cJSON *one = gb_comparison_json(&g->rows.of[i]);
        ok = one && cJSON_AddItemToArray(rows, one) &&
             cJSON_AddBoolToObject(one, "failed", gb_gate_row(g, &g->rows.of[i]) == GB_GATE_FAILED);
    }
    return ok ? GB_OK : GB_ESYSTEM;
}

static int judge(const arguments *a, outcome *o, gb_error *err) {
    gb_error why = {0};
    const int rc = gb_gate_judge(&o->baseline, &o->now, a->threshold, &o->gate, &why);
    if (rc == GB_EINPUT && !a->baseline && !a->other) {
        skip(o, "the stored baseline has none of these %zu kernels; 'gaugeblock check --save-baseline' adds them",
             o->now.count);
        return GB_OK;
    }
    o->findings += rc ? 0 : o->gate.failed;
    return rc ? gb_fail(err, rc, "%s", why.text) : GB_OK;
}

static int speed(const arguments *a, int argc, char **argv, outcome *o, gb_error *err) {
    gb_run run;
    gb_results here = {0};
    gb_run_begin(&run, argc, argv, NULL);
    int rc = a->current ? gb_selection_read(a->current, a->store, &o->now, err) : this_machine(&run, &here, err);
    const gb_result *machine = a->current ? o->now.of : here.of;
    if (!rc && a->save) rc = gb_store_check(a->store ? a->store : "", err);
    if (!rc && !a->save && !a->other) rc = load_baseline(a, machine, o, err);
    if (!rc && !o->speed_note[0] && !a->current) rc = measure(a, &run, o, err);
    if (!rc && a->save)
        rc = save_baseline(a, o, err);
    else if (!rc && !o->speed_note[0])
        rc = judge(a, o, err);
    if (!rc && o->json)
        rc = json_speed(o);
    else if (!rc && o->speed_note[0])
        printf("speed   %s%s\n", a->save ? "" : "skipped: ", o->speed_note);
    else if (!rc)
        print_speed(&o->gate);
    gb_results_free(&here);
    return rc;
}

/* --- all ------------------------------------------------------------------------------------------------------------
 */

static int run_parts(const arguments *a, int argc, char **argv, outcome *o, gb_error *err) {
    int rc = GB_OK;
    if (a->parts & VERIFY) rc = verify(a, o, err);
    if (!rc && (a->parts & HASHES)) rc = hashes(a, o, err);
    if (!rc && (a->parts & SPEED)) rc = speed(a, argc, argv, o, err);
    if (!rc && o->json && !cJSON_AddNumberToObject(o->json, "findings", (double)o->findings)) rc = GB_ESYSTEM;
    return rc;
}

int gb_cmd_check(int argc, char **argv, gb_error *err) {
    arguments a = {.bench = gb_bench_arguments_new(), .parts = VERIFY | HASHES | SPEED, .threshold = 0.05};
    a.bench.sessions = 16;
    a.bench.options.samples = 15;
    int rc = parse(argc, argv, &a, err);
    outcome *o = rc ? NULL : gb_new(1, sizeof *o, "check", err);
    if (!rc && !o) rc = GB_ESYSTEM;
    if (rc) {
        gb_bench_arguments_free(&a.bench);
        return rc;
    }
    if (a.update) a.parts = HASHES;
    if (a.json) o->json = cJSON_CreateObject();
    rc = a.json && !o->json ? GB_ESYSTEM : run_parts(&a, argc, argv, o, err);
    if (rc == GB_ESYSTEM && err && !err->text[0]) gb_fail(err, rc, "out of memory");
    char *text = !rc && o->json ? cJSON_Print(o->json) : NULL;
    if (text) puts(text);
    if (!rc && !a.json) printf("%s\n", o->findings ? "check: findings" : "check: ok");
    if (!rc && o->findings) rc = gb_fail(err, GB_EFINDING, "%zu findings", o->findings);
    cJSON_free(text);
    cJSON_Delete(o->json);
    gb_gate_free(&o->gate);
    gb_results_free(&o->baseline);
    gb_results_free(&o->now);
    free(o);
    gb_bench_arguments_free(&a.bench);
    return rc;
}
