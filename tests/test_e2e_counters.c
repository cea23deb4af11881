/* model/e2e_counters: one thread's counts taken for the team's, energy counted once per thread, a count that one thread
 * lacks given as if it were whole, tokens miscounted; and what spoilt one cell's turns held against another. On the
 * default model and a fake system. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/e2e.h"
#include "model/e2e_counters.h"
#include "tests/support/fake_perf.h"
#include "tests/support/fake_root.h"
#include "tests/support/suite.h"

enum { THREADS = 3 };

static double value_of(const gb_counter_set *s, const char *name) {
    const gb_counter_value *v = gb_counter_find(s, name);
    ck_assert_msg(v != NULL, "%s is absent", name);
    return v->value;
}

static void put_energy(const char *energy) {
    fake_root_put("/sys/class/powercap/intel-rapl:0/name", "package-0");
    fake_root_put("/sys/class/powercap/intel-rapl:0/energy_uj", energy);
}

static const gb_counter_choice both = {.group = {[GB_COUNTER_GROUP_core] = true, [GB_COUNTER_GROUP_energy] = true}};

/* Every thread opens its own events; counts add up, joules do not. */
START_TEST(team) {
    fake_perf f = fake_perf_of("2\n");
    const gb_perf_backend backend = fake_perf_backend(&f);
    gb_team_counters *t = NULL;
    gb_counter_set s;
    gb_pool *pool = NULL;
    put_energy("1000000");
    ck_assert_int_eq(gb_pool_new(THREADS, NULL, 0, &pool, NULL), GB_OK);
    ck_assert_int_eq(gb_team_counters_open(&backend, &both, pool, &t, NULL), GB_OK);
    ck_assert_int_eq(f.opens, 4 * THREADS);
    ck_assert(gb_team_counters_least_ns(t) >= 1e8);
    gb_team_counters_start(t);
    put_energy("4000000");
    ck_assert_int_eq(gb_team_counters_stop(t, 10, &s, NULL), GB_OK);
    ck_assert_double_eq_tol(value_of(&s, "cycles"), THREADS * 10 / 10.0, 1e-12);
    ck_assert_double_eq_tol(value_of(&s, "branch_misses"), THREADS * 13 / 10.0, 1e-12);
    ck_assert_double_eq_tol(value_of(&s, "energy_package"), 0.3, 1e-12);
    free(s.of);
    gb_team_counters_close(t);
    gb_pool_free(pool);
    ck_assert_int_eq(f.open_now, 0);
}
END_TEST

/* The second thread gets none of its own: then there are none of the team. */
START_TEST(one_lacks) {
    fake_perf f = fake_perf_of("2\n");
    const gb_perf_backend backend = fake_perf_backend(&f);
    gb_team_counters *t = NULL;
    gb_counter_set s;
    gb_pool *pool = NULL;
    f.refuse_from = 5;
    f.refusal = EMFILE;
    ck_assert_int_eq(gb_pool_new(2, NULL, 0, &pool, NULL), GB_OK);
    ck_assert_int_eq(gb_team_counters_open(&backend, &both, pool, &t, NULL), GB_OK);
    gb_team_counters_start(t);
    ck_assert_int_eq(gb_team_counters_stop(t, 10, &s, NULL), GB_OK);
    size_t absent = 0;
    for (size_t i = 0; i < s.count && s.of[i].group == GB_COUNTER_GROUP_core; i++) {
        absent += !s.of[i].present;
        if (!s.of[i].present) ck_assert_ptr_nonnull(strstr(s.of[i].reason, "Too many open files"));
    }
    ck_assert_uint_eq(absent, 3); /* whichever thread was first, one counter fitted for both */
    free(s.of);
    gb_team_counters_close(t);
    gb_pool_free(pool);
}
END_TEST

/* Around the tests of a model: joules per token of what was run in the interval, both tests. */
START_TEST(of_a_model) {
    fake_perf f = fake_perf_of("2\n");
    const gb_perf_backend backend = fake_perf_backend(&f);
    gb_e2e_cell cell = {.model = GB_SOURCE_DIR "/models/gauge-4m/gauge-4m-f16.gguf", .threads = 2};
    gb_error err = {0};
    put_energy("5");
    const gb_e2e_params p = {.prompt = 8,
                             .generate = 3,
                             .repetitions = 1,
                             .n_batch = 8,
                             .kv = GB_FORMAT_f16,
                             .seed = 1,
                             .cap = {.features = gb_cpu_features()},
                             .perf = &backend,
                             .counters = both};
    ck_assert_msg(gb_e2e_run(&p, &cell, 1, NULL, NULL, &err) == GB_OK, "%s", err.text);
    const double pp = value_of(&cell.pp_counters, "cycles");
    const double tg = value_of(&cell.tg_counters, "cycles");
    /* 20 cycles in all, divided by a whole number of runs of 8, or of 3, tokens */
    const double pp_runs = 20 / pp / 8;
    const double tg_runs = 20 / tg / 3;
    ck_assert_double_eq_tol(pp_runs, (double)(long)(pp_runs + 0.5), 1e-6);
    ck_assert_double_eq_tol(tg_runs, (double)(long)(tg_runs + 0.5), 1e-6);
    ck_assert(pp_runs >= 1 && tg_runs >= 1);
    ck_assert(value_of(&cell.tg_counters, "energy_package") == 0);
    ck_assert_double_eq_tol(value_of(&cell.tg_counters, "instructions") / tg, 1.1, 1e-12);
    gb_e2e_cell_free(&cell);
    ck_assert_int_eq(f.open_now, 0);
}
END_TEST

/* Every second stretch, the second cell's, loses 5 ticks of 100. */
static bool stolen_in_turns(void *ctx, int cpu, uint64_t *stolen, uint64_t *total) {
    uint64_t *calls = ctx;
    ck_assert_int_eq(cpu, -1); /* nothing is pinned */
    *total = *calls * 100;
    *stolen = (*calls + 1) / 4 * 5;
    ++*calls;
    return true;
}

static double even_step(void *ctx) {
    (void)ctx;
    return 1;
}

/* Two cells take turns, repetition by repetition; each is told what happened in its own. */
START_TEST(spoilt_turns) {
    uint64_t calls = 0;
    const gb_conditions_source source = {.step_ns = even_step, .stolen = stolen_in_turns, .ctx = &calls};
    gb_e2e_cell cells[2] = {{.model = GB_SOURCE_DIR "/models/gauge-4m/gauge-4m-f16.gguf", .threads = 1},
                            {.model = GB_SOURCE_DIR "/models/gauge-4m/gauge-4m-f16.gguf", .threads = 1}};
    gb_error err = {0};
    const gb_e2e_params p = {.generate = 2,
                             .repetitions = 2,
                             .n_batch = 8,
                             .kv = GB_FORMAT_f16,
                             .seed = 1,
                             .cap = {.features = gb_cpu_features()},
                             .conditions = &source};
    ck_assert_msg(gb_e2e_run(&p, cells, 2, NULL, NULL, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(calls, 8);
    ck_assert_double_eq_tol(cells[0].disturbance.stolen, 0, 1e-12);
    ck_assert_str_eq(cells[0].disturbance.why, "");
    ck_assert_double_eq_tol(cells[1].disturbance.stolen, 0.05, 1e-12);
    ck_assert_str_eq(cells[1].disturbance.why, "the hypervisor took 5.0 % of the CPU's time");
    for (int i = 0; i < 2; i++) gb_e2e_cell_free(&cells[i]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("e2e_counters");
    TCase *tc = tcase_create("e2e_counters");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, fake_root_enter, fake_root_leave);
    tcase_add_test(tc, team);
    tcase_add_test(tc, one_lacks);
    tcase_add_test(tc, of_a_model);
    tcase_add_test(tc, spoilt_turns);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
