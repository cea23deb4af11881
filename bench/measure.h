/* The stopwatch: one case, the kernels that compete on it, interleaved samples. Internal to bench/. */
#ifndef GB_BENCH_MEASURE_H
#define GB_BENCH_MEASURE_H

#include "bench/bench.h"
#include "harness/clock.h"
#include "harness/rng.h"

typedef struct gb_stopwatch {
    gb_clock clock;
    double ns_per_tick;
    double timer_ns; /* cost of one start and stop, median */
    double call_ns;  /* cost of calling an empty kernel in gb_bench_pass(), per call */
    char name[96];
} gb_stopwatch;

/* clock: NULL for this machine's; without ticks (a NULL function) its nanoseconds are used. Calibrates; takes some 30
 * ms.
 */
int gb_stopwatch_new(gb_stopwatch *watch, const gb_clock *clock, gb_error *err);

/* How to sample: at least `least` rounds and min_ms of measured time per kernel; then on, until the 95 % interval of
 * every kernel's median is narrower than `precision` of the median, or max_ms per kernel have passed. */
typedef struct gb_sampling {
    size_t least;
    double min_ms, max_ms;
    double precision; /* 0: no more than that */
    bool yardstick;   /* one sample of it in every round, too */
    bool alternate;   /* A B, B A, A B ... instead of an order drawn by lot: of two kernels neither gains by a drift */
    bool cold;        /* one pass a sample, each on data that no cache holds */
    gb_rng *rng;      /* of the orders */
    gb_counters *counters;                  /* or NULL */
    const gb_conditions_source *conditions; /* or NULL: nobody looks */
    int cpu;                                /* this thread's, for them; negative: not pinned */
} gb_sampling;

/* Times all kernels on the case: fills samples and counters (allocated here), ns, noise, calls and disturbance of
 * results[0 .. count - 1], whose kernel is set. Every round takes one sample of each kernel, in an order of its own. */
int gb_measure(const gb_stopwatch *watch, const gb_bench_case *c, gb_bench_result **results, size_t count,
               const gb_sampling *how, gb_error *err);

#endif
