/* The architecture qwen2 (biases, rope in halves) and biases of llama models, against a straightforward pass in double
 * and against the same model in llama's order. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/engine_run.h"
#include "tests/support/float_model.h"
#include "tests/support/suite.h"

static const char *file_name(const char *what) {
    static char paths[2][512];
    static unsigned turn;
    char *path = paths[turn++ % 2];
    (void)snprintf(path, sizeof paths[0], "%s/test-qwen2-%s-%ld.gguf", GB_BINARY_DIR, what, (long)getpid());
    return path;
}

enum { TOKENS = 23 };

static const int32_t *some_tokens(const float_model *m) {
    static int32_t ids[TOKENS];
    for (size_t i = 0; i < TOKENS; i++) ids[i] = (int32_t)(i * 97 % m->vocab);
    return ids;
}

static void expect_logits(float_model *m, const char *path) {
    const int32_t *ids = some_tokens(m);
    double *wanted = calloc(m->vocab, sizeof *wanted);
    ck_assert_ptr_nonnull(wanted);
    float_model_logits(m, ids, TOKENS, wanted);
    double largest = 0;
    for (size_t i = 0; i < m->vocab; i++) largest = fmax(largest, fabs(wanted[i]));
    ck_assert_double_gt(largest, 1.0); /* else agreement would say little */
    engine_run e = engine_open(path, NULL, 2, 0, 7, GB_FORMAT_f32);
    float *logits = engine_logits(e, ids, TOKENS);
    for (size_t i = 0; i < m->vocab; i++)
        ck_assert_msg(fabs((double)logits[i] - wanted[i]) < 1e-4 * largest, "logit %zu: %g, expected %g", i,
                      (double)logits[i], wanted[i]);
    free(logits);
    free(wanted);
    engine_close(e);
}

static float_model variant(int i) {
    float_model m = float_model_shape();
    m.qkv_bias = true;
    m.tied = i != 1;
    if (i == 2) { /* heads together wider than the model, as some are */
        m.head_dim = 12;
        m.kv_heads = 1;
    }
    m.o_bias = i == 3;
    m.mlp_bias = i == 3;
    float_model_fill(&m, 7 + (uint64_t)i);
    return m;
}
enum { VARIANTS = 4 };

/* A bias left out, added after the rotation, or to the wrong product; pairs (2i, 2i + 1) instead of halves, or the
 * other way round. */
START_TEST(logits_agree_with_double) {
    float_model m = variant(_i);
    const char *path = file_name("a");
    for (int qwen2 = 0; qwen2 < 2; qwen2++) {
        float_model_write_gguf(&m, path, qwen2 ? "qwen2" : "llama", !qwen2);
        expect_logits(&m, path);
    }
    (void)unlink(path);
    float_model_free(&m);
}
END_TEST

static void hash_of(const char *path, const char *isa, size_t threads, size_t batch, const int32_t *ids,
                    char hash[33]) {
    engine_run e = engine_open(path, isa, threads, 0, batch, GB_FORMAT_f16);
    engine_hash(e, ids, TOKENS, hash);
    engine_close(e);
}

/* qwen2 is defined as llama with the rows of q and k in another order: the same bits, for any ISA, threads, batch. */
START_TEST(qwen2_is_llama_in_another_order) {
    float_model m = variant(_i);
    const int32_t *ids = some_tokens(&m);
    const char *a = file_name("a");
    const char *b = file_name("b");
    char wanted[33];
    char found[33];
    float_model_write_gguf(&m, a, "llama", true);
    float_model_write_gguf(&m, b, "qwen2", false);
    hash_of(a, NULL, 1, 64, ids, wanted);
    for (const char *const *isa = engine_isas(); *isa; isa++)
        for (size_t batch = 1; batch <= 64; batch *= 8) {
            hash_of(b, *isa, 2, batch, ids, found);
            ck_assert_msg(strcmp(wanted, found) == 0, "isa %s, batch %zu: %s instead of %s", *isa, batch, found,
                          wanted);
        }
    (void)unlink(a);
    (void)unlink(b);
    float_model_free(&m);
}
END_TEST

/* Without its biases a qwen2 file would load as a plausible wrong model. */
START_TEST(qwen2_needs_its_biases) {
    float_model m = float_model_shape();
    float_model_fill(&m, 1);
    const char *path = file_name("a");
    gb_cap cap;
    char message[512];
    gb_llama *loaded = NULL;
    gb_error err = {0};
    float_model_write_gguf(&m, path, "qwen2", false);
    ck_assert_int_eq(gb_cap_from_name(NULL, &cap, message, sizeof message), 0);
    ck_assert_int_eq(gb_llama_load(path, &cap, NULL, &loaded, &err), GB_EINPUT);
    ck_assert_msg(strstr(err.text, "'blk.0.attn_q.bias' is missing") != NULL, "%s", err.text);
    (void)unlink(path);
    float_model_free(&m);
}
END_TEST

int main(void) {
    Suite *s = suite_create("qwen2");
    TCase *t = tcase_create("qwen2");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, logits_agree_with_double, 0, VARIANTS);
    tcase_add_loop_test(t, qwen2_is_llama_in_another_order, 0, VARIANTS);
    tcase_add_test(t, qwen2_needs_its_biases);
    suite_add_tcase(s, t);
    return run_suite(s);
}
