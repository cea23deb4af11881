/* results/compare: things matched that are not the same, a comparison on the wrong basis, a verdict in the wrong
 * direction, a difference of bits that is not told. The ranks themselves are test_compare's business. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/compare_print.h"
#include "results/selection.h"
#include "tests/support/sample.h"
#include "tests/support/suite.h"

enum { N = 12 };
static const gb_compare_options usual = {.confidence = 0.95};

/* A record whose times are around `level`, its yardstick ratios around `yard` (0: none). */
static void add(gb_results *all, double level, double yard, const sample_record *like) {
    double ns[N];
    double ratio[N];
    sample_record s = *like;
    for (int i = 0; i < N; i++) {
        ns[i] = level * (1 + 0.001 * (i * 5 % N));
        ratio[i] = yard * (1 + 0.001 * (i * 7 % N));
    }
    s.ns = ns;
    s.vs_yard = yard > 0 ? ratio : NULL;
    s.n = N;
    sample_add(all, &s);
}

static gb_comparisons compare_ok(const gb_results *a, const gb_results *b, const gb_compare_options *o) {
    gb_comparisons c;
    gb_error err = {0};
    ck_assert_msg(gb_compare(a, b, o, &c, &err) == GB_OK, "%s", err.text);
    return c;
}

static void expect(const gb_comparisons *c, gb_basis basis, const char *verdict, double ratio) {
    ck_assert_uint_eq(c->count, 1);
    ck_assert_str_eq(gb_basis_names[c->of[0].basis], gb_basis_names[basis]);
    ck_assert_str_eq(c->of[0].verdict, verdict);
    ck_assert_msg(fabs(c->of[0].cost.ratio - ratio) < 0.003, "%g", c->of[0].cost.ratio);
}

static void expect_of(const gb_results *a, const gb_results *b, gb_basis basis, const char *verdict, double ratio) {
    gb_comparisons c = compare_ok(a, b, &usual);
    expect(&c, basis, verdict, ratio);
    gb_comparisons_free(&c);
}

/* One run: pairs. Two runs: their ranks, by the yardstick if there is one and the compiler is the same. */
START_TEST(bases) {
    gb_results a = {0};
    gb_results b = {0};
    add(&a, 100, 0, &(sample_record){.run = "1111111111111111"});
    add(&b, 110, 0, &(sample_record){.run = "1111111111111111"});
    expect_of(&a, &b, GB_BASIS_PAIRED, "slower", 1.1);
    expect_of(&b, &a, GB_BASIS_PAIRED, "faster", 1 / 1.1);
    gb_results_free(&b);
    add(&b, 110, 0, &(sample_record){0});
    expect_of(&a, &b, GB_BASIS_SAMPLES, "slower", 1.1);
    gb_results_free(&a);
    gb_results_free(&b);
    add(&a, 100, 2, &(sample_record){0});
    add(&b, 110, 2, &(sample_record){0}); /* the machine was slower, not the kernel */
    expect_of(&a, &b, GB_BASIS_YARDSTICK, "no difference shown", 1);
    gb_results_free(&b);
    add(&b, 110, 2, &(sample_record){.compiler = "another"});
    expect_of(&a, &b, GB_BASIS_SAMPLES, "slower", 1.1);
    gb_results_free(&b);
    add(&b, 110, 2, &(sample_record){.cpu_model = "another"});
    gb_comparisons c = compare_ok(&a, &b, &usual);
    expect(&c, GB_BASIS_SAMPLES, "slower", 1.1);
    ck_assert(!c.of[0].same_machine);
    gb_comparisons_free(&c);
    gb_results_free(&a);
    gb_results_free(&b);
}
END_TEST

/* A result whose conditions were bad keeps its verdict, with a warning. */
START_TEST(unreliable) {
    gb_results a = {0};
    gb_results b = {0};
    char *text = NULL;
    size_t size = 0;
    gb_error err = {0};
    add(&a, 100, 0, &(sample_record){0});
    add(&b, 110, 0, &(sample_record){0});
    gb_comparisons c = compare_ok(&a, &b, &usual);
    ck_assert(!c.of[0].unreliable && !c.of[0].note[0]);
    gb_comparisons_free(&c);
    cJSON_AddItemToObject(b.of[0].json, "conditions",
                          cJSON_Parse("{\"verdict\":\"unreliable\",\"clock_drift\":0.5,\"why\":\"the clock\"}"));
    c = compare_ok(&a, &b, &usual);
    expect(&c, GB_BASIS_SAMPLES, "slower", 1.1);
    ck_assert(c.of[0].unreliable);
    ck_assert_str_eq(c.of[0].note, "B unreliable: the clock");
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    const gb_compare_print how = {.form = GB_COMPARE_TABLE, .name_a = "a", .name_b = "b", .confidence = 0.95};
    ck_assert_int_eq(gb_comparisons_print(out, &c, &how, &err), GB_OK);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_ptr_nonnull(strstr(text, "\n1 of them rest on measurements that are marked unreliable\n"));
    free(text);
    gb_comparisons_free(&c);
    gb_results_free(&a);
    gb_results_free(&b);
}
END_TEST

/* The floor that the records state hides what is smaller. */
START_TEST(noise_floor) {
    gb_results a = {0};
    gb_results b = {0};
    add(&a, 100, 0, &(sample_record){.noise = 0.001});
    add(&b, 110, 0, &(sample_record){.noise = 0.12});
    gb_comparisons c = compare_ok(&a, &b, &usual);
    expect(&c, GB_BASIS_SAMPLES, "no difference shown", 1.1);
    ck_assert(c.of[0].cost.floor == 0.12);
    gb_comparisons_free(&c);
    gb_results_free(&a);
    gb_results_free(&b);
}
END_TEST

/* Three runs: the newest counts, wherever it stands in the file. Four on each side: all of them do. */
START_TEST(many_runs) {
    gb_results a = {0};
    gb_results b = {0};
    add(&a, 100, 0, &(sample_record){.started = "2026-01-03T00:00:00Z"});
    add(&a, 300, 0, &(sample_record){.started = "2026-01-01T00:00:00Z"});
    add(&a, 400, 0, &(sample_record){.started = "2026-01-02T00:00:00Z"});
    for (int i = 0; i < 5; i++) add(&b, 200 + i, 0, &(sample_record){.started = "2026-01-05T00:00:00Z"});
    gb_comparisons c = compare_ok(&a, &b, &usual);
    expect(&c, GB_BASIS_SAMPLES, "slower", 2.04);
    ck_assert_uint_eq(c.of[0].runs_a, 3);
    gb_comparisons_free(&c);
    add(&a, 200, 0, &(sample_record){.started = "2026-01-04T00:00:00Z"});
    c = compare_ok(&a, &b, &usual);
    ck_assert_int_eq(c.of[0].basis, GB_BASIS_RUNS);
    ck_assert(c.of[0].cost.n_a == 4 && c.of[0].cost.n_b == 5);
    ck_assert_str_eq(c.of[0].verdict, "no difference shown"); /* 100 .. 400 against 200 .. 204 */
    gb_comparisons_free(&c);
    gb_results_free(&a);
    gb_results_free(&b);
}
END_TEST

/* Speeds: higher is better. Programs that describe a test differently meet on the parts that they share. */
START_TEST(across_programs) {
    static const char *const parts[] = {"name", "test", "threads"};
    const gb_compare_options on = {.confidence = 0.95, .key = {.only = parts, .only_count = 3}};
    gb_results a = {0};
    gb_results b = {0};
    gb_error err = {0};
    gb_comparisons c;
    ck_assert_int_eq(gb_results_read(&a, sample_path("e2e.json"), &err), GB_OK);
    ck_assert_int_eq(gb_results_read(&b, sample_path("llama-bench.json"), &err), GB_OK);
    ck_assert_int_eq(gb_compare(&a, &b, &usual, &c, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "nothing to compare"));
    c = compare_ok(&a, &b, &on);
    ck_assert_uint_eq(c.count, 2);
    ck_assert_str_eq(c.of[0].metric, "tokens_per_second");
    ck_assert_str_eq(c.of[0].verdict, "slower"); /* 200.25 to 196.9 tokens/s */
    ck_assert(fabs(c.of[0].cost.ratio - 200.25 / 196.92) < 1e-3);
    ck_assert_str_eq(c.of[1].verdict, "no difference shown");
    gb_comparisons_free(&c);
    gb_results_free(&a);
    gb_results_free(&b);
}
END_TEST

/* Two quantizations: paired by chunk, and the hashes tell whether one bit differs. Sizes differ or do not. */
START_TEST(likelihoods_and_values) {
    gb_results a = {0};
    gb_results b = {0};
    gb_error err = {0};
    ck_assert_int_eq(gb_results_read(&a, sample_path("perplexity.json"), &err), GB_OK);
    ck_assert_int_eq(gb_results_read(&b, sample_path("perplexity.json"), &err), GB_OK);
    gb_comparisons c = compare_ok(&a, &b, &usual);
    expect(&c, GB_BASIS_PAIRED, "no difference shown", 1);
    ck_assert_int_eq(c.of[0].hashes, 1);
    gb_comparisons_free(&c);
    cJSON *metrics = cJSON_GetObjectItemCaseSensitive(b.of[0].json, "metrics");
    cJSON *nll = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(metrics, "chunk_nll"), "samples");
    for (int i = 0; i < 6; i++) {
        const double x = cJSON_GetArrayItem(nll, i)->valuedouble;
        cJSON_ReplaceItemInArray(nll, i, cJSON_CreateNumber(x * 1.02));
    }
    cJSON *hashes = cJSON_GetObjectItemCaseSensitive(b.of[0].json, "hashes");
    cJSON_ReplaceItemInObjectCaseSensitive(hashes, "logits", cJSON_CreateString("other"));
    c = compare_ok(&a, &b, &usual);
    expect(&c, GB_BASIS_PAIRED, "worse", 1.02);
    ck_assert_int_eq(c.of[0].hashes, 0);
    gb_comparisons_free(&c);
    gb_results_free(&a);
    gb_results_free(&b);
    ck_assert_int_eq(gb_results_read(&a, sample_path("e2e.json"), &err), GB_OK);
    ck_assert_int_eq(gb_results_read(&b, sample_path("e2e.json"), &err), GB_OK);
    metrics = cJSON_GetObjectItemCaseSensitive(b.of[0].json, "metrics");
    cJSON *bytes = cJSON_GetObjectItemCaseSensitive(metrics, "model_bytes");
    cJSON_ReplaceItemInObjectCaseSensitive(bytes, "value", cJSON_CreateNumber(2 * 2769632.0));
    c = compare_ok(&a, &b, &(gb_compare_options){.confidence = 0.95, .metric = "model_bytes"});
    ck_assert_str_eq(c.of[0].verdict, "larger");
    ck_assert_str_eq(c.of[1].verdict, "equal");
    gb_comparisons_free(&c);
    c = compare_ok(&a, &b, &(gb_compare_options){.confidence = 0.95, .metric = "itl_p50_ms"});
    ck_assert_uint_eq(c.count, 1); /* the prompt test has no gaps */
    gb_comparisons_free(&c);
    gb_results_free(&a);
    gb_results_free(&b);
}
END_TEST

/* Times of zero, single samples: no crash, no verdict, and a word about it. */
START_TEST(hopeless) {
    const double zero[N] = {0};
    const double one[] = {5};
    gb_results a = {0};
    gb_results b = {0};
    sample_add(&a, &(sample_record){.ns = zero, .n = N});
    add(&b, 100, 0, &(sample_record){0});
    gb_comparisons c = compare_ok(&a, &b, &usual);
    ck_assert(!c.of[0].shown);
    ck_assert_ptr_nonnull(strstr(c.of[0].note, "only positive"));
    gb_comparisons_free(&c);
    gb_results_free(&a);
    sample_add(&a, &(sample_record){.ns = one, .n = 1});
    c = compare_ok(&a, &b, &usual);
    ck_assert(!c.of[0].shown);
    ck_assert_ptr_nonnull(strstr(c.of[0].note, "too few samples"));
    gb_comparisons_free(&c);
    gb_results_free(&a);
    gb_results_free(&b);
}
END_TEST

/* Selections that are words, not files. */
START_TEST(selections) {
    gb_results all = {0};
    gb_error err = {0};
    static const char *const bad[] = {"no-such-file.json", "abc", "colour=red", "commit=a,commit=b", "commit"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(gb_selection_read(bad[i], "/nowhere/x.db", &all, &err), GB_EINPUT);
        ck_assert_msg(strstr(err.text, bad[i]) && !strstr(err.text, "/nowhere"), "%s", err.text);
    }
    static const char *const good[] = {"all", "last", "abcd", "commit=x,since=2026,kind=model"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) { /* understood: it is the store that is not there */
        ck_assert_int_eq(gb_selection_read(good[i], "/nowhere/x.db", &all, &err), GB_EINPUT);
        ck_assert_msg(strstr(err.text, gb_store_built() ? "/nowhere/x.db" : "SQLite"), "%s", err.text);
    }
    add(&all, 100, 0, &(sample_record){0});
    add(&all, 100, 0, &(sample_record){.name = "gb_q4_K_dot_scalar", .isa = "scalar"});
    ck_assert_int_eq(gb_results_match(&all, "--filter", "(", &err), GB_EINPUT);
    ck_assert_int_eq(gb_results_match(&all, "--filter", "isa=(avx2|scalar) level=l2", &err), GB_OK);
    ck_assert_uint_eq(all.count, 2);
    gb_results_where(&all, "isa", "scalar");
    ck_assert_uint_eq(all.count, 1);
    gb_results_where(&all, "n", "4096");
    ck_assert_uint_eq(all.count, 1);
    gb_results_where(&all, "name", "another");
    ck_assert_uint_eq(all.count, 0);
    gb_results_free(&all);
}
END_TEST

START_TEST(digits) {
    char text[32];
    ck_assert_str_eq(gb_four_digits(12345.6, text), "12346");
    ck_assert_str_eq(gb_four_digits(1.2345, text), "1.234");
    ck_assert_str_eq(gb_four_digits(0.12345, text), "0.1235");
    ck_assert_str_eq(gb_four_digits(123456789, text), "1.235e+08");
    ck_assert_str_eq(gb_four_digits(NAN, text), "-");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("compare_results");
    TCase *tc = tcase_create("compare_results");
    tcase_add_test(tc, bases);
    tcase_add_test(tc, unreliable);
    tcase_add_test(tc, noise_floor);
    tcase_add_test(tc, many_runs);
    tcase_add_test(tc, across_programs);
    tcase_add_test(tc, likelihoods_and_values);
    tcase_add_test(tc, hopeless);
    tcase_add_test(tc, selections);
    tcase_add_test(tc, digits);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
