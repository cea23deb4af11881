/* gaugeblock import FILE... */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/store.h"
#include "results/identity.h"

const char gb_help_import[] =
    "usage: gaugeblock import FILE... [--store PATH] [--this-machine]\n\n"
    "Adds results to the store, where 'history', 'compare' and 'export' find them. A FILE ('-': standard input) holds\n"
    "records (bench --json), the output of 'e2e --json' or 'perplexity --json', or llama-bench's -o json or -o jsonl: "
    "so\n"
    "the runs of other programs sit beside ours. What is there already is not added again. Files with one unusable\n"
    "result are refused as a whole.\n\n"
    "  --this-machine   llama-bench says of its machine only the CPU's name; with this the rest is taken from here.\n"
    "                   Refused if the CPU has another name.\n"
    "  --store PATH     (default: ~/.local/share/gaugeblock/results.db)\n";

/* Fills what a foreign record does not know of its machine. */
static int adopt_machine(gb_results *all, gb_error *err) {
    int rc = GB_OK;
    gb_results adopted = {0};
    for (size_t i = 0; !rc && i < all->count; i++) {
        cJSON *here = gb_machine_json();
        cJSON *record = cJSON_Duplicate(all->of[i].json, 1);
        const char *cpu = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(here, "cpu_model"));
        const char *theirs = gb_result_text(&all->of[i], "machine", "cpu_model");
        if (!here || !record)
            rc = gb_fail(err, GB_ESYSTEM, "out of memory");
        else if (!cpu || strcmp(cpu, theirs) != 0)
            rc = gb_fail(err, GB_EINPUT, "--this-machine: result %zu was measured on '%s', and this is '%s'", i + 1,
                         theirs, cpu ? cpu : "a CPU without a name");
        else if (gb_result_text(&all->of[i], "provenance", "program")[0] &&
                 cJSON_ReplaceItemInObjectCaseSensitive(record, "machine", here))
            here = NULL;
        cJSON_Delete(here);
        if (!rc) {
            rc = gb_results_take(&adopted, record, NULL, "imported result", err);
            record = NULL;
        }
        cJSON_Delete(record);
    }
    gb_results_free(all);
    *all = adopted;
    return rc;
}

typedef struct arguments {
    const char *store;
    bool adopt;
} arguments;

enum { STORE = 256, THIS_MACHINE };

static int take(void *into, int option, char *value, gb_error *err) {
    (void)err;
    arguments *a = into;
    if (option == STORE) a->store = value;
    if (option == THIS_MACHINE) a->adopt = true;
    return GB_OK;
}

int gb_cmd_import(int argc, char **argv, gb_error *err) {
    static const struct option table[] = {
        {"store", required_argument, NULL, STORE}, {"this-machine", no_argument, NULL, THIS_MACHINE}, {0}};
    arguments a = {.store = ""};
    gb_results all = {0};
    int rc = gb_read_options(argc, argv, ":", table, take, &a, err);
    if (!rc && optind == argc) rc = gb_fail(err, GB_EINPUT, "no file; see 'gaugeblock help import'");
    for (int i = optind; !rc && i < argc; i++) rc = gb_results_read(&all, argv[i], err);
    if (!rc && a.adopt) rc = adopt_machine(&all, err);
    if (!rc) rc = gb_store_results(a.store, &all, err);
    gb_results_free(&all);
    return rc;
}
