/* Sessions joined to one result: a median that is not the sessions', a noise that is not their halves', a thing that
 * one session lacks and yet is reported. And the child processes they come from. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/child.h"
#include "results/identity.h"
#include "results/join.h"
#include "tests/support/sample.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

START_TEST(medians) {
    static const double level[4] = {10, 11, 10, 13};
    gb_results session[4] = {{0}};
    gb_results all = {0};
    gb_run run;
    gb_error err = {0};
    size_t left_out = 0;
    char *const argv[] = {(char *)"check"};
    gb_run_begin(&run, 1, argv, NULL);
    for (int i = 0; i < 4; i++) {
        const double ns[] = {level[i] + 5, level[i], level[i] - 5}; /* median: the level */
        const double yard[] = {level[i] / 100, level[i] / 100, level[i] / 10};
        if (i == 2) sample_add(&session[i], &(sample_record){.ns = ns, .n = 3, .name = "only here"});
        sample_add(&session[i], &(sample_record){.ns = ns, .vs_yard = yard, .n = 3, .noise = 0.5});
        if (i >= 2) /* something spoilt these sessions */
            cJSON_AddItemToObject(session[i].of[session[i].count - 1].json, "conditions",
                                  cJSON_Parse("{\"verdict\":\"unreliable\",\"clock_drift\":0.5,\"why\":\"it\"}"));
        if (i == 0) sample_add(&session[i], &(sample_record){.ns = ns, .n = 3, .name = "gone later"});
    }
    ck_assert_msg(gb_results_join(session, 4, &run, &all, &left_out, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(all.count, 1);
    ck_assert_uint_eq(left_out, 1);
    gb_measured m;
    double x[4];
    ck_assert(gb_result_metric(&all.of[0], "ns_per_call", &m));
    ck_assert(m.median == 10.5 && m.n == 4 && m.low == 10 && m.high == 13);
    gb_measured_samples(&m, x);
    for (int i = 0; i < 4; i++) ck_assert(x[i] == level[i]); /* in the order of the sessions */
    ck_assert(gb_result_metric(&all.of[0], "vs_yardstick", &m) && fabs(m.median - 0.105) < 1e-12 && m.n == 4);
    ck_assert(gb_result_metric(&all.of[0], "aa_noise", &m));
    ck_assert(fabs(m.median - (1 - 10.0 / 12)) < 1e-12); /* halves: 10, 10 and 11, 13 */
    char sessions[8];
    ck_assert(gb_result_subject(&all.of[0], "sessions", sessions, sizeof sessions));
    ck_assert_str_eq(sessions, "4");
    ck_assert_str_eq(gb_result_text(&all.of[0], "run", "id"), run.id);
    ck_assert_str_eq(gb_result_text(&all.of[0], "run", "command"), "gaugeblock check");
    ck_assert_str_eq(gb_result_text(&all.of[0], "conditions", "verdict"), "unreliable");
    ck_assert_str_eq(gb_result_text(&all.of[0], "conditions", "why"), "2 of 4 sessions: it");
    cJSON *schema = gb_schema_read("schema.json");
    const char *problem = gb_schema_problem(all.of[0].json, schema);
    ck_assert_msg(!problem, "%s", problem);
    cJSON_Delete(schema);
    gb_results_free(&all);
    for (int i = 0; i < 4; i++) gb_results_free(&session[i]);
}
END_TEST

/* --- children -------------------------------------------------------------------------------------------------------
 */

static char *run_shell(const char *script, size_t most, int expected, int *status, gb_error *err) {
    char *const argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
    char *text = NULL;
    size_t size = 0;
    const int rc = gb_child_output(argv, most, &text, &size, status, err);
    ck_assert_msg(rc == expected, "%d: %s", rc, err->text);
    if (!rc) ck_assert_uint_eq(strlen(text), size);
    return text;
}

START_TEST(children) {
    gb_error err = {0};
    int status = -1;
    char *text = run_shell("printf 'a\\nb'; exit 3", 1000, GB_OK, &status, &err);
    ck_assert_str_eq(text, "a\nb");
    ck_assert_int_eq(status, 3);
    free(text);
    text = run_shell("kill -9 $$", 1000, GB_OK, &status, &err);
    ck_assert_int_eq(status, 128 + 9);
    free(text);
    text =
        run_shell("head -c 300000 /dev/zero | tr '\\0' x", 1000000, GB_OK, &status, &err); /* more than a pipe holds */
    ck_assert_uint_eq(strlen(text), 300000);
    free(text);
    (void)run_shell("yes", 100000, GB_EINPUT, &status, &err); /* endless: stopped, and it ends */
    ck_assert_ptr_nonnull(strstr(err.text, "writes more than"));
    char *const none[] = {(char *)"/nowhere/at/all", NULL};
    size_t size = 0;
    ck_assert_int_eq(gb_child_output(none, 10, &text, &size, &status, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all: cannot be run"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("join");
    TCase *tc = tcase_create("join");
    tcase_add_test(tc, medians);
    tcase_add_test(tc, children);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
