#include "results/metric.h"

#include <string.h>

static int is_predicted(const char *name) {
    return strncmp(name, "predicted_", strlen("predicted_")) == 0 || strcmp(name, "prediction_error") == 0;
}

enum { UP = 1, DOWN = 0 };
static const gb_metric_kind faster_up = {UP, 1, "faster", "slower"};
static const gb_metric_kind faster_down = {DOWN, 1, "faster", "slower"};
static const gb_metric_kind smaller = {DOWN, 1, "smaller", "larger"};
static const gb_metric_kind likelier = {DOWN, 1, "better", "worse"};
static const gb_metric_kind indifferent = {UP, 0, "higher", "lower"};

gb_metric_kind gb_metric_kind_of(const char *name, const char *unit) {
    static const struct {
        const char *word;
        const gb_metric_kind *kind;
    } names[] = {{"ppl", &likelier},
                 {"chunk_nll", &likelier},
                 {"bits_per_byte", &likelier},
                 {"ppl_stderr", &indifferent},
                 {"vs_scalar", &faster_up},
                 {"vs_yardstick", &faster_down},
                 {"timer_overhead", &indifferent},
                 {"call_overhead", &indifferent}},
      units[] = {{"ns", &faster_down},         {"us", &faster_down}, {"ms", &faster_down}, {"s", &faster_down},
                 {"TSC cycles", &faster_down}, {"t/s", &faster_up},  {"GB/s", &faster_up}, {"Gop/s", &faster_up},
                 {"bytes", &smaller},          {"bits", &smaller}};
    if (is_predicted(name)) return indifferent; /* nothing became faster */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].word, name) == 0) return *names[i].kind;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(units[i].word, unit) == 0) return *units[i].kind;
    return indifferent;
}

const char *gb_primary_metric(const gb_result *result) {
    static const char *const order[] = {
        "ns_per_call", "chunk_nll", "tokens_per_second", "ppl", "predicted_tokens_per_second", "gbps", "gops"};
    gb_measured m;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (gb_result_metric(result, order[i], &m)) return order[i];
    return NULL;
}
