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

/* How often the conditions are looked at. */
static const double look_ns = 10e6;
/* Samples are added by this much at a time. */
enum { MORE_SAMPLES = 10 };

static uint64_t ticks(const gb_stopwatch *watch) {
    const gb_clock *c = &watch->clock;
    return c->ticks ? c->ticks(c->ctx) : c->now_ns(c->ctx);
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
    const uint64_t start = ticks(watch);
    for (size_t i = 0; i < passes; i++) walk(c, fn);
    const uint64_t stop = ticks(watch);
    return (double)(stop - start) * watch->ns_per_tick - watch->timer_ns;
}

int gb_stopwatch_new(gb_stopwatch *watch, const gb_clock *clock, gb_error *err) {
    double hz = 0;
    *watch = (gb_stopwatch){.clock = clock ? *clock : gb_clock_system};
    if (!clock && gb_tsc_hz() <= 0) watch->clock.ticks = NULL;
    if (watch->clock.ticks) hz = clock ? gb_clock_calibrate(clock, 20000000U) : gb_tsc_hz();
    watch->ns_per_tick = hz > 0 ? 1e9 / hz : 1;
    if (hz > 0)
        (void)snprintf(watch->name, sizeof watch->name, "TSC at %.3f GHz", hz / 1e9);
    else
        (void)snprintf(watch->name, sizeof watch->name, "CLOCK_MONOTONIC_RAW (no invariant TSC)");
    double *trial = gb_new(TIMER_TRIALS, sizeof *trial, "bench: timer", err);
    if (!trial) return GB_ESYSTEM;
    for (int i = 0; i < TIMER_TRIALS; i++) {
        const uint64_t start = ticks(watch);
        const uint64_t stop = ticks(watch);
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
    gb_conditions conditions;
    double looked; /* when */
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

static double now_ns(const round_plan *r) {
    return (double)r->watch->clock.now_ns(r->watch->clock.ctx);
}

/* Rounds `from` to `to` - 1. */
static void sample_rounds(round_plan *r, size_t from, size_t to, const gb_sampling *how) {
    const size_t entries = r->count + (r->yard != NULL);
    for (size_t s = from; s < to; s++) {
        if (!how->alternate) shuffle(how->rng, r->order, entries);
        for (size_t i = 0; i < entries; i++) take_sample(r, r->order[how->alternate && s % 2 ? entries - 1 - i : i], s);
        if (!how->conditions || now_ns(r) - r->looked < look_ns) continue;
        gb_conditions_look(&r->conditions);
        r->looked = now_ns(r);
    }
}

static bool precise(const round_plan *r, size_t samples, double precision, double *scratch) {
    for (size_t i = 0; i < r->count; i++) {
        const gb_summary s = gb_summarize(r->results[i]->samples, samples, scratch);
        if (s.high - s.low > precision * s.median) return false;
    }
    return true;
}

/* The rounds that were planned, and more while they help; returns how many. */
static size_t sample_all(round_plan *r, size_t planned, size_t most, const gb_sampling *how, double *scratch) {
    const double entries = (double)(r->count + (r->yard != NULL));
    size_t done = planned;
    r->looked = now_ns(r);
    const double end = r->looked + how->max_ms * 1e6 * entries;
    for (size_t i = 0; i < r->count + (r->yard != NULL); i++) r->order[i] = i;
    sample_rounds(r, 0, planned, how);
    while (how->precision > 0 && done < most && now_ns(r) < end && !precise(r, done, how->precision, scratch)) {
        const size_t to = done + MORE_SAMPLES < most ? done + MORE_SAMPLES : most;
        sample_rounds(r, done, to, how);
        done = to;
    }
    return done;
}

/* One group of counters, in passes of its own. */
static void count_group(const round_plan *r, gb_bench_result *x, const gb_sampling *how, gb_counter_group group) {
    const double least = how->cold ? 0 : gb_counters_least_ns(group);
    const size_t passes = x->calls / r->c->calls;
    double calls = 0;
    if (how->cold) gb_bench_case_evict(r->c);
    gb_counters_start(how->counters, group);
    const double start = now_ns(r);
    do {
        for (size_t i = 0; i < passes; i++) gb_bench_pass(r->c, x->kernel->fn);
        calls += (double)x->calls;
    } while (now_ns(r) - start < least);
    gb_counters_stop(how->counters, group, calls, &x->counters);
}

/* After the timing, so that starting and stopping counters disturbs none; group by group, so that each has the hardware
 * for itself. */
static int count_events(const round_plan *r, gb_bench_result *x, const gb_sampling *how, gb_error *err) {
    const int rc = gb_counters_new_set(how->counters, &x->counters, err);
    for (int g = 0; !rc && g < GB_COUNTER_GROUP_COUNT; g++)
        if (gb_counters_any(how->counters, (gb_counter_group)g)) count_group(r, x, how, (gb_counter_group)g);
    return rc;
}

static size_t rounds_of(double ms, double sample_length, size_t least) {
    double rounds = ms * 1e6 / sample_length + 1;
    if (rounds > MOST_SAMPLES) rounds = MOST_SAMPLES;
    return rounds > (double)least ? (size_t)rounds : least;
}

/* Passes per sample of every kernel; returns how many rounds give at least the samples and the time asked for. */
static size_t calibrate_all(const gb_stopwatch *watch, const gb_bench_case *c, gb_bench_result **results, size_t count,
                            const gb_sampling *how, size_t *most) {
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
    const size_t planned = rounds_of(how->min_ms, shortest, how->least);
    *most = how->precision > 0 ? rounds_of(how->max_ms, shortest, planned) : planned;
    return planned;
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

static int finish(const round_plan *r, size_t samples, const gb_sampling *how, double *scratch, gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < r->count; i++) {
        gb_bench_result *x = r->results[i];
        x->ns = gb_summarize(x->samples, samples, scratch);
        x->noise = samples > 1 ? gb_noise_floor(x->samples, samples, scratch) : 0;
        if (r->yard) relate(x, r->yard, samples, scratch);
        if (how->counters) rc = count_events(r, x, how, err);
    }
    return rc;
}

int gb_measure(const gb_stopwatch *watch, const gb_bench_case *c, gb_bench_result **results, size_t count,
               const gb_sampling *how, gb_error *err) {
    size_t most = 0;
    const size_t planned = calibrate_all(watch, c, results, count, how, &most);
    round_plan r = {.watch = watch, .c = c, .results = results, .count = count, .cold = how->cold};
    double unused = 0;
    r.yard_passes = 1;
    if (how->yardstick && !how->cold) r.yard_passes = calibrate(watch, c, (gb_fn){.any = NULL}, sample_ns, &unused);
    double *scratch = gb_new(most, sizeof *scratch, "bench: samples", err);
    int rc = scratch ? reserve(&r, most, how->yardstick, err) : GB_ESYSTEM;
    if (!rc) {
        if (how->conditions) gb_conditions_begin(&r.conditions, how->conditions, &how->cpu, how->cpu >= 0);
        const size_t samples = sample_all(&r, planned, most, how, scratch);
        if (how->conditions) gb_conditions_pause(&r.conditions);
        const gb_disturbance d =
            how->conditions ? gb_conditions_end(&r.conditions) : (gb_disturbance){.stolen = -1, .waited = -1};
        for (size_t i = 0; i < count; i++) results[i]->disturbance = d;
        rc = finish(&r, samples, how, scratch, err);
    }
    free(r.order);
    free(r.yard);
    free(scratch);
    return rc;
}
