/* The perplexity protocol on logits that are made up, so that every number can be worked out by hand. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "model/perplexity.h"
#include "reference/number.h"
#include "tests/support/suite.h"

enum { VOCAB = 4, CONTEXT = 8, TOKENS = 19, BOS = 3 };

/* What the source was asked for, and how it answers. */
typedef struct fake {
    size_t calls, rows_at_once;
    int32_t inputs[4][CONTEXT];
    size_t counts[4], from[4];
    double p_target[4]; /* probability that each chunk's logits give token 1, the rest shared evenly */
    float special;      /* if not 0, written over logit 3 */
    int fail_at;        /* chunk whose evaluation fails; -1: none */
} fake;

static int answer(void *user, const int32_t *tokens, size_t count, size_t from, gb_logits_sink *sink, void *sink_user,
                  gb_error *err) {
    fake *f = user;
    const size_t chunk = f->calls++;
    ck_assert_uint_lt(chunk, 4);
    if ((int)chunk == f->fail_at) return gb_fail(err, GB_ESYSTEM, "made up");
    memcpy(f->inputs[chunk], tokens, count * sizeof *tokens);
    f->counts[chunk] = count;
    f->from[chunk] = from;
    float logits[CONTEXT][VOCAB];
    for (size_t t = from; t < count; t++)
        for (size_t v = 0; v < VOCAB; v++) {
            const double p = f->p_target[chunk];
            logits[t][v] = v == 3 && f->special != 0.0F ? f->special : (float)log(v == 1 ? p : (1.0 - p) / 3.0);
        }
    for (size_t t = from; t < count; t += f->rows_at_once) {
        const size_t rows = count - t < f->rows_at_once ? count - t : f->rows_at_once;
        const int rc = sink(sink_user, t, rows, logits[t], err);
        if (rc) return rc;
    }
    return GB_OK;
}

static fake fake_new(void) {
    return (fake){.rows_at_once = CONTEXT, .p_target = {0.25, 0.5, 0.5, 0.5}, .fail_at = -1};
}

/* Token 1 everywhere, so that every target is token 1; the first of each chunk is 2. */
static void text(int32_t tokens[TOKENS]) {
    for (size_t i = 0; i < TOKENS; i++) tokens[i] = i % CONTEXT == 0 ? 2 : 1;
}

static int run(fake *f, const gb_perplexity_params *params, size_t tokens, gb_perplexity *p, gb_error *err) {
    int32_t ids[TOKENS];
    text(ids);
    const gb_logits_source source = {.eval = answer, .user = f, .n_vocab = VOCAB};
    return gb_perplexity_run(&source, ids, tokens, params, p, err);
}

static const gb_perplexity_params standard = {.n_ctx = CONTEXT, .bos = BOS};

/* A wrong first position, a scored last token, a chunk of the dropped remainder, BOS not put in or left in the targets.
 */
START_TEST(evaluates_what_the_protocol_says) {
    fake f = fake_new();
    gb_perplexity p;
    gb_error err = {0};
    ck_assert_int_eq(run(&f, &standard, TOKENS, &p, &err), GB_OK);
    ck_assert_uint_eq(f.calls, 2); /* 19 tokens: two chunks of 8, 3 dropped */
    ck_assert_uint_eq(p.chunks, 2);
    ck_assert_uint_eq(p.scored, 6); /* positions 4, 5, 6 predict 5, 6, 7 */
    for (size_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(f.from[i], 4);
        ck_assert_uint_eq(f.counts[i], 7);
        ck_assert_int_eq(f.inputs[i][0], BOS);
        for (size_t j = 1; j < 7; j++) ck_assert_int_eq(f.inputs[i][j], 1);
    }
    gb_perplexity_free(&p);
}
END_TEST

/* The first token stays where the model adds no BOS. */
START_TEST(keeps_the_first_token_without_bos) {
    fake f = fake_new();
    gb_perplexity p;
    gb_error err = {0};
    gb_perplexity_params params = standard;
    params.bos = -1;
    ck_assert_int_eq(run(&f, &params, TOKENS, &p, &err), GB_OK);
    ck_assert_int_eq(f.inputs[0][0], 2);
    ck_assert_int_eq(f.inputs[1][0], 2);
    gb_perplexity_free(&p);
}
END_TEST

/* Chunk 1 gives every target 1/4, chunk 2 gives 1/2: mean NLL (ln 4 + ln 2) / 2 = 1.5 ln 2, so PPL = 2^1.5; the NLLs
 * lie ln 2 / 2 from their mean, so the error is 2^1.5 * (ln 2 / 2) / sqrt(5). Any slip in means, squares, counts shows.
 */
START_TEST(arithmetic_by_hand) {
    fake f = fake_new();
    gb_perplexity p;
    gb_error err = {0};
    ck_assert_int_eq(run(&f, &standard, TOKENS, &p, &err), GB_OK);
    ck_assert_double_eq_tol(p.running[0], 4.0, 1e-6);
    ck_assert_double_eq_tol(p.running[1], sqrt(8.0), 1e-6);
    ck_assert_double_eq_tol(p.ppl, sqrt(8.0), 1e-6);
    ck_assert_double_eq_tol(p.mean_nll, 1.5 * log(2.0), 1e-6);
    ck_assert_double_eq_tol(p.chunk_nll[0], log(4.0), 1e-6);
    ck_assert_double_eq_tol(p.chunk_nll[1], log(2.0), 1e-6);
    ck_assert_double_eq_tol(p.ppl_stderr, sqrt(8.0) * log(2.0) / 2.0 / sqrt(5.0), 1e-6);
    gb_perplexity_free(&p);
}
END_TEST

/* A target that is off by one position: with each token only likely right where it stands, PPL is near 1. */
START_TEST(targets_are_the_tokens_that_follow) {
    const int32_t ids[2 * CONTEXT] = {0, 1, 2, 3, 0, 1, 1, 1, 0, 1, 2, 3, 0, 1, 1, 1};
    fake f = fake_new();
    for (size_t i = 0; i < 4; i++) f.p_target[i] = 0.999;
    const gb_logits_source source = {.eval = answer, .user = &f, .n_vocab = VOCAB};
    gb_perplexity p;
    gb_error err = {0};
    ck_assert_int_eq(gb_perplexity_run(&source, ids, 2 * CONTEXT, &standard, &p, &err), GB_OK);
    ck_assert_double_eq_tol(p.ppl, 1.0 / 0.999, 1e-5);
    gb_perplexity_free(&p);
}
END_TEST

START_TEST(chunk_limit_and_too_few_tokens) {
    fake f = fake_new();
    gb_perplexity p;
    gb_error err = {0};
    gb_perplexity_params params = standard;
    params.max_chunks = 1;
    ck_assert_int_eq(run(&f, &params, TOKENS, &p, &err), GB_OK);
    ck_assert_uint_eq(p.chunks, 1);
    gb_perplexity_free(&p);
    ck_assert_int_eq(run(&f, &standard, 2 * CONTEXT - 1, &p, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "15 tokens"));
    ck_assert_ptr_nonnull(strstr(err.text, "at least 16"));
    params.n_ctx = 2; /* nothing would be scored */
    ck_assert_int_eq(run(&f, &params, TOKENS, &p, &err), GB_EINPUT);
}
END_TEST

/* An error in the middle must come through, and leave nothing behind for the leak checker. */
START_TEST(errors_of_the_source_come_through) {
    fake f = fake_new();
    f.fail_at = 1;
    gb_perplexity p;
    gb_error err = {0};
    ck_assert_int_eq(run(&f, &standard, TOKENS, &p, &err), GB_ESYSTEM);
    ck_assert_str_eq(err.text, "made up");
    ck_assert_ptr_null(p.running);
}
END_TEST

START_TEST(token_outside_the_vocabulary) {
    int32_t ids[TOKENS];
    text(ids);
    ids[17] = VOCAB;
    fake f = fake_new();
    const gb_logits_source source = {.eval = answer, .user = &f, .n_vocab = VOCAB};
    gb_perplexity p;
    gb_error err = {0};
    ck_assert_int_eq(gb_perplexity_run(&source, ids, TOKENS, &standard, &p, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "token 17"));
}
END_TEST

static void hash_of(float special, size_t rows_at_once, char hash[33]) {
    fake f = fake_new();
    f.special = special;
    f.rows_at_once = rows_at_once;
    gb_perplexity p;
    gb_error err = {0};
    ck_assert_int_eq(run(&f, &standard, TOKENS, &p, &err), GB_OK);
    memcpy(hash, p.logits_hash, 33);
    gb_perplexity_free(&p);
}

/* The hash sees every bit of every logit but not which NaN it was nor how many rows came at once. */
START_TEST(hash_of_logits) {
    char a[33];
    char b[33];
    hash_of(0.0F, 1, a);
    hash_of(0.0F, 2, b);
    ck_assert_str_eq(a, b);
    hash_of(-7.0F, 8, a);
    hash_of(gb_f32_from_bits(gb_f32_bits(-7.0F) + 1), 8, b);
    ck_assert_str_ne(a, b);
    hash_of(gb_f32_from_bits(0x7fc00000U), 8, a);
    hash_of(gb_f32_from_bits(0xffc12345U), 8, b);
    ck_assert_str_eq(a, b);
}
END_TEST

/* exp would overflow without the maximum taken off; a row longer than one block of the sum. */
START_TEST(nll_of_large_and_long_rows) {
    const float large[3] = {1000.0F, 999.0F, -1000.0F};
    ck_assert_double_eq_tol(gb_nll(large, 3, 0), log(1.0 + exp(-1.0)), 1e-7);
    ck_assert_double_eq_tol(gb_nll(large, 3, 1), 1.0 + log(1.0 + exp(-1.0)), 1e-7);
    float even[1000] = {0};
    ck_assert_double_eq_tol(gb_nll(even, 1000, 999), log(1000.0), 1e-9);
}
END_TEST

int main(void) {
    Suite *s = suite_create("perplexity");
    TCase *t = tcase_create("protocol");
    tcase_add_test(t, evaluates_what_the_protocol_says);
    tcase_add_test(t, keeps_the_first_token_without_bos);
    tcase_add_test(t, arithmetic_by_hand);
    tcase_add_test(t, targets_are_the_tokens_that_follow);
    tcase_add_test(t, chunk_limit_and_too_few_tokens);
    tcase_add_test(t, errors_of_the_source_come_through);
    tcase_add_test(t, token_outside_the_vocabulary);
    tcase_add_test(t, hash_of_logits);
    tcase_add_test(t, nll_of_large_and_long_rows);
    suite_add_tcase(s, t);
    return run_suite(s);
}
