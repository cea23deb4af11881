/* What a metric's numbers mean when two of them differ. */
#ifndef GB_RESULTS_METRIC_H
#define GB_RESULTS_METRIC_H

#include "results/results.h"

typedef struct gb_metric_kind {
    int higher_is_better;
    int comparable;             /* 0: a difference is neither good nor bad */
    const char *better, *worse; /* words of verdicts */
} gb_metric_kind;

/* By its name, else by its unit. */
gb_metric_kind gb_metric_kind_of(const char *name, const char *unit);

/* The metric a record is about: time of a kernel, speed of a model, likelihoods of a perplexity. NULL if it has none.
 */
const char *gb_primary_metric(const gb_result *result);

#endif
