#include "harness/conditions.h"

#include <stdio.h>
#include <string.h>

#include "harness/clock.h"
#include "harness/machine.h"

enum { STEPS = 8192, UNROLL = 8, TRIES = 5 };

/* Each product needs the one before. */
static double one_chain(void) {
    uint64_t x = 3;
    const uint64_t start = gb_now_ns();
    for (int i = 0; i < STEPS / UNROLL; i++)
        for (int j = 0; j < UNROLL; j++) {
            x *= x;
            __asm__ volatile("" : "+r"(x)); /* neither folded nor dropped */
        }
    return (double)(gb_now_ns() - start) / STEPS;
}

/* The shortest try: an interrupt makes one longer. */
static double system_step(void *ctx) {
    (void)ctx;
    double best = one_chain();
    for (int i = 1; i < TRIES; i++) {
        const double ns = one_chain();
        if (ns < best) best = ns;
    }
    return best;
}

static bool system_stolen(void *ctx, int cpu, uint64_t *stolen, uint64_t *total) {
    (void)ctx;
    return gb_steal_ticks("", cpu, stolen, total);
}

const gb_conditions_source gb_conditions_system = {.step_ns = system_step, .stolen = system_stolen};

/* Of all CPUs that are measured on. */
static bool read_ticks(const gb_conditions *c, uint64_t *stolen, uint64_t *total) {
    *stolen = *total = 0;
    if (c->cpu_count == 0) return c->source->stolen(c->source->ctx, -1, stolen, total);
    for (size_t i = 0; i < c->cpu_count; i++) {
        uint64_t s = 0;
        uint64_t t = 0;
        if (!c->source->stolen(c->source->ctx, c->cpus[i], &s, &t)) return false;
        *stolen += s;
        *total += t;
    }
    return true;
}

void gb_conditions_resume(gb_conditions *c) {
    c->steal_known = c->steal_known && read_ticks(c, &c->stolen_then, &c->total_then);
    gb_conditions_look(c);
}

void gb_conditions_begin(gb_conditions *c, const gb_conditions_source *source, const int *cpus, size_t cpu_count) {
    *c = (gb_conditions){.source = source, .cpus = cpus, .cpu_count = cpu_count, .steal_known = true};
    gb_conditions_resume(c);
}

void gb_conditions_look(gb_conditions *c) {
    const double ns = c->source->step_ns(c->source->ctx);
    if (ns <= 0) return;
    if (c->fastest <= 0 || ns < c->fastest) c->fastest = ns;
    if (ns > c->slowest) c->slowest = ns;
}

static void add_reason(gb_disturbance *d, const char *format, double percent) {
    const size_t n = strlen(d->why);
    char one[96];
    (void)snprintf(one, sizeof one, format, percent);
    (void)snprintf(d->why + n, sizeof d->why - n, "%s%s", n ? "; " : "", one);
}

void gb_conditions_pause(gb_conditions *c) {
    uint64_t stolen = 0;
    uint64_t total = 0;
    gb_conditions_look(c);
    c->steal_known = c->steal_known && read_ticks(c, &stolen, &total) &&
                     gb_stolen_share(c->stolen_then, c->total_then, stolen, total) >= 0;
    c->stolen += stolen - c->stolen_then;
    c->total += total - c->total_then;
}

gb_disturbance gb_conditions_end(const gb_conditions *c) {
    gb_disturbance d = {.stolen = c->steal_known ? gb_stolen_share(0, 0, c->stolen, c->total) : -1};
    if (c->fastest > 0) d.drift = c->slowest / c->fastest - 1;
    if (d.stolen > GB_MOST_STOLEN) add_reason(&d, "the hypervisor took %.1f %% of the CPU's time", d.stolen * 100);
    if (d.drift > GB_MOST_DRIFT) add_reason(&d, "the core's clock changed by %.1f %%", d.drift * 100);
    return d;
}
