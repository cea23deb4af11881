/* gaugeblock export [SELECTION...] --as FORM */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "results/export.h"
#include "results/selection.h"

#define EXPORT_LINE(name, function, what) "  " name "\n      " what "\n"
const char gb_help_export[] =
    "usage: gaugeblock export [SELECTION...] --as FORM [options]\n\n"
    "Prints results in a form that other tools read. Without a selection: all of the store.\n\n" GB_SELECTION_HELP
    "\nforms:\n" GB_EXPORTS(
        EXPORT_LINE) "\n"
                     "  --as FORM        one of these\n"
                     "  --metric M       of bencher and github-*: this metric (default: time of a kernel, speed of a "
                     "model ...)\n"
                     "  --filter REGEX   only things whose key matches\n"
                     "  --store PATH     the store to select from (default: ~/.local/share/gaugeblock/results.db)\n";

typedef struct arguments {
    gb_export_fn *form;
    const char *form_name, *filter, *store;
    gb_export_options options;
} arguments;

static int set_form(arguments *a, const char *name, gb_error *err) {
    a->form = gb_export_by_name(name);
    a->form_name = name;
    return a->form ? GB_OK
                   : gb_fail(err, GB_EINPUT, "--as '%s': unknown form; 'gaugeblock help export' lists them", name);
}

enum { AS = 256, METRIC, FILTER, STORE };

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    if (option == METRIC) a->options.metric = value;
    if (option == FILTER) a->filter = value;
    if (option == STORE) a->store = value;
    return option == AS ? set_form(a, value, err) : GB_OK;
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option table[] = {{"as", required_argument, NULL, AS},
                                          {"metric", required_argument, NULL, METRIC},
                                          {"filter", required_argument, NULL, FILTER},
                                          {"store", required_argument, NULL, STORE},
                                          {0}};
    int rc = gb_read_options(argc, argv, ":", table, take, a, err);
    if (!rc && !a->form)
        rc = gb_fail(err, GB_EINPUT, "no form: give one with --as; 'gaugeblock help export' lists them");
    return rc;
}

int gb_cmd_export(int argc, char **argv, gb_error *err) {
    arguments a = {0};
    gb_results all = {0};
    size_t left_out = 0;
    int rc = parse(argc, argv, &a, err);
    if (!rc && optind == argc) rc = gb_selection_read("all", a.store, &all, err);
    for (int i = optind; !rc && i < argc; i++) rc = gb_selection_read(argv[i], a.store, &all, err);
    if (!rc) rc = gb_results_match(&all, "--filter", a.filter, err);
    if (!rc && !all.count) rc = gb_fail(err, GB_EINPUT, "no result is left by --filter");
    if (!rc && a.form) rc = a.form(stdout, &all, &a.options, &left_out, err);
    if (!rc && left_out) fprintf(stderr, "%zu of %zu results have no place in %s\n", left_out, all.count, a.form_name);
    gb_results_free(&all);
    return rc;
}
