#include "tests/support/noise.h"

#include <math.h>

#include "harness/stats.h"

static const double yardstick_ns = 100;

static double factor(noise_clock *c, double share) {
    return exp(share * gb_rng_normal(&c->rng));
}

void noise_run(noise_clock *clock) {
    clock->run = factor(clock, 0.10);
}

/* Of one thing in one session, troubled once in so many. */
static double placement(noise_clock *c, uint32_t once_in) {
    const double trouble = gb_rng_below(&c->rng, once_in) == 0 ? -0.05 * log(1 - gb_rng_uniform(&c->rng)) : 0;
    return factor(c, 0.003) * (1 + trouble);
}

/* One sample of something that takes ns where nothing disturbs. */
static double sample(noise_clock *c, double ns) {
    double t = ns * c->run * c->state * factor(c, 0.006);
    if (gb_rng_below(&c->rng, 25) == 0) t *= 1 - 0.4 * log(1 - gb_rng_uniform(&c->rng));
    return t;
}

void noise_session(noise_clock *clock, double ns, double *time, double *ratio) {
    double times[NOISE_ROUNDS];
    double ratios[NOISE_ROUNDS];
    double scratch[NOISE_ROUNDS];
    const double level = factor(clock, 0.04);
    const double mine = ns * placement(clock, 10);
    const double yardstick = yardstick_ns * placement(clock, 25);
    double wander = 0;
    for (int i = 0; i < NOISE_ROUNDS; i++) {
        wander = 0.98 * wander + 0.004 * gb_rng_normal(&clock->rng);
        clock->state = level * exp(wander);
        times[i] = sample(clock, mine);
        ratios[i] = times[i] / sample(clock, yardstick);
    }
    *time = gb_summarize(times, NOISE_ROUNDS, scratch).median;
    *ratio = gb_summarize(ratios, NOISE_ROUNDS, scratch).median;
}
