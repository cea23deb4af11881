/* gaugeblock: one binary, git-style verbs. The only place that prints errors and chooses the exit status. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "kernels/cpu.h"

typedef struct verb {
    const char *name, *summary, *help;
    int (*run)(int argc, char **argv, gb_error *err);
} verb;

static const verb verbs[] = {
#define GB_VERB(name, summary) {#name, summary, gb_help_##name, gb_cmd_##name},
#include "cli/verbs.def"
#undef GB_VERB
};
enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

static const verb *find(const char *name) {
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
    return NULL;
}

const char gb_help_help[] = "usage: gaugeblock help [VERB]\n\nThe list of verbs, or the page of one verb.\n";

int gb_cmd_help(int argc, char **argv, gb_error *err) {
    if (argc > 1) {
        const verb *v = find(argv[1]);
        if (!v) return gb_fail(err, GB_EINPUT, "unknown verb '%s'; 'gaugeblock help' lists them", argv[1]);
        fputs(v->help, stdout);
        return GB_OK;
    }
    printf("gaugeblock: the reference suite for quantized LLM kernels\n\nusage: gaugeblock VERB [options]\n\n");
    for (size_t i = 0; i < VERB_COUNT; i++) printf("  %-11s %s\n", verbs[i].name, verbs[i].summary);
    printf("\n'gaugeblock help VERB' shows a verb's options. GAUGEBLOCK_ISA=NAME caps the instruction "
           "set, as --isa does.\n"
           "Exit status: 0 ok, 1 a finding, 2 usage or unusable input.\n");
    return GB_OK;
}

/* As the first word after the verb, or alone at the end: "quantize -h", "codec encode --help". */
static int asks_for_help(int argc, char **argv) {
    const char *const word[] = {argc > 2 ? argv[2] : "", argc > 3 ? argv[argc - 1] : ""};
    for (int i = 0; i < 2; i++)
        if (strcmp(word[i], "--help") == 0 || (i == 0 && strcmp(word[i], "-h") == 0)) return 1;
    return 0;
}

int main(int argc, char **argv) {
    const char *wrong = gb_cpu_float_environment();
    if (wrong) {
        fprintf(stderr, "gaugeblock: cannot give bit-exact results here: %s\n", wrong);
        return 2;
    }
    gb_error err = {0};
    if (argc < 2) {
        (void)gb_cmd_help(1, argv, &err);
        return 2;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
    const verb *v = find(name);
    int code = GB_OK;
    if (!v) {
        code = gb_fail(&err, GB_EINPUT, "unknown verb '%s'; 'gaugeblock help' lists them", name);
    } else if (asks_for_help(argc, argv)) {
        fputs(v->help, stdout);
    } else {
        code = v->run(argc - 1, argv + 1, &err);
    }
    if (code != GB_OK && err.text[0]) fprintf(stderr, "gaugeblock %s: %s\n", name, err.text);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "gaugeblock %s: writing to standard output failed\n", name);
        return 2;
    }
    return code == GB_OK ? 0 : code == GB_EFINDING ? 1 : 2;
}
