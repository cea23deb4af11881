/* The stopwatch: one case, the kernels that compete on it, interleaved samples. Internal to bench/. */
#ifndef GB_BENCH_MEASURE_H
#define GB_BENCH_MEASURE_H

#include "bench/bench.h"
#include "harness/rng.h"

typedef struct gb_stopwatch {
    double ns_per_tick; /* of gb_ticks() */
    double timer_ns;    /* cost of one start and stop, median */
    double call_ns;     /* cost of calling an empty kernel in gb_bench_pass(), per call */
    char name[96];
} gb_stopwatch;

/* Calibrates on this machine; takes some 30 ms. */
int gb_stopwatch_new(gb_stopwatch *watch, gb_error *err);

/* How to sample: at least `least` rounds, and at least min_ms of measured time per kernel. */
typedef struct gb_sampling {
    size_t least;
    double min_ms;
    bool yardstick; /* one sample of it in every round, too */
    bool alternate; /* A B, B A, A B ... instead of an order drawn by lot: of two kernels neither gains by a drift */
    bool cold;      /* one pass a sample, each on data that no cache holds */
    gb_rng *rng;    /* of the orders */
    gb_counters *counters; /* or NULL */
} gb_sampling;

/* Times all kernels on the case: fills samples (allocated here), ns, noise, calls and counters of results[0 .. count -
 * 1], whose kernel is set. Every round takes one sample of each kernel, in an order of its own. */
int gb_measure(const gb_stopwatch *watch, const gb_bench_case *c, gb_bench_result **results, size_t count,
               const gb_sampling *how, gb_error *err);

#endif
