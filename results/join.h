/* Several runs of the same things as one: each run gives one sample, its median. So the spread holds what changes from
 * process to process (addresses, the level of the machine), which no single run can show. */
#ifndef GB_RESULTS_JOIN_H
#define GB_RESULTS_JOIN_H

#include "results/results.h"

/* One record per key that every session has, in the order of the first session; subject "sessions" says how many there
 * were, run id and command are the given ones. *left_out counts the keys that some session lacks. */
int gb_results_join(const gb_results *sessions, size_t count, const gb_run *run, gb_results *out, size_t *left_out,
                    gb_error *err);

#endif
