/* Hardware counters of a whole team of threads, around whole tests of the model benchmark. */
#ifndef GB_MODEL_E2E_COUNTERS_H
#define GB_MODEL_E2E_COUNTERS_H

#include "harness/counters.h"
#include "harness/pool.h"

typedef struct gb_team_counters gb_team_counters;

/* Of group `core` every thread of the team is counted, waiting included; of group `energy` the packages. Other groups
 * are not for teams and must not be chosen. Only out of memory is an error. */
int gb_team_counters_open(const gb_perf_backend *backend, const gb_counter_choice *choice, gb_pool *pool,
                          gb_team_counters **out, gb_error *err);
void gb_team_counters_close(gb_team_counters *team);

/* Longest interval that any of the groups needs. */
double gb_team_counters_least_ns(const gb_team_counters *team);
void gb_team_counters_start(gb_team_counters *team);
/* Sums over the team, divided by `per`; a counter that one thread lacks is absent. The set is made here and freed by
 * the caller with free(set->of). */
int gb_team_counters_stop(gb_team_counters *team, double per, gb_counter_set *set, gb_error *err);

#endif
