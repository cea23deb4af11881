/* One thing over time: its results in the order in which they were measured, each against the one before it on the same
 * machine. */
#ifndef GB_RESULTS_HISTORY_H
#define GB_RESULTS_HISTORY_H

#include "results/compare.h"

typedef struct gb_point {
    const gb_result *result;
    gb_measured value;
    char machine[9];     /* first digits of the fingerprint */
    const char *verdict; /* against the last result before it of this machine; "" for the first */
    double cost;         /* ratio to it, above 1 is worse; NaN for the first */
    int same_bits;       /* 1, 0, or -1 where there are no hashes */
} gb_point;

typedef struct gb_trend {
    char *key;
    const char *metric;
    gb_metric_kind kind;
    gb_point *point;
    size_t count;
    double least, most; /* of the medians */
} gb_trend;

typedef struct gb_history {
    gb_trend *trend; /* in alphabetical order of their keys */
    size_t count;
} gb_history;

/* metric NULL: what each record is about. last: only so many of each, the newest; 0: all. The results must outlive the
 * history. GB_EINPUT: no result has the metric. */
int gb_history_build(const gb_results *all, const char *metric, size_t last, gb_history *out, gb_error *err);
void gb_history_free(gb_history *h);

#endif
