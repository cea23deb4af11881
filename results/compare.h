/* Two sets of results, thing by thing: is one faster, and is that shown? */
#ifndef GB_RESULTS_COMPARE_H
#define GB_RESULTS_COMPARE_H

#include "harness/compare.h"
#include "results/identity.h"
#include "results/metric.h"

/* Where the interval comes from, best first. */
typedef enum gb_basis {
    GB_BASIS_PAIRED,    /* both were measured in turns: ratios round by round */
    GB_BASIS_RUNS,      /* four runs or more on each side: their medians */
    GB_BASIS_YARDSTICK, /* one run each: ratios to the yardstick of the same round */
    GB_BASIS_SAMPLES,   /* one run each: what changes from run to run is not in the interval */
    GB_BASIS_VALUES,    /* numbers without a spread */
} gb_basis;
extern const char *const gb_basis_names[];

enum { GB_RUNS_TO_POOL = 4 }; /* of each side: the fewest whose ranks can show anything at 95 % */

typedef struct gb_comparison {
    const gb_result *a, *b; /* the newest of each side */
    size_t runs_a, runs_b;  /* results of this key */
    char *label;            /* of what is compared, for people */
    const char *metric;
    gb_metric_kind kind;
    gb_measured in_a, in_b;
    gb_basis basis;
    gb_ratio cost;       /* of b to a: time, or 1 / speed; above 1: b is worse */
    const char *verdict; /* "faster", "slower" ..., "equal", or "no difference shown" */
    int shown;           /* 0: "no difference shown" */
    int same_machine;
    int hashes;     /* 1 equal, 0 not, -1: not on both sides */
    int unreliable; /* one of the newest was measured under conditions that spoil it */
    char note[160];
} gb_comparison;

typedef struct gb_comparisons {
    gb_comparison *of;
    size_t count;
    size_t only_a, only_b; /* keys without a partner */
} gb_comparisons;

typedef struct gb_compare_options {
    const char *metric; /* NULL: what each record is about */
    double confidence;  /* of each interval */
    gb_key_rule key;    /* what must be equal */
} gb_compare_options;

/* The results must outlive the comparisons. GB_EINPUT: nothing on one side has a partner, or none has the metric. */
int gb_compare(const gb_results *a, const gb_results *b, const gb_compare_options *options, gb_comparisons *out,
               gb_error *err);
void gb_comparisons_free(gb_comparisons *c);

#endif
