#include "harness/conditions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/clock.h"
#include "harness/machine.h"
#include "harness/sysfs.h"

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

/* "ns on a CPU, ns ready and waiting for one, times on one" */
static bool system_waited(void *ctx, uint64_t *waited, uint64_t *total) {
    char line[128];
    char *end = NULL;
    (void)ctx;
    if (!gb_sysfs_line("", "/proc/thread-self/schedstat", line, sizeof line)) return false;
    const uint64_t ran = strtoull(line, &end, 10);
    if (*end != ' ') return false;
    *waited = strtoull(end, &end, 10);
    *total = ran + *waited;
    return *end == ' ';
}

const gb_conditions_source gb_conditions_system = {
    .step_ns = system_step, .stolen = system_stolen, .waited = system_waited};

/* Of all CPUs that are measured on. */
static bool read_stolen(const gb_conditions *c, uint64_t *stolen, uint64_t *total) {
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

static bool read_waited(const gb_conditions *c, uint64_t *waited, uint64_t *total) {
    return c->source->waited && c->source->waited(c->source->ctx, waited, total);
}

typedef bool reading(const gb_conditions *c, uint64_t *part, uint64_t *total);

static void begin_stretch(const gb_conditions *c, reading *read, gb_conditions_share *s) {
    s->known = s->known && read(c, &s->part_then, &s->total_then);
}

static void end_stretch(const gb_conditions *c, reading *read, gb_conditions_share *s) {
    uint64_t part = 0;
    uint64_t total = 0;
    s->known = s->known && read(c, &part, &total) && gb_stolen_share(s->part_then, s->total_then, part, total) >= 0;
    s->part += part - s->part_then;
    s->total += total - s->total_then;
}

static double share_of(const gb_conditions_share *s) {
    return s->known ? gb_stolen_share(0, 0, s->part, s->total) : -1;
}

void gb_conditions_resume(gb_conditions *c) {
    begin_stretch(c, read_stolen, &c->stolen);
    begin_stretch(c, read_waited, &c->waited);
    gb_conditions_look(c);
}

void gb_conditions_begin(gb_conditions *c, const gb_conditions_source *source, const int *cpus, size_t cpu_count) {
    *c = (gb_conditions){.source = source, .cpus = cpus, .cpu_count = cpu_count};
    c->stolen.known = c->waited.known = true;
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
    gb_conditions_look(c);
    end_stretch(c, read_stolen, &c->stolen);
    end_stretch(c, read_waited, &c->waited);
}

gb_disturbance gb_conditions_end(const gb_conditions *c) {
    gb_disturbance d = {.stolen = share_of(&c->stolen), .waited = share_of(&c->waited)};
    if (c->fastest > 0) d.drift = c->slowest / c->fastest - 1;
    if (d.stolen > GB_MOST_TAKEN) add_reason(&d, "the hypervisor took %.1f %% of the CPU's time", d.stolen * 100);
    if (d.waited > GB_MOST_TAKEN) add_reason(&d, "other programs took %.1f %% of the CPU's time", d.waited * 100);
    if (d.drift > GB_MOST_DRIFT) add_reason(&d, "the core's clock changed by %.1f %%", d.drift * 100);
    return d;
}
