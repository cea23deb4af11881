/* gaugeblock history [REGEX] */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "report/trend.h"
#include "results/compare_print.h"
#include "results/selection.h"

const char gb_help_history[] =
    "usage: gaugeblock history [REGEX] [options]\n\n"
    "The stored results of a thing over commits, days and machines: every kernel, or test of a model, whose key "
    "matches\n"
    "REGEX (POSIX extended; all without it). Each result is compared with the one before it of the same machine.\n\n"
    "  --select SEL     only these results (default: all of the store)\n"
    "  --metric M       (default: time of a kernel, speed of a model, likelihoods of a perplexity)\n"
    "  --last N         of each thing the newest N (default 20; 0: all)\n"
    "  --keys           only the keys, and how many results each has\n"
    "  --chart FILE     also draw FILE.svg or FILE.png by gnuplot, at most 12 lines\n"
    "  --store PATH     (default: ~/.local/share/gaugeblock/results.db)\n"
    "  --json\n\n" GB_SELECTION_HELP;

enum { BAR = 24 };

typedef struct arguments {
    const char *regex, *select, *metric, *chart, *store;
    size_t last;
    bool keys, json;
} arguments;

enum { SELECT = 256, METRIC, LAST, KEYS, CHART, STORE, JSON };

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    if (option == SELECT) a->select = value;
    if (option == METRIC) a->metric = value;
    if (option == KEYS) a->keys = true;
    if (option == CHART) a->chart = value;
    if (option == STORE) a->store = value;
    if (option == JSON) a->json = true;
    return option == LAST ? gb_parse_size("--last", value, 0, 1000000, &a->last, err) : GB_OK;
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option table[] = {
        {"select", required_argument, NULL, SELECT}, {"metric", required_argument, NULL, METRIC},
        {"last", required_argument, NULL, LAST},     {"keys", no_argument, NULL, KEYS},
        {"chart", required_argument, NULL, CHART},   {"store", required_argument, NULL, STORE},
        {"json", no_argument, NULL, JSON},           {0}};
    int rc = gb_read_options(argc, argv, ":", table, take, a, err);
    if (!rc && argc - optind > 1)
        rc = gb_fail(err, GB_EINPUT, "expected one regular expression at most, found %d words", argc - optind);
    if (!rc && optind < argc) a->regex = argv[optind];
    return rc;
}

/* --- people ---------------------------------------------------------------------------------------------------------
 */

/* From zero, so that lengths compare as the numbers do. */
static void draw_bar(double value, double most, char bar[BAR + 1]) {
    const double share = most > 0 && value > 0 ? value / most : 0;
    const int n = (int)(share * BAR + 0.5);
    memset(bar, '#', (size_t)n);
    memset(bar + n, ' ', (size_t)(BAR - n));
    bar[BAR] = 0;
}

static void print_point(const gb_trend *t, const gb_point *p) {
    char text[3][32];
    char bar[BAR + 1];
    char interval[72] = "";
    draw_bar(p->value.median, t->most, bar);
    if (isfinite(p->value.low))
        (void)snprintf(interval, sizeof interval, "%s-%s", gb_four_digits(p->value.low, text[0]),
                       gb_four_digits(p->value.high, text[1]));
    const char *program = gb_result_text(p->result, "provenance", "program");
    printf("  %-20.20s %-19.19s %-8s %11s %21s |%s| %s%s", gb_result_text(p->result, "run", "started"),
           program[0] ? program : gb_result_text(p->result, "provenance", "commit"), p->machine,
           gb_four_digits(p->value.median, text[2]), interval, bar, p->verdict,
           p->same_bits == 0 ? ", OTHER BITS" : "");
    if (isfinite(p->cost) && p->verdict[0] && strcmp(p->verdict, "no difference shown") != 0)
        printf(" %+.1f %%", 100 * p->cost - 100);
    if (gb_result_spoilt(p->result)) printf(" (unreliable: %s)", gb_result_spoilt(p->result));
    fputc('\n', stdout);
}

static void print_people(const gb_history *h, bool keys) {
    for (size_t i = 0; i < h->count; i++) {
        const gb_trend *t = &h->trend[i];
        if (keys) {
            printf("%s (%zu)\n", t->key, t->count);
            continue;
        }
        printf("%s%s: %s, %s\n", i ? "\n" : "", t->key, t->metric, t->point[0].value.unit);
        for (size_t j = 0; j < t->count; j++) print_point(t, &t->point[j]);
    }
}

/* --- machines -------------------------------------------------------------------------------------------------------
 */

static int add_number(cJSON *o, const char *key, double v) {
    return (isfinite(v) ? cJSON_AddNumberToObject(o, key, v) : cJSON_AddNullToObject(o, key)) != NULL;
}

static int add_point(cJSON *list, const gb_point *p) {
    char machine[33];
    gb_result_fingerprint(p->result, machine);
    cJSON *o = cJSON_CreateObject();
    return o && cJSON_AddItemToArray(list, o) &&
           cJSON_AddStringToObject(o, "started", gb_result_text(p->result, "run", "started")) &&
           cJSON_AddStringToObject(o, "commit", gb_result_text(p->result, "provenance", "commit")) &&
           cJSON_AddStringToObject(o, "machine", machine) && add_number(o, "median", p->value.median) &&
           add_number(o, "ci95_low", p->value.low) && add_number(o, "ci95_high", p->value.high) &&
           add_number(o, "ratio_to_previous", p->cost) && cJSON_AddStringToObject(o, "verdict", p->verdict) &&
           (!gb_result_spoilt(p->result) || cJSON_AddBoolToObject(o, "unreliable", 1));
}

static int print_json(const gb_history *h, gb_error *err) {
    cJSON *all = cJSON_CreateArray();
    int ok = all != NULL;
    for (size_t i = 0; ok && i < h->count; i++) {
        const gb_trend *t = &h->trend[i];
        cJSON *o = cJSON_CreateObject();
        cJSON *points = NULL;
        ok = o && cJSON_AddItemToArray(all, o) && cJSON_AddStringToObject(o, "key", t->key) &&
             cJSON_AddStringToObject(o, "metric", t->metric) &&
             cJSON_AddStringToObject(o, "unit", t->point[0].value.unit) &&
             (points = cJSON_AddArrayToObject(o, "results"));
        for (size_t j = 0; ok && j < t->count; j++) ok = add_point(points, &t->point[j]);
    }
    char *text = ok ? cJSON_Print(all) : NULL;
    cJSON_Delete(all);
    if (!text) return gb_fail(err, GB_ESYSTEM, "out of memory while writing JSON");
    puts(text);
    cJSON_free(text);
    return GB_OK;
}

int gb_cmd_history(int argc, char **argv, gb_error *err) {
    arguments a = {.select = "all", .last = 20};
    gb_results all = {0};
    gb_history h = {0};
    int rc = parse(argc, argv, &a, err);
    if (!rc) rc = gb_selection_read(a.select, a.store, &all, err);
    if (!rc) rc = gb_results_match(&all, "REGEX", a.regex, err);
    if (!rc && !all.count)
        rc = gb_fail(err, GB_EINPUT, "'%s' matches no stored result; 'gaugeblock history --keys' lists them",
                     a.regex ? a.regex : "");
    if (!rc) rc = gb_history_build(&all, a.metric, a.last, &h, err);
    if (!rc && a.json)
        rc = print_json(&h, err);
    else if (!rc)
        print_people(&h, a.keys);
    if (!rc && a.chart) rc = gb_trend_draw(a.chart, &h, err);
    gb_history_free(&h);
    gb_results_free(&all);
    return rc;
}
