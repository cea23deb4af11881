/* results/record: a record that schema.json does not allow, a quoted command that a shell would read differently, a
 * seed rounded by a double, a value that JSON cannot hold. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/record.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

/* --- records ---------------------------------------------------------------------------------------------------------
 */

static gb_record *full_record(uint64_t seed) {
    static const double samples[] = {3, 1, 2, 5, 4, 6};
    double scratch[6];
    const gb_summary summary = gb_summarize(samples, 6, scratch);
    gb_record *r = gb_record_new("kernel", "gb_q4_K_dot_scalar", NULL);
    ck_assert_ptr_nonnull(r);
    gb_record_text(r, "format", "q4_K");
    gb_record_number(r, "n", 4096);
    gb_record_metric(r, "ns_per_call", "ns", &summary, samples);
    gb_record_metric(r, "ns_per_weight", "ns", &summary, NULL);
    gb_record_value(r, "gbps", "GB/s", 12.5);
    gb_record_verify(r, "ok", NULL);
    gb_record_hash(r, "logits", "00112233445566778899aabbccddeeff");
    gb_record_hash(r, "blocks", "ffeeddccbbaa99887766554433221100");
    gb_counter_value values[] = {{.name = "cycles", .present = true, .value = 100},
                                 {.name = "instructions", .reason = "not supported"}};
    gb_record_counters(r, &(gb_counter_set){.of = values, .count = 2}, "call");
    gb_record_disturbance(r, &(gb_disturbance){.drift = 0.25, .stolen = 0.5, .why = "the clock"});
    gb_run run;
    char *const argv[] = {(char *)"bench", (char *)"--filter", (char *)"it's a $x", (char *)""};
    gb_run_begin(&run, 4, argv, NULL);
    run.seed = seed;
    run.cpus[0] = 3;
    run.cpu_count = 1;
    gb_record_run(r, &run);
    return r;
}

static cJSON *print_and_parse(gb_record *r) {
    char *text = NULL;
    gb_error err = {0};
    ck_assert_msg(gb_record_print(r, &text, &err) == GB_OK, "%s", err.text);
    ck_assert_ptr_null(strchr(text, '\n')); /* JSON lines */
    cJSON *json = cJSON_Parse(text);
    ck_assert_ptr_nonnull(json);
    free(text);
    return json;
}

static const cJSON *at(const cJSON *o, const char *a, const char *b) {
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(o, a);
    return b ? cJSON_GetObjectItemCaseSensitive(x, b) : x;
}

/* A record with every part conforms, and says what was put in. */
START_TEST(conforms_to_schema) {
    gb_record *r = full_record(42);
    cJSON *json = print_and_parse(r);
    cJSON *schema = gb_schema_read("schema.json");
    const char *problem = gb_schema_problem(json, schema);
    ck_assert_msg(!problem, "%s", problem);
    const cJSON *ns = at(json, "metrics", "ns_per_call");
    ck_assert(at(ns, "median", NULL)->valuedouble == 3.5);
    ck_assert(at(ns, "ci95_low", NULL)->valuedouble == 1 && at(ns, "ci95_high", NULL)->valuedouble == 6);
    ck_assert_int_eq(cJSON_GetArraySize(at(ns, "samples", NULL)), 6);
    ck_assert_int_eq(at(ns, "outliers", NULL)->valueint, 0);
    ck_assert_str_eq(cJSON_GetStringValue(at(json, "conditions", "verdict")), "unreliable");
    ck_assert_str_eq(cJSON_GetStringValue(at(json, "conditions", "why")), "the clock");
    ck_assert(at(json, "conditions", "stolen")->valuedouble == 0.5);
    ck_assert(at(json, "counters", "cycles")->valuedouble == 100);
    ck_assert_str_eq(cJSON_GetStringValue(at(at(json, "counters", "instructions"), "absent", NULL)), "not supported");
    ck_assert_str_eq(cJSON_GetStringValue(at(json, "run", "command")), "gaugeblock bench --filter 'it'\\''s a $x' ''");
    ck_assert_int_eq(cJSON_GetArrayItem(at(json, "run", "affinity"), 0)->valueint, 3);
    ck_assert(cJSON_IsNumber(at(json, "machine", "logical_cpus")));
    ck_assert_int_eq(cJSON_GetArraySize(at(json, "hashes", NULL)), 2);
    ck_assert_uint_eq(strlen(cJSON_GetStringValue(at(json, "run", "id"))), 16);
    cJSON_Delete(schema);
    cJSON_Delete(json);
    gb_record_free(r);
}
END_TEST

/* The checker above can fail: each damaged record is refused. */
START_TEST(checker_refuses) {
    gb_record *r = full_record(42);
    cJSON *schema = gb_schema_read("schema.json");
    for (int damage = 0; damage < 7; damage++) {
        cJSON *json = print_and_parse(r);
        cJSON *run = cJSON_GetObjectItemCaseSensitive(json, "run");
        if (damage == 0) cJSON_DeleteItemFromObjectCaseSensitive(json, "verify");
        if (damage == 1) cJSON_ReplaceItemInObjectCaseSensitive(json, "kind", cJSON_CreateString("thing"));
        if (damage == 2) cJSON_AddNullToObject(json, "extra");
        if (damage == 3) cJSON_ReplaceItemInObjectCaseSensitive(run, "seed", cJSON_CreateNumber(1.5));
        if (damage == 4) cJSON_ReplaceItemInObjectCaseSensitive(run, "command", cJSON_CreateNumber(1));
        if (damage == 6) cJSON_DeleteItemFromObjectCaseSensitive(cJSON_GetObjectItem(json, "conditions"), "verdict");
        if (damage == 5) cJSON_DeleteItemFromObjectCaseSensitive(cJSON_GetObjectItem(json, "machine"), "governor");
        ck_assert_msg(gb_schema_problem(json, schema) != NULL, "damage %d not seen", damage);
        cJSON_Delete(json);
    }
    cJSON_Delete(schema);
    gb_record_free(r);
}
END_TEST

/* Seeds are 64 bits wide, a double is not. */
START_TEST(seed_is_exact) {
    gb_record *r = full_record(UINT64_C(18446744073709551557));
    char *text = NULL;
    ck_assert_int_eq(gb_record_print(r, &text, NULL), GB_OK);
    ck_assert_ptr_nonnull(strstr(text, "\"seed\":18446744073709551557"));
    free(text);
    gb_record_free(r);
}
END_TEST

/* An infinite ratio is an error that names it, not a null. */
START_TEST(not_finite) {
    gb_record *r = full_record(1);
    gb_record_value(r, "vs_scalar", "ratio", INFINITY);
    char *text = NULL;
    gb_error err = {0};
    ck_assert_int_eq(gb_record_print(r, &text, &err), GB_ESYSTEM);
    ck_assert_ptr_nonnull(strstr(err.text, "vs_scalar"));
    ck_assert_ptr_nonnull(strstr(err.text, "gb_q4_K_dot_scalar"));
    ck_assert_ptr_null(text);
    gb_record_free(r);
}
END_TEST

/* A full device is reported, at the latest when the stream is flushed by its owner. */
START_TEST(write_fails) {
    FILE *out = fopen("/dev/full", "w");
    if (!out) return;
    (void)setvbuf(out, NULL, _IONBF, 0);
    gb_record *r = full_record(1);
    gb_error err = {0};
    ck_assert_int_eq(gb_record_write(r, out, &err), GB_ESYSTEM);
    gb_record_free(r);
    (void)fclose(out);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("record");
    TCase *tc = tcase_create("record");
    tcase_add_test(tc, conforms_to_schema);
    tcase_add_test(tc, checker_refuses);
    tcase_add_test(tc, seed_is_exact);
    tcase_add_test(tc, not_finite);
    tcase_add_test(tc, write_fails);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
