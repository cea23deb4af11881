/* bench/measure on a simulated clock: overhead that stays in the samples, a calibration that an interruption spoils,
 * samples that stop too early or never, an order that favours a kernel, outliers dropped, a disturbance not noticed.
 * The kernels are functions that move the clock. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/measure.h"
#include "harness/conditions.h"
#include "tests/support/suite.h"

enum { READ_NS = 20, LOG = 4096 };

static uint64_t sim_ns, pass_ns, passes_run, interrupted_at, reads;
static char order[LOG];
static size_t logged;

static uint64_t sim_now(void *ctx) {
    (void)ctx;
    sim_ns += READ_NS;
    if (++reads % 4 == interrupted_at) sim_ns += 1000000;
    return sim_ns;
}

/* Two ticks a nanosecond. */
static uint64_t sim_ticks(void *ctx) {
    (void)ctx;
    sim_ns += READ_NS;
    return 2 * sim_ns;
}

static const gb_clock sim_clock = {.now_ns = sim_now, .ticks = sim_ticks};

static float steady(const void *w, const void *a, size_t n) {
    (void)w;
    (void)a;
    (void)n;
    sim_ns += pass_ns;
    return 0;
}

/* What a pass takes, by its number: NULL is always pass_ns. */
static double (*shape_of_pass)(uint64_t pass);

static float shaped(const void *w, const void *a, size_t n) {
    (void)w;
    (void)a;
    (void)n;
    sim_ns += (uint64_t)(shape_of_pass(passes_run++) * (double)pass_ns);
    return 0;
}

static float log_a(const void *w, const void *a, size_t n) {
    if (logged < LOG) order[logged++] = 'a';
    return steady(w, a, n);
}

static float log_b(const void *w, const void *a, size_t n) {
    if (logged < LOG) order[logged++] = 'b';
    return steady(w, a, n);
}

typedef float dot_fn(const void *w, const void *a, size_t n);

/* The conditions: steps and stolen ticks as the test sets them. */
static double step_now, step_change;
static uint64_t stolen_now, stolen_change;
static bool steal_known;
static int asked_cpu, looks;

static double fake_step(void *ctx) {
    (void)ctx;
    if (looks++ == 1) step_now += step_change;
    return step_now;
}

static bool fake_stolen(void *ctx, int cpu, uint64_t *stolen, uint64_t *total) {
    (void)ctx;
    asked_cpu = cpu;
    *stolen = stolen_now;
    *total = looks ? 1100 : 1000;
    stolen_now += stolen_change;
    return steal_known;
}

static const gb_conditions_source fake_source = {.step_ns = fake_step, .stolen = fake_stolen};

static void reset(void) {
    sim_ns = 1000;
    pass_ns = 100;
    passes_run = reads = 0;
    interrupted_at = 4; /* never */
    logged = 0;
    step_now = 1;
    step_change = 0;
    stolen_now = stolen_change = 0;
    steal_known = true;
    looks = 0;
    asked_cpu = -5;
}

/* Times one or two kernels on a case of one row; the results' samples are freed by free_results. */
static void measure(dot_fn *const *fn, size_t count, gb_sampling how, gb_bench_result *results) {
    gb_stopwatch watch;
    gb_bench_case c;
    gb_rng rng;
    gb_error err = {0};
    static gb_kernel kernels[2];
    gb_bench_result *list[2] = {&results[0], &results[1]};
    ck_assert_int_eq(gb_stopwatch_new(&watch, &sim_clock, &err), GB_OK);
    ck_assert_int_eq(gb_bench_case_matrix(GB_FORMAT_q8_0, GB_OP_dot, 32, 1, 1, &c, &err), GB_OK);
    ck_assert_uint_eq(c.calls, 1);
    gb_rng_seed(&rng, 42, "test");
    how.rng = &rng;
    for (size_t i = 0; i < count; i++) {
        kernels[i] = (gb_kernel){.name = "k", .format = GB_FORMAT_q8_0, .op = GB_OP_dot, .fn = {.dot = fn[i]}};
        results[i] = (gb_bench_result){.kernel = &kernels[i], .work = c.work};
    }
    ck_assert_msg(gb_measure(&watch, &c, list, count, &how, &err) == GB_OK, "%s", err.text);
    gb_bench_case_free(&c);
}

static void free_results(gb_bench_result *results, size_t count) {
    for (size_t i = 0; i < count; i++) free(results[i].samples);
}

/* The rate is that of the clock though every fourth reading is interrupted between the two clocks, whichever it is. */
START_TEST(calibration) {
    for (uint64_t at = 0; at < 4; at++) {
        reset();
        interrupted_at = at;
        ck_assert_double_eq_tol(gb_clock_calibrate(&sim_clock, 20000000), 2e9, 100);
    }
}
END_TEST

/* Without ticks the nanoseconds are used. */
START_TEST(no_ticks) {
    reset();
    gb_stopwatch watch;
    const gb_clock clock = {.now_ns = sim_now};
    ck_assert_int_eq(gb_stopwatch_new(&watch, &clock, NULL), GB_OK);
    ck_assert(watch.ns_per_tick == 1 && watch.timer_ns == READ_NS);
    ck_assert_ptr_nonnull(strstr(watch.name, "CLOCK_MONOTONIC_RAW"));
}
END_TEST

/* The timer's own time is measured and taken off: every sample is what the kernel took, to the nanosecond. */
START_TEST(overhead_subtracted) {
    reset();
    gb_stopwatch watch;
    ck_assert_int_eq(gb_stopwatch_new(&watch, &sim_clock, NULL), GB_OK);
    ck_assert_double_eq_tol(watch.timer_ns, READ_NS, 1e-6);
    ck_assert_double_eq_tol(watch.call_ns, 0, 1e-6);
    gb_bench_result r[1];
    measure((dot_fn *[]){steady}, 1, (gb_sampling){.least = 31}, r);
    ck_assert_uint_eq(r->ns.n, 31);
    ck_assert_uint_ge(r->calls, 1000); /* 100 us at 100 ns a call */
    for (size_t i = 0; i < r->ns.n; i++) ck_assert_double_eq_tol(r->samples[i], 100, 1e-4);
    free_results(r, 1);
}
END_TEST

/* Two speeds in turn, whose median no number of samples would tell. */
static double two_speeds(uint64_t pass) {
    return (pass * 2654435761U >> 16 & 1U) != 0 ? 1.3 : 0.9;
}

/* One that settles after the first forty passes. */
static double settling(uint64_t pass) {
    return pass < 40 && pass % 2 ? 1.5 : 1;
}

static double with_outliers(uint64_t pass) {
    return pass % 20 == 10 ? 10 : 1 + (double)(pass % 3) * 0.001;
}

/* Samples are added until the interval is narrow, or the time is over; steady ones need no more than the first. */
START_TEST(precision) {
    gb_bench_result r[1];
    gb_sampling how = {.least = 31, .max_ms = 50, .precision = 0.01};
    reset();
    pass_ns = 200000;
    shape_of_pass = two_speeds;
    measure((dot_fn *[]){shaped}, 1, how, r);
    ck_assert_uint_gt(r->ns.n, 150); /* 50 ms of some 0.22 */
    ck_assert_uint_le(r->ns.n, 300);
    ck_assert(gb_bench_ci_width(r) > 0.01);
    free_results(r, 1);
    how.precision = 0;
    measure((dot_fn *[]){shaped}, 1, how, r);
    ck_assert_uint_eq(r->ns.n, 31);
    free_results(r, 1);
    how.precision = 0.01;
    how.max_ms = 1000;
    passes_run = 0;
    shape_of_pass = settling;
    measure((dot_fn *[]){shaped}, 1, how, r);
    ck_assert_uint_gt(r->ns.n, 31);
    ck_assert_uint_lt(r->ns.n, 200);
    ck_assert(gb_bench_ci_width(r) <= 0.01);
    free_results(r, 1);
    measure((dot_fn *[]){steady}, 1, how, r);
    ck_assert_uint_eq(r->ns.n, 31);
    free_results(r, 1);
}
END_TEST

/* Outliers are counted, and stay. */
START_TEST(outliers) {
    gb_bench_result r[1];
    reset();
    pass_ns = 200000;
    shape_of_pass = with_outliers;
    measure((dot_fn *[]){shaped}, 1, (gb_sampling){.least = 60}, r);
    ck_assert_uint_eq(r->ns.n, 60);
    ck_assert_uint_eq(r->ns.outliers, 3);
    ck_assert_double_eq_tol(r->ns.max, 2000000, 1);
    ck_assert_double_eq_tol(r->ns.median, 200200, 2);
    free_results(r, 1);
}
END_TEST

/* Of two kernels each comes first about as often as the other, in no fixed pattern. */
START_TEST(random_order) {
    gb_bench_result r[2];
    reset();
    pass_ns = 200000;
    measure((dot_fn *[]){log_a, log_b}, 2, (gb_sampling){.least = 100}, r);
    /* a round is two calls: with one pass a sample there is no other one before it */
    size_t first[2] = {0};
    size_t changes = 0;
    for (size_t i = logged - 200; i < logged; i += 2) {
        ck_assert_int_ne(order[i], order[i + 1]);
        first[order[i] == 'b']++;
        changes += i > logged - 200 && order[i] != order[i - 2];
    }
    ck_assert(first[0] > 25 && first[1] > 25);
    ck_assert(changes > 25 && changes < 75);
    free_results(r, 2);
}
END_TEST

/* A clock that changes and a stolen CPU mark the result and say why; what cannot be seen is not guessed. */
START_TEST(disturbances) {
    static const struct {
        double step;
        uint64_t stolen;
        bool known;
        const char *why[2];
    } cases[] = {
        {0, 0, true, {NULL, NULL}},
        {0.02, 0, true, {NULL, NULL}},
        {0.05, 0, true, {"the core's clock changed by 5.0 %", NULL}},
        {-0.2, 0, true, {"the core's clock changed by 25.0 %", NULL}},
        {0, 2, true, {"the hypervisor took 2.0 % of the CPU's time", NULL}},
        {0.05, 3, true, {"took 3.0 %", "clock changed by 5.0 %"}},
        {0, 9, false, {NULL, NULL}},
    };
    gb_bench_result r[1];
    reset();
    pass_ns = 1000000; /* 31 of them: looked at more than twice */
    step_change = cases[_i].step;
    stolen_change = cases[_i].stolen;
    steal_known = cases[_i].known;
    measure((dot_fn *[]){steady}, 1, (gb_sampling){.least = 31, .conditions = &fake_source, .cpu = 7}, r);
    ck_assert_int_eq(asked_cpu, 7);
    ck_assert_int_ge(looks, 4);
    ck_assert_int_eq(r->disturbance.why[0] != 0, cases[_i].why[0] != NULL);
    for (int i = 0; i < 2 && cases[_i].why[i]; i++)
        ck_assert_msg(strstr(r->disturbance.why, cases[_i].why[i]) != NULL, "%s", r->disturbance.why);
    ck_assert(cases[_i].known ? r->disturbance.stolen >= 0 : r->disturbance.stolen < 0);
    free_results(r, 1);
}
END_TEST

/* A guest that moves to another host may find its stolen time to have fallen: then the share is not known, and no
 * number without a meaning is printed. */
START_TEST(stolen_time_falls) {
    gb_bench_result r[1];
    reset();
    pass_ns = 1000000;
    stolen_now = 50;
    stolen_change = (uint64_t)-1;
    measure((dot_fn *[]){steady}, 1, (gb_sampling){.least = 31, .conditions = &fake_source, .cpu = 7}, r);
    ck_assert_str_eq(r->disturbance.why, "");
    ck_assert(r->disturbance.stolen < 0);
    free_results(r, 1);
}
END_TEST

/* Ticks of two CPUs, each with its own. */
static uint64_t ticks_of[2], stolen_of[2];

static bool two_cpus(void *ctx, int cpu, uint64_t *stolen, uint64_t *total) {
    (void)ctx;
    *stolen = stolen_of[cpu];
    *total = ticks_of[cpu];
    return true;
}

static double steps_of_one(void *ctx) {
    (void)ctx;
    return step_now;
}

static void pass_ticks(uint64_t total, uint64_t stolen_from_second) {
    ticks_of[0] += total;
    ticks_of[1] += total;
    stolen_of[1] += stolen_from_second;
}

/* Measurements that take turns: what happens in the other's turn is not held against one, and each CPU counts. */
START_TEST(turns) {
    static const gb_conditions_source source = {.step_ns = steps_of_one, .stolen = two_cpus};
    static const int cpus[] = {0, 1};
    gb_conditions first;
    gb_conditions second;
    reset();
    gb_conditions_begin(&first, &source, cpus, 2);
    pass_ticks(50, 0);
    gb_conditions_pause(&first);
    gb_conditions_begin(&second, &source, cpus, 2);
    pass_ticks(50, 20);
    gb_conditions_pause(&second);
    step_now = 1.5; /* from here on the clock is slower */
    gb_conditions_resume(&first);
    pass_ticks(50, 0);
    gb_conditions_pause(&first);
    const gb_disturbance a = gb_conditions_end(&first);
    const gb_disturbance b = gb_conditions_end(&second);
    ck_assert_double_eq_tol(a.stolen, 0, 1e-12);
    ck_assert_double_eq_tol(b.stolen, 0.2, 1e-12);
    ck_assert_str_eq(a.why, "the core's clock changed by 50.0 %");
    ck_assert_str_eq(b.why, "the hypervisor took 20.0 % of the CPU's time");
    gb_conditions_begin(&first, &source, cpus, 1);
    pass_ticks(50, 20);
    gb_conditions_pause(&first);
    ck_assert_double_eq_tol(gb_conditions_end(&first).stolen, 0, 1e-12); /* the other CPU's */
}
END_TEST

static uint64_t waited_now, present_now;

static bool fake_waited(void *ctx, uint64_t *waited, uint64_t *total) {
    (void)ctx;
    *waited = waited_now;
    *total = present_now;
    return present_now > 0;
}

static bool no_ticks_known(void *ctx, int cpu, uint64_t *stolen, uint64_t *total) {
    (void)ctx;
    (void)cpu;
    (void)stolen;
    (void)total;
    return false;
}

/* Another program on the same CPU marks the result; time asleep counts for nothing; a system that does not say is not
 * guessed at. */
START_TEST(busy_cpu) {
    static const gb_conditions_source source = {
        .step_ns = steps_of_one, .stolen = no_ticks_known, .waited = fake_waited};
    gb_conditions c;
    gb_disturbance d;
    reset();
    present_now = 1000;
    gb_conditions_begin(&c, &source, NULL, 0);
    waited_now = 30;
    present_now = 1600;
    gb_conditions_pause(&c);
    d = gb_conditions_end(&c);
    ck_assert_double_eq_tol(d.waited, 0.05, 1e-12);
    ck_assert_str_eq(d.why, "other programs took 5.0 % of the CPU's time");
    present_now = 5000; /* not its turn */
    waited_now = 500;
    gb_conditions_resume(&c);
    present_now += 5400;
    gb_conditions_pause(&c);
    d = gb_conditions_end(&c);
    ck_assert_double_eq_tol(d.waited, 0.005, 1e-12);
    ck_assert_str_eq(d.why, "");
    present_now = 0;
    gb_conditions_begin(&c, &source, NULL, 0);
    gb_conditions_pause(&c);
    ck_assert(gb_conditions_end(&c).waited < 0);
}
END_TEST

/* The real source: a chain takes time, and the same again within a factor that no clock has. */
START_TEST(real_conditions) {
    const double a = gb_conditions_system.step_ns(NULL);
    const double b = gb_conditions_system.step_ns(NULL);
    ck_assert(a > 0.01 && a < 1000 && b > 0.01);
    uint64_t waited = 1;
    uint64_t total = 0;
    if (access("/proc/thread-self/schedstat", R_OK) == 0)
        ck_assert(gb_conditions_system.waited(NULL, &waited, &total) &&
                  total >= waited); /* a run is counted when it ends */
}
END_TEST

int main(void) {
    Suite *suite = suite_create("measure");
    TCase *tc = tcase_create("measure");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, calibration);
    tcase_add_test(tc, no_ticks);
    tcase_add_test(tc, overhead_subtracted);
    tcase_add_test(tc, precision);
    tcase_add_test(tc, outliers);
    tcase_add_test(tc, random_order);
    tcase_add_loop_test(tc, disturbances, 0, 7);
    tcase_add_test(tc, stolen_time_falls);
    tcase_add_test(tc, turns);
    tcase_add_test(tc, busy_cpu);
    tcase_add_test(tc, real_conditions);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
