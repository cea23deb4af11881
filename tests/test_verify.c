/* Tests the tester: every saboteur must be caught and named, its replay line must fail alone in the same way, and
 * honest kernels must pass. */
#include <check.h>
#include <stdbool.h>
#include <string.h>

#include "kernels/registry.h"
#include "reference/reference.h"
#include "tests/support/saboteurs.h"
#include "tests/support/suite.h"
#include "verify/verify.h"

static void run_options(gb_verify_options options, const gb_kernel *kernels, size_t count, gb_verify_report *report) {
    options.kernels = kernels;
    options.count = count;
    gb_error err = {0};
    ck_assert_msg(gb_verify_run(&options, report, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(report->rows, count);
}

static void run(const gb_kernel *kernels, size_t count, uint64_t seed, gb_effort effort, const char *only,
                gb_verify_report *report) {
    gb_verify_options options = gb_verify_defaults();
    options.seed = seed;
    options.effort = effort;
    options.only = only;
    run_options(options, kernels, count, report);
}

static const gb_kernel *saboteur(const char *name) {
    size_t i = 0;
    while (i < gb_saboteur_count && strcmp(gb_saboteurs[i].kernel.name, name) != 0) i++;
    ck_assert_uint_lt(i, gb_saboteur_count);
    return &gb_saboteurs[i].kernel;
}

/* Catches: a verifier that misses a class of faults, or reports it without the name or the place. */
START_TEST(saboteur_is_caught) {
    const gb_saboteur *s = &gb_saboteurs[_i];
    gb_verify_report report;
    run(&s->kernel, 1, 42, GB_EFFORT_FULL, NULL, &report);
    const gb_verify_result *r = &report.results[0];
    ck_assert_msg(r->verdict == GB_VERIFY_FAIL, "%s was not caught", s->kernel.name);
    ck_assert_msg(strstr(r->reason, s->expect) != NULL, "%s: '%s' lacks '%s'", s->kernel.name, r->reason, s->expect);
    ck_assert_ptr_nonnull(strstr(r->reason, s->kernel.name));
    ck_assert_uint_eq(report.fail, 1);

    /* the replay line names exactly one case, which fails alone in the same words */
    const char *only = strstr(r->replay, " --case ");
    ck_assert_ptr_nonnull(only);
    gb_verify_report again;
    run(&s->kernel, 1, 42, GB_EFFORT_FULL, only + strlen(" --case "), &again);
    ck_assert_str_eq(again.results[0].reason, r->reason);
    ck_assert_uint_ge(again.results[0].cases, 1);
    ck_assert_uint_lt(again.results[0].cases, r->cases);
    gb_verify_free(&again);
    gb_verify_free(&report);
}
END_TEST

/* Catches: a run that stops at the first crash, or lets one row's verdict leak into the next. */
START_TEST(run_goes_on_after_crashes) {
    gb_kernel table[3];
    table[0] = *saboteur("sabotage_illegal_instruction");
    table[1] = (gb_kernel){"honest_add", GB_FORMAT_f32, GB_OP_add, GB_ISA_scalar, {.add = gb_ref_f32_add}};
    table[2] = table[0];
    gb_verify_report report;
    run(table, 3, 7, GB_EFFORT_QUICK, NULL, &report);
    ck_assert_int_eq(report.results[0].verdict, GB_VERIFY_FAIL);
    ck_assert_msg(report.results[1].verdict == GB_VERIFY_OK, "%s", report.results[1].reason);
    ck_assert_int_eq(report.results[2].verdict, GB_VERIFY_FAIL);
    ck_assert_uint_eq(report.results[0].failed_cases, report.results[0].cases);
    gb_verify_free(&report);
}
END_TEST

static bool has_kernels(int format, int op) {
    for (size_t i = 0; i < gb_kernel_count; i++)
        if ((int)gb_kernels[i].format == format && (int)gb_kernels[i].op == op) return true;
    return false;
}

/* The reference as if it were a kernel; `alone`: only where no kernel has it computed anyway. */
static size_t honest_table(gb_kernel *table, bool alone) {
    size_t count = 0;
    for (int f = 0; f < GB_FORMAT_COUNT; f++) {
        for (int op = 0; op < GB_OP_COUNT; op++) {
            const gb_fn fn = gb_reference((gb_format)f, (gb_op)op);
            if (fn.any && !(alone && has_kernels(f, op)))
                table[count++] = (gb_kernel){"honest", (gb_format)f, (gb_op)op, GB_ISA_scalar, fn};
        }
    }
    return count;
}

/* Catches: cases outside an operation's domain, inputs that leave too few live outputs, state that leaks between rows;
 * under sanitizers also undefined behaviour of the reference on any of the hostile inputs. */
START_TEST(honest_kernels_pass) {
    static const struct {
        uint64_t seed;
        gb_effort effort;
    } runs[] = {{42, GB_EFFORT_FULL}, {0xfeedface, GB_EFFORT_QUICK}};
    if (few_tests() && runs[_i].effort == GB_EFFORT_FULL) return; /* the other has the same operations and more */
    gb_kernel table[GB_FORMAT_COUNT * GB_OP_COUNT];
    const size_t count = honest_table(table, runs[_i].effort == GB_EFFORT_FULL);
    gb_verify_report report;
    run(table, count, runs[_i].seed, runs[_i].effort, NULL, &report);
    for (size_t i = 0; i < count; i++) {
        const gb_verify_result *r = &report.results[i];
        ck_assert_msg(r->verdict == GB_VERIFY_OK, "%s %s: %s", gb_formats[r->kernel->format].name,
                      gb_op_names[r->kernel->op], r->reason);
        ck_assert_uint_gt(r->cases, 40);
        ck_assert_uint_gt(r->outputs, 200);
    }
    gb_verify_free(&report);
}
END_TEST

/* Catches: a kernel of the table, on any instruction set of this machine, that differs from the reference. */
START_TEST(table_is_right) {
    gb_verify_options options = gb_verify_defaults();
    if (few_tests()) options.effort = GB_EFFORT_QUICK;
    gb_verify_report report;
    gb_error err = {0};
    ck_assert_int_eq(gb_verify_run(&options, &report, &err), GB_OK);
    for (size_t i = 0; i < report.rows; i++)
        ck_assert_msg(report.results[i].verdict != GB_VERIFY_FAIL, "%s\n%s", report.results[i].reason,
                      report.results[i].replay);
    ck_assert_uint_eq(report.ok + report.skip, gb_kernel_count);
    gb_verify_free(&report);
}
END_TEST

/* Catches: slack that hides more than reads of a vector behind the end (writes there, reads before the start), or is
 * not there; and a replay line without it, which would not fail. */
START_TEST(slack_is_for_reads) {
    static const struct {
        const char *name;
        gb_verdict verdict;
    } rows[] = {{"sabotage_reads_past_weights", GB_VERIFY_OK},
                {"sabotage_overruns_output", GB_VERIFY_FAIL},
                {"sabotage_reads_before_weights", GB_VERIFY_FAIL},
                {"sabotage_overruns_scratch", GB_VERIFY_FAIL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gb_verify_options options = gb_verify_defaults();
        options.effort = GB_EFFORT_QUICK;
        options.slack = true;
        gb_verify_report report;
        run_options(options, saboteur(rows[i].name), 1, &report);
        const gb_verify_result *r = &report.results[0];
        ck_assert_msg(r->verdict == rows[i].verdict, "%s: %s", rows[i].name, r->reason);
        if (r->verdict == GB_VERIFY_FAIL) ck_assert_ptr_nonnull(strstr(r->replay, " --slack"));
        gb_verify_free(&report);
    }
}
END_TEST

/* Catches: a row that cannot run counted as passed, or called. */
START_TEST(missing_kernels_are_skipped) {
    const gb_kernel table[] = {{"not_built", GB_FORMAT_f32, GB_OP_add, GB_ISA_neon, {.any = NULL}},
                               {"no_function", GB_FORMAT_f32, GB_OP_add, GB_ISA_scalar, {.any = NULL}}};
    gb_verify_report report;
    run(table, 2, 42, GB_EFFORT_QUICK, NULL, &report);
    ck_assert_uint_eq(report.skip, 2);
    ck_assert_uint_gt(strlen(report.results[0].reason), 0);
    ck_assert_uint_gt(strlen(report.results[1].reason), 0);
    ck_assert_uint_eq(report.results[0].cases, 0);
    gb_verify_free(&report);
}
END_TEST

/* Catches: inputs that do not depend on the seed, or depend on anything else. */
START_TEST(seed_decides_the_inputs) {
    const gb_kernel *two = saboteur("sabotage_two_accumulators");
    gb_verify_report a;
    gb_verify_report b;
    gb_verify_report c;
    run(two, 1, 5, GB_EFFORT_QUICK, NULL, &a);
    run(two, 1, 5, GB_EFFORT_QUICK, NULL, &b);
    run(two, 1, 6, GB_EFFORT_QUICK, NULL, &c);
    ck_assert_str_eq(a.results[0].reason, b.results[0].reason);
    ck_assert_str_ne(a.results[0].reason, c.results[0].reason);
    gb_verify_free(&a);
    gb_verify_free(&b);
    gb_verify_free(&c);
}
END_TEST

/* Catches: a selection that matches nothing and passes. */
START_TEST(empty_selections_are_errors) {
    gb_verify_options options = gb_verify_defaults();
    options.format = GB_FORMAT_q8_K;
    options.op = GB_OP_dot;
    gb_verify_report report;
    gb_error err = {0};
    ck_assert_int_eq(gb_verify_run(&options, &report, &err), GB_EINPUT);
    gb_verify_free(&report);
    const gb_kernel honest = {"honest", GB_FORMAT_f32, GB_OP_add, GB_ISA_scalar, {.add = gb_ref_f32_add}};
    options = gb_verify_defaults();
    options.kernels = &honest;
    options.count = 1;
    options.only = "no-such-case";
    ck_assert_int_eq(gb_verify_run(&options, &report, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "no-such-case"));
    gb_verify_free(&report);
}
END_TEST

/* Catches: a row that passes on zeros and NaNs alone, or without any comparison; and live counts that count them. */
START_TEST(vacuous_rows_fail) {
    ck_assert(gb_verify_is_vacuous(0, 0));
    ck_assert(gb_verify_is_vacuous(0, 10));
    ck_assert(gb_verify_is_vacuous(4, 10));
    ck_assert(!gb_verify_is_vacuous(5, 10));
    ck_assert(!gb_verify_is_vacuous(10, 10));
    static const char *const dead[] = {"x=zero", "x=nan", "x=normal"};
    const gb_kernel honest = {"honest", GB_FORMAT_f32, GB_OP_add, GB_ISA_scalar, {.add = gb_ref_f32_add}};
    size_t live[3];
    for (size_t i = 0; i < 3; i++) {
        gb_verify_report report;
        run(&honest, 1, 42, GB_EFFORT_FULL, dead[i], &report);
        ck_assert_uint_eq(report.results[0].outputs, 70);
        live[i] = report.results[0].live;
        gb_verify_free(&report);
    }
    ck_assert_uint_eq(live[0], 0);
    ck_assert(live[1] > 0 && live[1] < 70);
    ck_assert_uint_eq(live[2], 70);
}
END_TEST

/* Catches: bench timing a broken kernel. */
START_TEST(single_row_is_judged) {
    gb_verify_result r;
    gb_error err = {0};
    ck_assert_int_eq(gb_verify_kernel(&gb_saboteurs[0].kernel, 42, &r, &err), GB_OK);
    ck_assert_int_eq(r.verdict, GB_VERIFY_FAIL);
    const gb_kernel honest = {"honest", GB_FORMAT_f32, GB_OP_add, GB_ISA_scalar, {.add = gb_ref_f32_add}};
    ck_assert_int_eq(gb_verify_kernel(&honest, 42, &r, &err), GB_OK);
    ck_assert_int_eq(r.verdict, GB_VERIFY_OK);
}
END_TEST

/* Catches: an exact sum that is not one (error above what nb + 4 float additions can do), or a zero that was not
 * measured. */
START_TEST(dot_error_is_small_and_real) {
    for (int f = 0; f < GB_FORMAT_COUNT; f++) {
        const double e = gb_verify_dot_error((gb_format)f, 42);
        if (!gb_formats[f].is_weight) {
            ck_assert(e < 0.0);
            continue;
        }
        ck_assert_msg(e > 0.0 && e < 1e-5, "%s: %g", gb_formats[f].name, e);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("verify");
    TCase *tcase = tcase_create("verify");
    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, saboteur_is_caught, 0, (int)gb_saboteur_count);
    tcase_add_test(tcase, run_goes_on_after_crashes);
    tcase_add_loop_test(tcase, honest_kernels_pass, 0, 2);
    tcase_add_test(tcase, table_is_right);
    tcase_add_test(tcase, slack_is_for_reads);
    tcase_add_test(tcase, missing_kernels_are_skipped);
    tcase_add_test(tcase, seed_decides_the_inputs);
    tcase_add_test(tcase, empty_selections_are_errors);
    tcase_add_test(tcase, vacuous_rows_fail);
    tcase_add_test(tcase, single_row_is_judged);
    tcase_add_test(tcase, dot_error_is_small_and_real);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
