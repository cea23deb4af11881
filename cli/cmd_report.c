/* gaugeblock report DIR */
#include <stdio.h>

#include "cli/cli.h"
#include "report/report.h"

const char gb_help_report[] =
    "usage: gaugeblock report DIR\n\n"
    "Reads the result files in DIR (verify.json, bench.jsonl, e2e.json, perplexity-*.json: the --json output of those "
    "verbs)\n"
    "and writes DIR/report.md, DIR/report.html and DIR/chart.svg. Prints where the report is.\n";

int gb_cmd_report(int argc, char **argv, gb_error *err) {
    static const struct option options[] = {{0}};
    int rc = gb_read_options(argc, argv, ":", options, NULL, NULL, err);
    if (rc) return rc;
    if (argc - optind != 1) return gb_fail(err, GB_EINPUT, "expected one folder of result files");
    char path[4096];
    rc = gb_report_write(argv[optind], path, sizeof path, err);
    if (rc) return rc;
    printf("report: %s\n", path);
    return GB_OK;
}
