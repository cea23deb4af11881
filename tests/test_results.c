/* results: a form of file that is read wrongly or made into a record the schema does not allow, a damaged file that is
 * taken, two things that are given one key, two machines that are taken for one. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/convert.h"
#include "results/identity.h"
#include "results/metric.h"
#include "tests/support/image.h"
#include "tests/support/sample.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

static gb_results read_sample(const char *name) {
    gb_results all = {0};
    gb_error err = {0};
    ck_assert_msg(gb_results_read(&all, sample_path(name), &err) == GB_OK, "%s", err.text);
    return all;
}

static void expect_key(const gb_result *r, const char *key) {
    char *found = gb_result_key(r, NULL, NULL);
    ck_assert_str_eq(found, key);
    free(found);
}

static const char *scratch_file(const char *name, const char *text) {
    const char *path = scratch(name);
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
    return path;
}

/* --- forms ----------------------------------------------------------------------------------------------------------
 */

/* Every form becomes records that the schema allows; what is null there is left out. */
START_TEST(forms_conform) {
    static const struct {
        const char *file;
        size_t count;
    } files[] = {{"e2e.json", 2},      {"perplexity.json", 1}, {"llama-bench.json", 2}, {"llama-bench.jsonl", 2},
                 {"mainline.json", 2}, {"mainline.jsonl", 2},  {"ik.json", 2}};
    cJSON *schema = gb_schema_read("schema.json");
    gb_results all = read_sample(files[_i].file);
    ck_assert_uint_eq(all.count, files[_i].count);
    for (size_t i = 0; i < all.count; i++) {
        const char *problem = gb_schema_problem(all.of[i].json, schema);
        ck_assert_msg(!problem, "%s: %s", files[_i].file, problem);
        ck_assert_str_eq(gb_result_own(&all.of[i], "name"), "tiny-Q4_0.gguf");
        ck_assert_ptr_null(strchr(all.of[i].text, '\n'));
    }
    gb_results_free(&all);
    cJSON_Delete(schema);
}
END_TEST

START_TEST(e2e_numbers) {
    gb_results all = read_sample("e2e.json");
    gb_measured m;
    expect_key(&all.of[0], "tiny-Q4_0.gguf batch=512 isa=avx2 kv=f16 test=pp512 threads=2");
    ck_assert(gb_result_metric(&all.of[0], "tokens_per_second", &m));
    ck_assert(m.median == 200.25 && m.low == 198.5 && m.high == 202 && m.n == 6);
    ck_assert_str_eq(m.unit, "t/s");
    double x[6];
    gb_measured_samples(&m, x);
    ck_assert(x[0] == 200.5 && x[5] == 202); /* in the order of measurement */
    ck_assert(gb_result_metric(&all.of[0], "aa_noise", &m) && m.median == 0.004 && m.n == 0);
    ck_assert(!gb_result_metric(&all.of[0], "rss_file_bytes", &m)); /* null */
    ck_assert(!gb_result_metric(&all.of[0], "itl_p50_ms", &m));     /* a prompt has no gaps */
    ck_assert(gb_result_metric(&all.of[1], "itl_p90_ms", &m) && m.median == 21.5);
    ck_assert_str_eq(gb_result_text(&all.of[0], "verify", "verdict"), "ok");
    ck_assert(gb_result_metric(&all.of[0], "tokens_per_joule", &m) && m.median == 12.5);
    const cJSON *counters = cJSON_GetObjectItemCaseSensitive(all.of[0].json, "counters");
    ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(counters, "per")), "token");
    ck_assert(cJSON_GetObjectItemCaseSensitive(counters, "cycles")->valuedouble == 1500.5);
    const cJSON *dram = cJSON_GetObjectItemCaseSensitive(counters, "energy_dram");
    ck_assert_ptr_nonnull(strstr(cJSON_GetObjectItemCaseSensitive(dram, "absent")->valuestring, "no powercap zone"));
    ck_assert(!cJSON_HasObjectItem(all.of[1].json, "counters"));
    ck_assert(!cJSON_HasObjectItem(all.of[0].json, "conditions")); /* an older result */
    ck_assert_str_eq(gb_result_text(&all.of[1], "conditions", "verdict"), "unreliable");
    ck_assert_str_eq(gb_result_text(&all.of[1], "run", "memory"), "node 0: 100 % of 256 pages looked at");
    gb_results_free(&all);
    /* one that is neither number nor reason */
    cJSON *json = cJSON_Parse("{\"model\":\"m\",\"test\":\"tg1\",\"tps_median\":1,\"samples\":[1],"
                              "\"counters\":{\"per\":\"token\",\"cycles\":\"many\"}}");
    gb_error err = {0};
    int converted = 0;
    ck_assert_int_eq(gb_convert(&json, &converted, "here", &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "'counters'"));
    cJSON_Delete(json);
}
END_TEST

START_TEST(perplexity_numbers) {
    gb_results all = read_sample("perplexity.json");
    gb_measured m;
    expect_key(&all.of[0], "tiny-Q4_0.gguf batch=512 chunks=6 isa=avx2 kv=f16 n_ctx=256 test=perplexity "
                           "text=sample.txt threads=2");
    ck_assert(gb_result_metric(&all.of[0], "ppl", &m) && m.median == 62.1);
    ck_assert(gb_result_metric(&all.of[0], "chunk_nll", &m) && m.n == 6);
    ck_assert_str_eq(gb_result_text(&all.of[0], "hashes", "logits"), "00112233445566778899aabbccddeeff");
    gb_results_free(&all);
}
END_TEST

/* The program, the build and the CPU stand where ours do; the rest of the machine is absent, with the reason. */
START_TEST(llama_numbers) {
    gb_results all = read_sample("llama-bench.json");
    gb_measured m;
    expect_key(&all.of[1],
               "tiny-Q4_0.gguf backends=CPU batch=2048 flash_attn=0 gpu_layers=0 kv=f16 test=tg64 threads=2 "
               "ubatch=512");
    ck_assert(gb_result_metric(&all.of[1], "tokens_per_second", &m) && m.n == 5);
    ck_assert(fabs(m.median - 64 / 1.3) < 1e-9);
    ck_assert_str_eq(gb_result_text(&all.of[1], "provenance", "program"), "llama-bench");
    ck_assert_str_eq(gb_result_text(&all.of[1], "provenance", "commit"), "8cf427ff");
    ck_assert_str_eq(gb_result_text(&all.of[1], "provenance", "version"), "5163");
    ck_assert_str_eq(gb_result_text(&all.of[1], "machine", "cpu_model"), "Example CPU");
    ck_assert_str_eq(gb_result_text(&all.of[1], "run", "started"), "2026-11-02T08:30:00Z");
    gb_results_free(&all);
}
END_TEST

/* llama-bench names its tests by three numbers, and old versions print no samples. */
START_TEST(llama_tests) {
    static const struct {
        const char *numbers, *test;
    } known[] = {{"\"n_prompt\":512,\"n_gen\":0", "pp512"},
                 {"\"n_prompt\":0,\"n_gen\":128,\"n_depth\":4096", "tg128@d4096"},
                 {"\"n_prompt\":16,\"n_gen\":8,\"n_depth\":0", "pp16+tg8"}};
    for (size_t i = 0; i < 3; i++) {
        char line[512];
        gb_results all = {0};
        gb_error err = {0};
        gb_measured m;
        (void)snprintf(line, sizeof line, "{\"model_filename\":\"x.gguf\",%s,\"avg_ts\":12.5,\"stddev_ts\":0.5}\n",
                       known[i].numbers);
        ck_assert_msg(gb_results_read(&all, scratch_file("l.jsonl", line), &err) == GB_OK, "%s", err.text);
        ck_assert_str_eq(gb_result_text(&all.of[0], "subject", "test"), known[i].test);
        ck_assert(gb_result_metric(&all.of[0], "tokens_per_second", &m) && m.median == 12.5 && m.n == 0);
        gb_results_free(&all);
    }
}
END_TEST

/* Lines, a pretty-printed record and an array in one file; the seed keeps its last digit. */
START_TEST(mixed_file) {
    const double ns[] = {1, 2, 3};
    gb_results all = {0};
    gb_error err = {0};
    sample_add(&all, &(sample_record){.ns = ns, .n = 3});
    cJSON *run = cJSON_GetObjectItemCaseSensitive(all.of[0].json, "run");
    ck_assert(cJSON_ReplaceItemInObjectCaseSensitive(run, "seed", cJSON_CreateRaw("18446744073709551557")));
    char *line = cJSON_PrintUnformatted(all.of[0].json);
    char *pretty = cJSON_Print(all.of[0].json);
    gb_results_free(&all);
    const size_t size = 3 * strlen(pretty);
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    (void)snprintf(text, size, "%s\n\n%s\n[%s]\n", line, pretty, line);
    ck_assert_msg(gb_results_read(&all, scratch_file("m.json", text), &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(all.count, 3);
    ck_assert_str_eq(all.of[0].text, line);
    ck_assert_str_eq(all.of[1].text, line);
    gb_results_free(&all);
    free(text);
    cJSON_free(line);
    cJSON_free(pretty);
}
END_TEST

/* --- refusals -------------------------------------------------------------------------------------------------------
 */

/* Text, and what the message must say besides the file. */
START_TEST(refused) {
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "holds no results"},
        {"[]", "holds no results"},
        {"{\"a\":1", "line 1: not JSON"},
        {"[\n]\n{}\n", "line 3: neither a record"},
        {"3", "neither an object nor an array"},
        {"[3]", "neither a record"},
        {"{\"schema\":2}", "schema 2"},
        {"{\"schema\":1}", "'kind'"},
        {"{\"schema\":1,\"kind\":\"kernel\",\"name\":\"x\",\"subject\":{\"n\":null},\"metrics\":{},\"verify\":{"
         "\"verdict\":"
         "\"ok\"},\"run\":{},\"provenance\":{},\"machine\":{}}",
         "'n' is neither text nor number"},
        {"{\"schema\":1,\"kind\":\"kernel\",\"name\":\"x\",\"subject\":{},\"metrics\":{\"m\":{\"unit\":\"ns\","
         "\"median\":1}},"
         "\"verify\":{\"verdict\":\"ok\"},\"run\":{},\"provenance\":{},\"machine\":{}}",
         "'m' has a median and no whole n"},
        {"{\"schema\":1,\"kind\":\"kernel\",\"name\":\"x\",\"subject\":{},\"metrics\":{\"m\":{\"unit\":\"ns\","
         "\"median\":1,"
         "\"n\":2,\"samples\":[1]}},\"verify\":{\"verdict\":\"ok\"},\"run\":{},\"provenance\":{},\"machine\":{}}",
         "'m' has not n samples"},
        {"{\"test\":\"pp1\",\"tps_median\":1,\"samples\":[1]}", "'model'"},
        {"{\"model\":\"m\",\"test\":\"pp1\",\"tps_median\":1,\"samples\":[\"fast\"]}", "'samples'"},
        {"{\"model\":\"m\",\"test\":\"pp1\",\"tps_median\":1,\"samples\":[1e999]}", "'samples'"},
        {"{\"model\":\"m\",\"test\":\"pp1\",\"tps_median\":1,\"samples\":[1]}", "'run'"},
        {"{\"model_filename\":\"m\",\"n_prompt\":0,\"n_gen\":0,\"avg_ts\":1}", "'avg_ts'"},
    };
    gb_results all = {0};
    gb_error err = {0};
    const char *path = scratch_file("bad.json", bad[_i].text);
    ck_assert_int_eq(gb_results_read(&all, path, &err), GB_EINPUT);
    ck_assert_msg(strstr(err.text, bad[_i].says) != NULL, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(err.text, "bad.json"));
    gb_results_free(&all);
}
END_TEST
enum { REFUSED = 16 };

/* --- identity -------------------------------------------------------------------------------------------------------
 */

/* How a thing was measured is not what it is; another size is another thing. */
START_TEST(keys) {
    const double ns[] = {1, 2, 3};
    gb_results all = {0};
    sample_add(&all, &(sample_record){.ns = ns, .n = 3});
    cJSON *subject = cJSON_GetObjectItemCaseSensitive(all.of[0].json, "subject");
    const char *key = "gb_q4_K_dot_avx2 format=q4_K isa=avx2 level=l2 n=4096 op=dot";
    expect_key(&all.of[0], key);
    cJSON_AddNumberToObject(subject, "calls_per_sample", 100);
    cJSON_AddNumberToObject(subject, "sessions", 10);
    expect_key(&all.of[0], key);
    static const char *const only[] = {"level", "op"};
    static const char *const without[] = {"isa", "name"};
    char *part = gb_result_key(&all.of[0], &(gb_key_rule){.only = only, .only_count = 2}, NULL);
    ck_assert_str_eq(part, "level=l2 op=dot");
    free(part);
    part = gb_result_key(&all.of[0], &(gb_key_rule){.without = without, .without_count = 2}, NULL);
    ck_assert_str_eq(part, "format=q4_K level=l2 n=4096 op=dot");
    free(part);
    gb_results_free(&all);
}
END_TEST

/* Another kernel version and another load are the same machine; another microcode is not, and is named. */
START_TEST(fingerprints) {
    const double ns[] = {1};
    gb_results all = {0};
    char first[33];
    char second[33];
    char text[512];
    for (int i = 0; i < 2; i++) sample_add(&all, &(sample_record){.ns = ns, .n = 1});
    cJSON *machine = cJSON_GetObjectItemCaseSensitive(all.of[1].json, "machine");
    gb_result_fingerprint(&all.of[0], first);
    ck_assert_uint_eq(strlen(first), 32);
    cJSON_ReplaceItemInObjectCaseSensitive(machine, "load_1m", cJSON_CreateNumber(77));
    cJSON_ReplaceItemInObjectCaseSensitive(machine, "kernel", cJSON_CreateString("Linux 99"));
    const double memory = cJSON_GetObjectItemCaseSensitive(machine, "memory_bytes")->valuedouble;
    const double whole = round(memory / 0x1p30) * 0x1p30;
    cJSON_ReplaceItemInObjectCaseSensitive(machine, "memory_bytes", cJSON_CreateNumber(whole + 1e6));
    gb_result_fingerprint(&all.of[1], second);
    ck_assert_str_eq(first, second);
    gb_machine_difference(&all.of[0], &all.of[1], text, sizeof text);
    ck_assert_str_eq(text, "");
    cJSON_ReplaceItemInObjectCaseSensitive(machine, "microcode", cJSON_CreateString("0xbad"));
    gb_result_fingerprint(&all.of[1], second);
    ck_assert_str_ne(first, second);
    gb_machine_difference(&all.of[0], &all.of[1], text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "microcode: "));
    ck_assert_ptr_nonnull(strstr(text, "0xbad there"));
    ck_assert_ptr_null(strstr(text, "kernel"));
    gb_results_free(&all);
}
END_TEST

/* Only records of one run, one operation and one level were taken in turns. */
START_TEST(interleaved) {
    const double ns[] = {1};
    gb_results all = {0};
    sample_add(&all, &(sample_record){.ns = ns, .n = 1, .run = "0000000000000001"});
    sample_add(&all, &(sample_record){.ns = ns, .n = 1, .run = "0000000000000001", .isa = "scalar"});
    sample_add(&all, &(sample_record){.ns = ns, .n = 1, .run = "0000000000000002"});
    sample_add(&all, &(sample_record){.ns = ns, .n = 1, .run = ""});
    ck_assert(gb_result_interleaved(&all.of[0], &all.of[1]));
    ck_assert(!gb_result_interleaved(&all.of[0], &all.of[2]));
    ck_assert(!gb_result_interleaved(&all.of[3], &all.of[3])); /* a file without the id: unknown */
    cJSON *subject = cJSON_GetObjectItemCaseSensitive(all.of[1].json, "subject");
    cJSON_ReplaceItemInObjectCaseSensitive(subject, "level", cJSON_CreateString("dram"));
    ck_assert(!gb_result_interleaved(&all.of[0], &all.of[1]));
    gb_results_free(&all);
}
END_TEST

START_TEST(metric_kinds) {
    ck_assert(!gb_metric_kind_of("ns_per_call", "ns").higher_is_better);
    ck_assert(gb_metric_kind_of("tokens_per_second", "t/s").higher_is_better);
    ck_assert_str_eq(gb_metric_kind_of("peak_rss_bytes", "bytes").worse, "larger");
    ck_assert_str_eq(gb_metric_kind_of("ppl", "ppl").better, "better");
    ck_assert(!gb_metric_kind_of("aa_noise", "ratio").comparable);
    gb_results all = read_sample("perplexity.json");
    ck_assert_str_eq(gb_primary_metric(&all.of[0]), "chunk_nll");
    gb_results_free(&all);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("results");
    TCase *tc = tcase_create("results");
    tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
    tcase_add_loop_test(tc, forms_conform, 0, 4);
    tcase_add_test(tc, e2e_numbers);
    tcase_add_test(tc, perplexity_numbers);
    tcase_add_test(tc, llama_numbers);
    tcase_add_test(tc, llama_tests);
    tcase_add_test(tc, mixed_file);
    tcase_add_loop_test(tc, refused, 0, REFUSED);
    tcase_add_test(tc, keys);
    tcase_add_test(tc, fingerprints);
    tcase_add_test(tc, interleaved);
    tcase_add_test(tc, metric_kinds);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
