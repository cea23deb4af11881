/* gaugeblock compare A B */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "results/compare_print.h"
#include "results/selection.h"

const char gb_help_compare[] =
    "usage: gaugeblock compare A B [options]\n\n"
    "Compares two sets of results, thing by thing: the same kernel, or the same test of the same model. Says faster,\n"
    "slower, or no difference shown, with a distribution-free interval of the ratio: of pairs where both sides were\n"
    "measured in turns in one run, else of two sets of ranks; widened by the A/A noise of the records. Where a side "
    "has\n"
    "several results of one thing, the newest counts, or, from four on each side, the medians of "
    "all.\n\n" GB_SELECTION_HELP "\n"
    "  --metric M       compare this metric (default: time of a kernel, speed of a model, likelihoods of a "
    "perplexity)\n"
    "  --filter REGEX   only things whose key matches ('gaugeblock history' shows keys)\n"
    "  --where-a K=V    of A only what has this value of a part of the key; may be repeated; K no longer has to be "
    "equal\n"
    "  --where-b K=V    the same of B: compare FILE FILE --where-a isa=avx2 --where-b isa=scalar\n"
    "  --on K,K...      only these parts have to be equal (name, test, threads ...): for results of different "
    "programs\n"
    "  --confidence PCT of each interval (default 95)\n"
    "  --changed        leave out what shows no difference\n"
    "  --store PATH     the store to select from (default: ~/.local/share/gaugeblock/results.db)\n"
    "  --markdown, --json\n";

enum { MOST_PARTS = 32 };

typedef struct condition {
    int of_b;
    char *part, *value;
} condition;

typedef struct arguments {
    gb_compare_options compare;
    gb_compare_print print;
    const char *store, *filter;
    condition where[MOST_PARTS];
    size_t where_count;
    const char *without[MOST_PARTS + 1];
    const char *only[MOST_PARTS];
    char *text[MOST_PARTS + 1]; /* words cut to pieces: freed at the end */
    size_t text_count;
} arguments;

enum { METRIC = 256, FILTER, WHERE_A, WHERE_B, ON, CONFIDENCE, CHANGED, STORE, MARKDOWN, JSON };

static char *keep(arguments *a, const char *word, gb_error *err) {
    char *copy = a->text_count < sizeof a->text / sizeof a->text[0] ? strdup(word) : NULL;
    if (copy)
        a->text[a->text_count++] = copy;
    else
        gb_fail(err, GB_EINPUT, "'%s': more options than there is room for", word);
    return copy;
}

static int add_where(arguments *a, const char *word, int of_b, gb_error *err) {
    char *part = strchr(word, '=') ? keep(a, word, err) : NULL;
    if (!part || a->where_count == MOST_PARTS)
        return gb_fail(err, GB_EINPUT, "--where '%s': expected PART=VALUE, at most %d times", word, MOST_PARTS);
    char *value = strchr(part, '=');
    *value++ = 0;
    a->where[a->where_count++] = (condition){of_b, part, value};
    a->without[a->compare.key.without_count++] = part;
    /* a kernel's name holds its ISA, format and operation */
    if (strcmp(part, "isa") == 0 && a->compare.key.without_count < MOST_PARTS)
        a->without[a->compare.key.without_count++] = "name";
    return GB_OK;
}

static int add_only(arguments *a, const char *word, gb_error *err) {
    char *rest = keep(a, word, err);
    if (!rest) return GB_EINPUT;
    for (char *part; (part = strsep(&rest, ",")) != NULL;) {
        if (a->compare.key.only_count == MOST_PARTS) return gb_fail(err, GB_EINPUT, "--on '%s': too many parts", word);
        a->only[a->compare.key.only_count++] = part;
    }
    a->compare.key.only = a->only;
    return GB_OK;
}

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    double percent = 0;
    int rc = GB_OK;
    switch (option) {
    case METRIC:
        a->compare.metric = value;
        return GB_OK;
    case FILTER:
        a->filter = value;
        return GB_OK;
    case WHERE_A:
    case WHERE_B:
        return add_where(a, value, option == WHERE_B, err);
    case ON:
        return add_only(a, value, err);
    case CONFIDENCE:
        rc = gb_parse_double("--confidence", value, 50, 99.9999, &percent, err);
        a->compare.confidence = percent / 100;
        return rc;
    case CHANGED:
        a->print.only_shown = 1;
        return GB_OK;
    case STORE:
        a->store = value;
        return GB_OK;
    default:
        a->print.form = option == JSON ? GB_COMPARE_JSON : GB_COMPARE_MARKDOWN;
        return GB_OK;
    }
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option table[] = {{"metric", required_argument, NULL, METRIC},
                                          {"filter", required_argument, NULL, FILTER},
                                          {"where-a", required_argument, NULL, WHERE_A},
                                          {"where-b", required_argument, NULL, WHERE_B},
                                          {"on", required_argument, NULL, ON},
                                          {"confidence", required_argument, NULL, CONFIDENCE},
                                          {"changed", no_argument, NULL, CHANGED},
                                          {"store", required_argument, NULL, STORE},
                                          {"markdown", no_argument, NULL, MARKDOWN},
                                          {"json", no_argument, NULL, JSON},
                                          {0}};
    const int rc = gb_read_options(argc, argv, ":", table, take, a, err);
    if (rc) return rc;
    a->compare.key.without = a->without;
    a->print.confidence = a->compare.confidence;
    if (argc - optind != 2)
        return gb_fail(err, GB_EINPUT, "expected two sets of results, found %d; see 'gaugeblock help compare'",
                       argc - optind);
    a->print.name_a = argv[optind];
    a->print.name_b = argv[optind + 1];
    return GB_OK;
}

static int read_side(const arguments *a, int of_b, gb_results *out, gb_error *err) {
    const char *word = of_b ? a->print.name_b : a->print.name_a;
    int rc = gb_selection_read(word, a->store, out, err);
    if (!rc) rc = gb_results_match(out, "--filter", a->filter, err);
    for (size_t i = 0; !rc && i < a->where_count; i++)
        if (a->where[i].of_b == of_b) gb_results_where(out, a->where[i].part, a->where[i].value);
    if (!rc && !out->count) rc = gb_fail(err, GB_EINPUT, "'%s': no result is left by --filter and --where", word);
    return rc;
}

int gb_cmd_compare(int argc, char **argv, gb_error *err) {
    arguments a = {.compare = {.confidence = 0.95}};
    gb_results side[2] = {{0}};
    gb_comparisons c = {0};
    int rc = parse(argc, argv, &a, err);
    for (int i = 0; !rc && i < 2; i++) rc = read_side(&a, i, &side[i], err);
    if (!rc) rc = gb_compare(&side[0], &side[1], &a.compare, &c, err);
    if (!rc) rc = gb_comparisons_print(stdout, &c, &a.print, err);
    gb_comparisons_free(&c);
    for (int i = 0; i < 2; i++) gb_results_free(&side[i]);
    for (size_t i = 0; i < a.text_count; i++) free(a.text[i]);
    return rc;
}
