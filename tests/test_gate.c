/* The gate: a run without a change that is stopped, a slowdown that passes, a result of another machine or compiler
 * that is believed, a gate that is blind because its samples are too few.
 *
 * The clock is simulated (tests/support/noise.h says how noisy), every stream of numbers is seeded: what these tests
 * count is the same on every machine, so they cannot flake. A trial is a whole gate: a baseline and a run of now, each
 * of sixteen sessions, on another day, with 12 rows. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "results/gate.h"
#include "tests/support/noise.h"
#include "tests/support/sample.h"
#include "tests/support/suite.h"

enum { ROWS = 12, SESSIONS = 16, TRIALS = 200 };

/* A run of all rows; row 0 takes `slowdown` times its time. */
static void simulate(noise_clock *clock, gb_results *out, double slowdown, int yardstick) {
    noise_run(clock);
    for (int row = 0; row < ROWS; row++) {
        char name[64];
        double ns[SESSIONS];
        double ratio[SESSIONS];
        double scratch[SESSIONS];
        (void)snprintf(name, sizeof name, "gb_kernel_%02d", row);
        for (int s = 0; s < SESSIONS; s++)
            noise_session(clock, (50 + 30 * row) * (row == 0 ? slowdown : 1), &ns[s], &ratio[s]);
        sample_add(out, &(sample_record){.name = name,
                                         .ns = ns,
                                         .vs_yard = yardstick ? ratio : NULL,
                                         .n = SESSIONS,
                                         .noise = gb_noise_floor(yardstick ? ratio : ns, SESSIONS, scratch)});
    }
}

typedef struct tally {
    int failed, found, other; /* gates that fail; in which row 0 is slower at least; in which another row is */
    double width;             /* mean width of row 0's interval */
} tally;

static tally run_trials(double slowdown, double threshold, int yardstick) {
    tally t = {0};
    noise_clock clock = {0};
    char stream[64];
    (void)snprintf(stream, sizeof stream, "gate %g %g %d", slowdown, threshold, yardstick);
    gb_rng_seed(&clock.rng, 1, stream);
    for (int trial = 0; trial < TRIALS; trial++) {
        gb_results baseline = {0};
        gb_results now = {0};
        gb_gate gate;
        gb_error err = {0};
        simulate(&clock, &baseline, 1, yardstick);
        simulate(&clock, &now, slowdown, yardstick);
        ck_assert_msg(gb_gate_judge(&baseline, &now, threshold, &gate, &err) == GB_OK, "%s", err.text);
        ck_assert_uint_eq(gate.rows.count, ROWS);
        ck_assert_uint_eq(gate.unjudged, 0);
        t.failed += gate.failed > 0;
        int others = 0;
        for (size_t i = 0; i < gate.rows.count; i++) {
            const int slower = gb_gate_row(&gate, &gate.rows.of[i]) >= GB_GATE_SLOWER;
            if (i == 0)
                t.found += slower;
            else
                others |= slower;
        }
        t.other += others;
        t.width += (gate.rows.of[0].cost.high - gate.rows.of[0].cost.low) / TRIALS;
        gb_gate_free(&gate);
        gb_results_free(&baseline);
        gb_results_free(&now);
    }
    printf(
        "slowdown %4.1f %%, threshold %4.1f %%%s: %3d of %d gates fail, row found slower in %3d, another row in %2d, "
        "interval %.2f %% wide\n",
        100 * slowdown - 100, 100 * threshold, yardstick ? "" : ", no yardstick", t.failed, TRIALS, t.found, t.other,
        100 * t.width);
    return t;
}

/* No change: no gate fails, and one row or another is called slower in at most 5 % of the gates. */
START_TEST(no_change) {
    const tally t = run_trials(1, 0.05, 1);
    ck_assert_int_eq(t.failed, 0);
    ck_assert_int_le(t.found + t.other, TRIALS * 5 / 100);
}
END_TEST

/* 1 %: within the tolerance, so no gate fails, shown or not. */
START_TEST(one_percent) {
    const tally t = run_trials(1.01, 0.05, 1);
    ck_assert_int_eq(t.failed, 0);
    ck_assert_int_le(t.other, TRIALS * 5 / 100);
}
END_TEST

/* 5 %: found in at least 95 % of the gates. It is the very threshold, which the interval then covers: so it is reported
 * and does not fail. */
START_TEST(five_percent) {
    const tally t = run_trials(1.05, 0.05, 1);
    ck_assert_int_ge(t.found, TRIALS * 95 / 100);
    ck_assert_int_le(t.failed, TRIALS * 5 / 100);
}
END_TEST

/* With a threshold of 2 %, 5 % stops at least 95 % of the gates; 1 % and no change still stop none. */
START_TEST(five_percent_at_two) {
    ck_assert_int_ge(run_trials(1.05, 0.02, 1).failed, TRIALS * 95 / 100);
    ck_assert_int_eq(run_trials(1.01, 0.02, 1).failed, 0);
    ck_assert_int_eq(run_trials(1, 0.02, 1).failed, 0);
}
END_TEST

START_TEST(twenty_percent) {
    const tally t = run_trials(1.2, 0.05, 1);
    ck_assert_int_eq(t.failed, TRIALS);
    ck_assert_int_le(t.other, TRIALS * 5 / 100);
}
END_TEST

/* The same days without the yardstick: the machine's level passes for a slowdown. This is what the yardstick is for,
 * and it shows that the simulated noise is no fair weather. */
START_TEST(without_yardstick) {
    const tally t = run_trials(1, 0.05, 0);
    ck_assert_int_ge(t.failed, TRIALS * 10 / 100);
}
END_TEST

/* --- what the gate must notice ---------------------------------------------------------------------------------------
 */

static void many(gb_results *out, double level, const char *compiler, const char *cpu, size_t n) {
    double ns[SESSIONS];
    double ratio[SESSIONS];
    for (int i = 0; i < SESSIONS; i++) {
        ratio[i] = 1 + 0.001 * i;
        ns[i] = level * ratio[i];
    }
    sample_add(out, &(sample_record){.ns = ns, .vs_yard = ratio, .n = n, .compiler = compiler, .cpu_model = cpu});
}

/* Another compiler makes another yardstick: then the times themselves count. */
START_TEST(yardstick_of_another_compiler) {
    static const char *const compiler[] = {"GNU 12", "Clang 14"};
    for (int i = 0; i < 2; i++) {
        gb_results a = {0};
        gb_results b = {0};
        gb_gate gate;
        many(&a, 100, "GNU 12", NULL, SESSIONS);
        many(&b, 150, compiler[i], NULL, SESSIONS);
        ck_assert_int_eq(gb_gate_judge(&a, &b, 0.05, &gate, NULL), GB_OK);
        ck_assert_int_eq(gate.rows.of[0].basis, i ? GB_BASIS_SAMPLES : GB_BASIS_YARDSTICK);
        ck_assert_uint_eq(gate.failed, (size_t)i);
        gb_gate_free(&gate);
        gb_results_free(&a);
        gb_results_free(&b);
    }
}
END_TEST

/* Three sessions cannot show anything: the gate says how many rows it could not judge. */
START_TEST(too_few_sessions) {
    gb_results a = {0};
    gb_results b = {0};
    gb_gate gate;
    many(&a, 100, NULL, NULL, 3);
    many(&b, 200, "Clang 14", NULL, 3);
    ck_assert_int_eq(gb_gate_judge(&a, &b, 0.05, &gate, NULL), GB_OK);
    ck_assert_uint_eq(gate.unjudged, 1);
    ck_assert_uint_eq(gate.failed, 0);
    ck_assert_ptr_nonnull(strstr(gate.rows.of[0].note, "too few samples"));
    gb_gate_free(&gate);
    gb_results_free(&a);
    gb_results_free(&b);
    /* 2 / C(2n, n) <= 0.05 / rows: C(8, 4) = 70, C(12, 6) = 924, C(20, 10) = 184756 */
    ck_assert_uint_eq(gb_gate_sessions(1, 0), 4);
    ck_assert_uint_eq(gb_gate_sessions(23, 0), 6);
    ck_assert_uint_eq(gb_gate_sessions(24, 0), 7);
    ck_assert_uint_eq(gb_gate_sessions(4618, 0), 10);
    ck_assert_uint_eq(gb_gate_sessions(4619, 0), 11);
    ck_assert_uint_eq(gb_gate_sessions(1, 1), 6); /* 2 / 2^n */
    ck_assert_uint_eq(gb_gate_sessions(400, 1), 14);
    ck_assert_uint_eq(gb_gate_sessions(410, 1), 15);
}
END_TEST

START_TEST(no_partner) {
    gb_results a = {0};
    gb_results b = {0};
    gb_gate gate;
    gb_error err = {0};
    const double ns[] = {1, 2, 3};
    sample_add(&a, &(sample_record){.ns = ns, .n = 3});
    sample_add(&b, &(sample_record){.ns = ns, .n = 3, .name = "another"});
    ck_assert_int_eq(gb_gate_judge(&a, &b, 0.05, &gate, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "1 things are only in the first set, 1 only in the second"));
    gb_results_free(&a);
    gb_results_free(&b);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gate");
    TCase *tc = tcase_create("gate");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, no_change);
    tcase_add_test(tc, without_yardstick);
    if (!few_tests()) { /* the same code, other counts */
        tcase_add_test(tc, one_percent);
        tcase_add_test(tc, five_percent);
        tcase_add_test(tc, five_percent_at_two);
        tcase_add_test(tc, twenty_percent);
    }
    tcase_add_test(tc, yardstick_of_another_compiler);
    tcase_add_test(tc, too_few_sessions);
    tcase_add_test(tc, no_partner);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
