#include <check.h>
#include <math.h>

#include "model/sampler.h"
#include "tests/support/suite.h"

static gb_sampler *sampler(double temperature, size_t top_k, double top_p, uint64_t seed, size_t n_vocab) {
    gb_sampler *s = NULL;
    gb_error err = {0};
    const gb_sampler_params params = {.temperature = temperature, .top_k = top_k, .top_p = top_p, .seed = seed};
    ck_assert_msg(gb_sampler_new(&params, n_vocab, &s, &err) == GB_OK, "%s", err.text);
    return s;
}

static void count_draws(gb_sampler *s, const float *logits, size_t draws, size_t *counts, size_t n_vocab) {
    for (size_t i = 0; i < n_vocab; i++) counts[i] = 0;
    for (size_t i = 0; i < draws; i++) {
        const int32_t id = gb_sample(s, logits);
        ck_assert(id >= 0 && (size_t)id < n_vocab);
        counts[id]++;
    }
    gb_sampler_free(s);
}

static int32_t greedy(const float *logits, size_t n_vocab) {
    gb_sampler *s = sampler(0.0, 0, 1.0, 1, n_vocab);
    const int32_t id = gb_sample(s, logits);
    gb_sampler_free(s);
    return id;
}

/* Ties that go to the higher id, or a NaN that wins because it compares false. */
START_TEST(greedy_ties_and_nan) {
    const float ties[4] = {1.0F, 5.0F, 5.0F, 2.0F};
    ck_assert_int_eq(greedy(ties, 4), 1);
    const float nan_first[3] = {NAN, 1.0F, 2.0F};
    ck_assert_int_eq(greedy(nan_first, 3), 2);
    const float nan_only[2] = {NAN, NAN};
    ck_assert_int_eq(greedy(nan_only, 2), 0);
    const float infinite[3] = {NAN, -INFINITY, -INFINITY};
    ck_assert_int_eq(greedy(infinite, 3), 1);
    const float zeros[3] = {-1.0F, -0.0F, 0.0F};
    ck_assert_int_eq(greedy(zeros, 3), 1);
}
END_TEST

/* Each of these leaves one candidate: whatever the seed, the answer is the greedy one. */
START_TEST(one_candidate_is_greedy) {
    const float logits[5] = {0.5F, 3.0F, 3.0F, 2.9F, NAN};
    for (uint64_t seed = 0; seed < 50; seed++) {
        gb_sampler *s[3] = {sampler(0.0, 0, 1.0, seed, 5), sampler(1.0, 1, 1.0, seed, 5),
                            sampler(1.0, 0, 1e-9, seed, 5)};
        for (size_t i = 0; i < 3; i++) {
            ck_assert_int_eq(gb_sample(s[i], logits), 1);
            gb_sampler_free(s[i]);
        }
    }
}
END_TEST

/* top-k that keeps k + 1 or k - 1 candidates, or the wrong ones of equal logits (3 and 5 tie with 1: 1 and 3 stay). */
START_TEST(top_k_keeps_the_best_with_ties_by_id) {
    const float logits[6] = {0.0F, 1.0F, 2.0F, 1.0F, -1.0F, 1.0F};
    size_t counts[6];
    count_draws(sampler(5.0, 3, 1.0, 1, 6), logits, 2000, counts, 6);
    ck_assert_uint_eq(counts[0] + counts[4] + counts[5], 0);
    ck_assert_uint_gt(counts[1], 0);
    ck_assert_uint_gt(counts[2], 0);
    ck_assert_uint_gt(counts[3], 0);
}
END_TEST

/* Probabilities 0.5, 0.3, 0.15, 0.05: p = 0.7 needs the first two, p = 0.85 the first three. */
START_TEST(top_p_keeps_the_fewest) {
    const float logits[4] = {logf(0.15F), logf(0.5F), logf(0.05F), logf(0.3F)};
    size_t counts[4];
    count_draws(sampler(1.0, 0, 0.7, 1, 4), logits, 2000, counts, 4);
    ck_assert_uint_eq(counts[0] + counts[2], 0);
    ck_assert_uint_gt(counts[3], 0);
    count_draws(sampler(1.0, 0, 0.85, 1, 4), logits, 2000, counts, 4);
    ck_assert_uint_gt(counts[0], 0);
    ck_assert_uint_eq(counts[2], 0);
}
END_TEST

/* A distribution that is not softmax(logits / T): 40000 draws, five standard deviations. At T = 0.5 the ratio 2 : 1
 * becomes 4 : 1. */
START_TEST(frequencies) {
    const float logits[2] = {logf(2.0F), 0.0F};
    size_t counts[2];
    count_draws(sampler(1.0, 0, 1.0, 3, 2), logits, 40000, counts, 2);
    ck_assert_double_eq_tol((double)counts[0] / 40000.0, 2.0 / 3.0, 5.0 * sqrt(2.0 / 9.0 / 40000.0));
    count_draws(sampler(0.5, 0, 1.0, 3, 2), logits, 40000, counts, 2);
    ck_assert_double_eq_tol((double)counts[0] / 40000.0, 0.8, 5.0 * sqrt(0.16 / 40000.0));
}
END_TEST

/* The same seed must give the same tokens on every machine: a change of generator, of exp, or of the order of the sum
 * changes these. */
START_TEST(seed_fixes_the_tokens) {
    static const int32_t golden[16] = {9, 27, 8, 18, 26, 18, 4, 18, 12, 27, 22, 27, 3, 26, 27, 9};
    float logits[32];
    for (int i = 0; i < 32; i++) logits[i] = (float)(i * 7 % 32) * 0.125F;
    gb_sampler *s = sampler(0.8, 20, 0.9, 7, 32);
    for (size_t i = 0; i < 16; i++) ck_assert_int_eq(gb_sample(s, logits), golden[i]);
    gb_sampler_free(s);
}
END_TEST

/* Infinite logits have no ratios: the best is taken, no NaN is computed with. */
START_TEST(infinite_logits) {
    const float logits[3] = {0.0F, INFINITY, INFINITY};
    gb_sampler *s = sampler(1.0, 0, 1.0, 1, 3);
    for (int i = 0; i < 20; i++) ck_assert_int_eq(gb_sample(s, logits), 1);
    gb_sampler_free(s);
}
END_TEST

START_TEST(bad_parameters) {
    const gb_sampler_params bad[] = {{.temperature = -1.0, .top_p = 1.0},
                                     {.temperature = NAN, .top_p = 1.0},
                                     {.temperature = 1.0, .top_p = 0.0},
                                     {.temperature = 1.0, .top_p = 1.5},
                                     {.temperature = 1.0, .top_p = NAN}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        gb_sampler *s = NULL;
        gb_error err = {0};
        ck_assert_int_eq(gb_sampler_new(&bad[i], 10, &s, &err), GB_EINPUT);
        ck_assert_ptr_null(s);
        ck_assert_int_ne(err.text[0], '\0');
    }
}
END_TEST

int main(void) {
    Suite *s = suite_create("sampler");
    TCase *t = tcase_create("sampler");
    tcase_add_test(t, greedy_ties_and_nan);
    tcase_add_test(t, one_candidate_is_greedy);
    tcase_add_test(t, top_k_keeps_the_best_with_ties_by_id);
    tcase_add_test(t, top_p_keeps_the_fewest);
    tcase_add_test(t, frequencies);
    tcase_add_test(t, seed_fixes_the_tokens);
    tcase_add_test(t, infinite_logits);
    tcase_add_test(t, bad_parameters);
    suite_add_tcase(s, t);
    return run_suite(s);
}
