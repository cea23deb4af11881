#include "bench/measure.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/yardstick.h"
#include "harness/alloc.h"
#include "harness/clock.h"

/* Long beside the cost of the timer (some 20 ns), short beside the time slices of a busy machine (some ms): a median of
 * many short samples shrugs off preemption, a median of few long ones does not. */
static const double sample_ns = 100000;
/* Vector units and clocks of a core settle within some 20 us of use (power licences), caches within a pass. */
static const double warm_up_ns = 200000;
enum { TIMER_TRIALS = 1001, EMPTY_CALLS = 4096, EMPTY_TRIALS = 101, MOST_SAMPLES = 2000 };

static uint64_t ticks(void) {
    return gb_tsc_hz() > 0 ? gb_tsc() : gb_now_ns();
}

static float empty_dot(const void *w, const void *a, size_t n) {
    (void)w;
    (void)a;
    (void)n;
    return 0;
}

/* One walk over the case: by the kernel, or by the yardstick where there is none. */
static void walk(const gb_bench_case *c, gb_fn fn) {
    if (fn.any)
        gb_bench_pass(c, fn);
    else
        gb_yardstick_pass(c);
}

/* Time of `passes` passes, without the timer's own. */
static double time_passes(const gb_stopwatch *watch, const gb_bench_case *c, gb_fn fn, size_t passes) {
    const uint64_t start = ticks();
    for (size_t i = 0; i < passes; i++) walk(c, fn);
    const uint64_t stop = ticks();
    return (double)(stop - start) * watch->ns_per_tick - watch->timer_ns;
}

int gb_stopwatch_new(gb_stopwatch *watch, gb_error *err) {
    const double hz = gb_tsc_hz();
    *watch = (gb_stopwatch){.ns_per_tick = hz > 0 ? 1e9 / hz : 1};
    if (hz > 0)
        (void)snprintf(watch->name, sizeof watch->name, "TSC at %.3f GHz", hz / 1e9);
    else
        (void)snprintf(watch->name, sizeof watch->name, "CLOCK_MONOTONIC_RAW (no invariant TSC)");
    double *trial = gb_new(TIMER_TRIALS, sizeof *trial, "bench: timer", err);
    if (!trial) return GB_ESYSTEM;
    for (int i = 0; i < TIMER_TRIALS; i++) {
        const uint64_t start = ticks();
        const uint64_t stop = ticks();
        trial[i] = (double)(stop - start) * watch->ns_per_tick;
    }
    gb_sort_doubles(trial, TIMER_TRIALS);
    watch->timer_ns = gb_percentile(trial, TIMER_TRIALS, 0.5);
    gb_bench_case empty = {.op = GB_OP_dot, .format = GB_FORMAT_f32, .shape = {1, 1, 1}, .calls = EMPTY_CALLS};
    uint8_t nothing[8] = {0};
    empty.part[0] = empty.part[1] = nothing;
    for (int i = 0; i < EMPTY_TRIALS; i++)
        trial[i] = time_passes(watch, &empty, (gb_fn){.dot = empty_dot}, 1) / EMPTY_CALLS;
    gb_sort_doubles(trial, EMPTY_TRIALS);
    watch->call_ns = gb_percentile(trial, EMPTY_TRIALS, 0.5);
    free(trial);
    return GB_OK;
}

/* Warms up and finds how many passes make a sample of at least `wanted` ns; *sample: how long it will take. */
static size_t calibrate(const gb_stopwatch *watch, const gb_bench_case *c, gb_fn fn, double wanted, double *sample) {
    double spent = 0;
    size_t passes = 1;
    for (;;) {
        const double first = time_passes(watch, c, fn, passes);
        const double second = time_passes(watch, c, fn, passes);
        const double ns = first < second ? first : second; /* an interrupt must not pass for slowness */
        spent += ns > 0 ? 2 * ns : 0;
        *sample = ns > wanted ? ns : wanted;
        if (ns >= wanted) return passes;
        if (ns > wanted / 16 && spent > warm_up_ns) return (size_t)((double)passes * wanted / ns) + 1;
        if (ns <= wanted / 16 || passes < 16) passes *= 2;
    }
}

static void shuffle(gb_rng *rng, size_t *order, size_t count) {
    for (size_t i = count; i > 1; i--) {
        const size_t j = gb_rng_below(rng, (uint32_t)i);
        const size_t t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}

/* One pass on data that no cache holds. The kernel's code and the translations of its addresses are warm: it ran
 * before.
 */
static double time_cold(const gb_stopwatch *watch, const gb_bench_case *c, gb_fn fn) {
    walk(c, fn);
    gb_bench_case_evict(c);
    return time_passes(watch, c, fn, 1);
}

/* What the rounds share: the order, with the yardstick as the last of the kernels. */
typedef struct round_plan {
    const gb_stopwatch *watch;
    const gb_bench_case *c;
    gb_bench_result **results;
    size_t count, yard_passes;
    double *yard; /* ns per pass, round by round; NULL: no yardstick */
    size_t *order;
    bool cold;
} round_plan;

static void take_sample(const round_plan *r, size_t which, size_t round) {
    const bool yardstick = r->yard && which == r->count;
    const gb_fn fn = yardstick ? (gb_fn){.any = NULL} : r->results[which]->kernel->fn;
    const size_t passes = yardstick ? r->yard_passes : r->results[which]->calls / r->c->calls;
    if (!r->cold && passes > 1 && r->count + (r->yard != NULL) > 1) walk(r->c, fn); /* another one ran before */
    const double ns = r->cold ? time_cold(r->watch, r->c, fn) : time_passes(r->watch, r->c, fn, passes);
    if (yardstick) {
        r->yard[round] = ns / (double)passes;
        return;
    }
    const double per_call = ns / (double)r->results[which]->calls - r->watch->call_ns;
    r->results[which]->samples[round] = per_call > 0 ? per_call : 0;
}

static void sample_rounds(const round_plan *r, size_t samples, const gb_sampling *how) {
    const size_t entries = r->count + (r->yard != NULL);
    for (size_t i = 0; i < entries; i++) r->order[i] = i;
    for (size_t s = 0; s < samples; s++) {
        if (!how->alternate) shuffle(how->rng, r->order, entries);
        for (size_t i = 0; i < entries; i++) take_sample(r, r->order[how->alternate && s % 2 ? entries - 1 - i : i], s);
    }
}

/* A pass of its own, so that starting and stopping counters disturbs no timing. */
static void count_events(const gb_bench_case *c, gb_bench_result *r, const gb_sampling *how) {
    gb_counters *counters = how->counters;
    const size_t passes = r->calls / c->calls;
    if (how->cold) gb_bench_case_evict(c);
    gb_counters_start(counters);
    for (size_t i = 0; i < passes; i++) gb_bench_pass(c, r->kernel->fn);
    gb_counters_stop(counters, &r->counters);
    r->counted_calls = (double)r->calls;
}

/* Passes per sample of every kernel; returns how many rounds give at least the samples and the time asked for. */
static size_t calibrate_all(const gb_stopwatch *watch, const gb_bench_case *c, gb_bench_result **results, size_t count,
                            const gb_sampling *how) {
    double shortest = 0;
    for (size_t i = 0; i < count; i++) {
        double sample = 0;
        const gb_fn fn = results[i]->kernel->fn;
        results[i]->calls = c->calls;
        if (how->cold)
            sample = time_cold(watch, c, fn);
        else
            results[i]->calls *= calibrate(watch, c, fn, sample_ns, &sample);
        if (sample < 1) sample = 1; /* below the timer's own cost */
        if (i == 0 || sample < shortest) shortest = sample;
    }
    double rounds = how->min_ms * 1e6 / shortest + 1;
    if (rounds > MOST_SAMPLES) rounds = MOST_SAMPLES;
    return rounds > (double)how->least ? (size_t)rounds : how->least;
}

/* Ratios to the yardstick of the same round. */
static void relate(gb_bench_result *r, const double *yard, size_t samples, double *scratch) {
    for (size_t s = 0; s < samples; s++) r->vs_yardstick[s] = yard[s] > 0 ? r->samples[s] / yard[s] : 0;
    r->yard = gb_summarize(r->vs_yardstick, samples, scratch);
    r->yard_noise = samples > 1 ? gb_noise_floor(r->vs_yardstick, samples, scratch) : 0;
}

static int reserve(round_plan *r, size_t samples, bool yardstick, gb_error *err) {
    r->order = gb_new(r->count + 1, sizeof *r->order, "bench: order", err);
    if (!r->order) return GB_ESYSTEM;
    if (yardstick && !(r->yard = gb_new(samples, sizeof *r->yard, "bench: samples", err))) return GB_ESYSTEM;
    for (size_t i = 0; i < r->count; i++) {
        gb_bench_result *x = r->results[i];
        x->samples = gb_new(samples, sizeof *x->samples, "bench: samples", err);
        if (!x->samples) return GB_ESYSTEM;
        if (!yardstick) continue;
        x->vs_yardstick = gb_new(samples, sizeof *x->vs_yardstick, "bench: samples", err);
        if (!x->vs_yardstick) return GB_ESYSTEM;
    }
    return GB_OK;
}

int gb_measure(const gb_stopwatch *watch, const gb_bench_case *c, gb_bench_result **results, size_t count,
               const gb_sampling *how, gb_error *err) {
    const size_t samples = calibrate_all(watch, c, results, count, how);
    round_plan r = {.watch = watch, .c = c, .results = results, .count = count, .cold = how->cold};
    double unused = 0;
    r.yard_passes = 1;
    if (how->yardstick && !how->cold) r.yard_passes = calibrate(watch, c, (gb_fn){.any = NULL}, sample_ns, &unused);
    double *scratch = gb_new(samples, sizeof *scratch, "bench: samples", err);
    const int rc = scratch ? reserve(&r, samples, how->yardstick, err) : GB_ESYSTEM;
    if (!rc) sample_rounds(&r, samples, how);
    for (size_t i = 0; !rc && i < count; i++) {
        gb_bench_result *x = results[i];
        x->ns = gb_summarize(x->samples, samples, scratch);
        x->noise = samples > 1 ? gb_noise_floor(x->samples, samples, scratch) : 0;
        if (r.yard) relate(x, r.yard, samples, scratch);
        if (how->counters) count_events(c, x, how);
    }
    free(r.order);
    free(r.yard);
    free(scratch);
    return rc;
}
