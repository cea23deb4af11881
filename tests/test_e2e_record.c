/* e2e --json against results/e2e.schema.json: a field renamed, dropped, added in silence or of another type, which
 * would break every program that reads the records. */
#include <cJSON.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/schema.h"
#include "tests/support/suite.h"

static char text[1 << 20];

/* What the program itself prints for the default model: two tests, of which one has gaps between tokens. Once for all
 * tests, because its prediction takes seconds. */
static void run_e2e(void) {
    const char *program = getenv("GAUGEBLOCK");
    ck_assert_ptr_nonnull(program);
    char command[2048];
    (void)snprintf(
        command, sizeof command,
        "'%s' e2e -m '%s/models/gauge-4m/gauge-4m-f16.gguf' -p 8 -n 3 -r 2 -t 1 --counters core,energy --json", program,
        GB_SOURCE_DIR);
    FILE *out = popen(command, "r");
    ck_assert_ptr_nonnull(out);
    const size_t size = fread(text, 1, sizeof text - 1, out);
    ck_assert_int_eq(pclose(out), 0);
    text[size] = '\0';
}

static cJSON *read_e2e(void) {
    cJSON *json = cJSON_Parse(text);
    ck_assert_msg(cJSON_IsArray(json), "not an array: %.200s", text);
    return json;
}

START_TEST(conforms_to_schema) {
    cJSON *json = read_e2e();
    cJSON *schema = gb_schema_read("e2e.schema.json");
    const cJSON *record = NULL;
    cJSON_ArrayForEach(record, json) {
        const char *problem = gb_schema_problem(record, schema);
        ck_assert_msg(!problem, "%s", problem);
    }
    ck_assert_int_eq(cJSON_GetArraySize(json), 2);
    const cJSON *decode = cJSON_GetArrayItem(json, 1);
    ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(decode, "test")), "tg3");
    ck_assert(cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(decode, "itl_ms")));
    const cJSON *predicted = cJSON_GetObjectItemCaseSensitive(decode, "predicted");
    ck_assert(cJSON_IsObject(predicted) && cJSON_HasObjectItem(predicted, "conditions"));
    const cJSON *counters = cJSON_GetObjectItemCaseSensitive(decode, "counters");
    static const char *const names[] = {"cycles", "instructions", "energy_package"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) /* a number or a reason */
        ck_assert_ptr_nonnull(cJSON_GetObjectItemCaseSensitive(counters, names[i]));
    ck_assert(cJSON_HasObjectItem(decode, "tokens_per_joule"));
    cJSON_Delete(schema);
    cJSON_Delete(json);
}
END_TEST

/* The schema must be able to refuse: each damage is one that a careless change would do. */
START_TEST(schema_refuses) {
    cJSON *json = read_e2e();
    cJSON *schema = gb_schema_read("e2e.schema.json");
    cJSON *record = cJSON_GetArrayItem(json, 0);
    cJSON *kept = cJSON_DetachItemFromObjectCaseSensitive(record, "tps_median");
    ck_assert_ptr_nonnull(gb_schema_problem(record, schema));
    cJSON_AddStringToObject(record, "tps_median", "fast");
    ck_assert_ptr_nonnull(gb_schema_problem(record, schema));
    cJSON_ReplaceItemInObjectCaseSensitive(record, "tps_median", kept);
    ck_assert_ptr_null(gb_schema_problem(record, schema));
    cJSON_AddNumberToObject(record, "tokens_per_hour", 1);
    ck_assert_ptr_nonnull(gb_schema_problem(record, schema));
    cJSON_Delete(schema);
    cJSON_Delete(json);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("e2e_record");
    TCase *tcase = tcase_create("e2e_record");
    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, run_e2e, NULL);
    tcase_add_test(tcase, conforms_to_schema);
    tcase_add_test(tcase, schema_refuses);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
