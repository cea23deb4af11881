/* Timings as a busy machine gives them, from a simulated clock: for tests of what must not be fooled by them.
 *
 * The time of one sample is the kernel's own time, times
 *   state      what the machine does to everything now: a level drawn per session (clock, neighbours; 4 %), that
 *              wanders from round to round (first-order autoregression, 0.98 with steps of 0.4 %);
 *   placement  what a session's memory and code addresses do to this one kernel (0.3 %);
 *   trouble    one session in ten is disturbed throughout, for this kernel alone: slower by an exponentially
 *              distributed share, on average 5 %;
 *   jitter     of the single sample (0.6 %);
 *   a hit      now and then (one sample in 25) an interrupt or another process: the sample takes longer by an
 *              exponentially distributed share, on average 40 %.
 * The yardstick of the round has the same state, and placement, jitter and hits of its own, and trouble once in 25. The
 * level of a whole run (say, another day) moves by 10 % on top: nothing in the run itself shows it.
 *
 * Modelled on 2540 session medians of 127 kernels (bench --quick --sessions 10 --yardstick, twice, on two busy virtual
 * CPUs): half of them lay within 0.2 % of their kernel's median, 5 % were more than 3 %, 2.5 % more than 6 % and 0.5 %
 * more than 24 % slower. */
#ifndef GB_TESTS_NOISE_H
#define GB_TESTS_NOISE_H

#include <stddef.h>

#include "harness/rng.h"

typedef struct noise_clock {
    gb_rng rng;
    double run;   /* level of this run */
    double state; /* of this moment */
} noise_clock;

enum { NOISE_ROUNDS = 31 };

/* A new run on this clock. */
void noise_run(noise_clock *clock);

/* One session: medians over NOISE_ROUNDS of a kernel's time (its own time: ns) and of its ratio to a yardstick of 100
 * ns.
 */
void noise_session(noise_clock *clock, double ns, double *time, double *ratio);

#endif
