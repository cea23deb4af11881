/* The yardstick: a fixed loop that is timed beside the kernels, round by round. What the machine does to it (clock,
 * neighbours, memory traffic) it does to them, so the ratio to it can be compared between runs where times cannot.
 *
 * It reads the first part of the case's working set, the one the kernels stream, so that it disturbs no cache and feels
 * the same level of memory. It must not change: a result that was stored holds ratios to this very loop, as the
 * compiler named in the same record made it. */
#ifndef GB_BENCH_YARDSTICK_H
#define GB_BENCH_YARDSTICK_H

#include "bench/case.h"

/* One walk over part 0 of the case. */
void gb_yardstick_pass(const gb_bench_case *c);

#endif
