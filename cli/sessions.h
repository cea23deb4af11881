/* Sessions: the same measurement in several processes of its own, or of this program and another build of it in turns.
 */
#ifndef GB_CLI_SESSIONS_H
#define GB_CLI_SESSIONS_H

#include "cli/bench_run.h"
#include "results/join.h"

/* Runs `bench` with the selection a->sessions times, each in a new process, and joins the results in *mine. other: path
 * of another build, or NULL; it runs as often, in the order ABBA ABBA ..., its results in *others. yardstick: also time
 * it. run: whose id and command the results bear. GB_EFINDING: a kernel failed verification. */
int gb_sessions_run(const gb_bench_arguments *a, bool yardstick, const char *other, const gb_run *run, gb_results *mine,
                    gb_results *others, gb_error *err);

/* The results of sessions for people. */
void gb_sessions_print(const gb_results *all, const gb_run *run);

#endif
