/* Timings as a busy machine gives them, from a simulated clock: for tests of what must not be fooled by them.
 *
 * The time of one sample is the kernel's own time, times
 *   state      what the machine does to everything now: a level drawn per session (clock, neighbours; 4 %), that
 *              wanders from round to round (first-order autoregression, 0.98 with steps of 0.4 %);
 *   placement  what a session's memory and code addresses do to this one kernel (0.4 %);
 *   jitter     of the single sample (0.6 %);
 *   a hit      now and then (one sample in 25) an interrupt or another process: the sample takes longer by an
 *              exponentially distributed share, on average 40 %.
 * The yardstick of the round has the same state, and placement, jitter and hits of its own. The level of a whole run
 * (say, another day) moves by 10 % on top: nothing in the run itself shows it. */
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
