/* Loading: what is refused, and that the message says what is wrong. Every row is one defect in an otherwise good file.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model/context.h"
#include "model/llama.h"
#include "tests/support/engine_run.h"
#include "tests/support/suite.h"
#include "tests/support/tiny_llama.h"

static int load(const tiny_llama *t, gb_llama **m, gb_error *err) {
    const char *path = tiny_llama_write(t);
    gb_cap cap;
    char message[512];
    ck_assert_int_eq(gb_cap_from_name(NULL, &cap, message, sizeof message), 0);
    const int rc = gb_llama_load(path, &cap, NULL, m, err);
    unlink(path);
    return rc;
}

static void expect_refused(const tiny_llama *t, const char *message) {
    gb_llama *m = NULL;
    gb_error err = {0};
    ck_assert_msg(load(t, &m, &err) == GB_EINPUT, "accepted; expected '%s'", message);
    ck_assert_ptr_null(m);
    ck_assert_msg(strstr(err.text, message) != NULL, "'%s' does not say '%s'", err.text, message);
    ck_assert_msg(strstr(err.text, "tiny-llama") != NULL, "'%s' does not name the file", err.text);
}

/* Without it, every refusal below could come from a model that is bad anyway. */
START_TEST(good_models_load) {
    tiny_llama t = tiny_llama_good();
    for (int variant = 0; variant < 4; variant++) {
        t.output = variant & 1;
        t.rope_factors = variant & 2;
        gb_llama *m = NULL;
        gb_error err = {0};
        ck_assert_msg(load(&t, &m, &err) == GB_OK, "%s", err.text);
        ck_assert_uint_eq(m->n_vocab, TINY_VOCAB);
        ck_assert_uint_eq(m->head_dim, TINY_EMBD / TINY_HEADS);
        ck_assert_int_eq(m->output.data == m->embedding.data, !t.output);
        gb_llama_free(m);
    }
}
END_TEST

START_TEST(missing_tensors_and_keys) {
    static const char *const names[] = {"token_embd.weight",
                                        "output_norm.weight",
                                        "blk.0.attn_norm.weight",
                                        "blk.0.attn_q.weight",
                                        "blk.0.attn_k.weight",
                                        "blk.0.attn_v.weight",
                                        "blk.0.attn_output.weight",
                                        "blk.0.ffn_norm.weight",
                                        "blk.0.ffn_gate.weight",
                                        "blk.0.ffn_up.weight",
                                        "blk.0.ffn_down.weight",
                                        "llama.block_count",
                                        "llama.context_length",
                                        "llama.embedding_length",
                                        "llama.feed_forward_length",
                                        "llama.attention.head_count",
                                        "llama.attention.layer_norm_rms_epsilon"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tiny_llama t = tiny_llama_good();
        t.omit = names[i];
        expect_refused(&t, names[i]);
    }
}
END_TEST

/* One more element per row: a loader that trusts the file would read other weights than the shape says. */
START_TEST(wrong_shapes) {
    static const char *const names[] = {"token_embd.weight",        "output_norm.weight",    "blk.0.attn_norm.weight",
                                        "blk.0.attn_q.weight",      "blk.0.attn_k.weight",   "blk.0.attn_v.weight",
                                        "blk.0.attn_output.weight", "blk.0.ffn_norm.weight", "blk.0.ffn_gate.weight",
                                        "blk.0.ffn_up.weight",      "blk.0.ffn_down.weight", "output.weight",
                                        "rope_freqs.weight"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tiny_llama t = tiny_llama_good();
        t.output = true;
        t.rope_factors = true;
        t.reshape = names[i];
        expect_refused(&t, names[i]);
    }
}
END_TEST

#define REFUSE(field, value, message)                                                                                  \
    do {                                                                                                               \
        tiny_llama t = tiny_llama_good();                                                                              \
        t.field = value;                                                                                               \
        expect_refused(&t, message);                                                                                   \
    } while (0)

START_TEST(impossible_hyperparameters) {
    REFUSE(architecture, "mamba", "'mamba'");
    REFUSE(n_head, 0, "llama.attention.head_count is 0");
    REFUSE(n_head_kv, 0, "llama.attention.head_count_kv is 0");
    REFUSE(n_head, 6, "embedding_length 32 is not a multiple of llama.attention.head_count 6");
    REFUSE(n_head_kv, 3, "head_count 4 is not a multiple of head_count_kv 3");
    REFUSE(n_embd, 0, "llama.embedding_length is 0");
    REFUSE(n_embd, 4294967295U, "llama.embedding_length is 4294967295");
    REFUSE(layers, 0, "llama.block_count is 0");
    REFUSE(layers, 2, "'blk.1.attn_norm.weight' is missing");
    REFUSE(layers, 1000, "the file has only");
    REFUSE(context, 0, "llama.context_length is 0");
    REFUSE(context, 4000000000U, "llama.context_length is 4000000000");
    REFUSE(n_rot, 7, "llama.rope.dimension_count is 7");
    REFUSE(n_rot, 10, "llama.rope.dimension_count is 10");
    REFUSE(eps, 0.0F, "epsilon is 0");
    REFUSE(eps, NAN, "epsilon' is nan");
    REFUSE(rope_base, 0.0F, "freq_base is 0");
    REFUSE(rope_base, INFINITY, "freq_base' is inf");
    REFUSE(experts, 8, "llama.expert_count = 8");
    REFUSE(scaling_type, "yarn", "'yarn' is not supported");
    REFUSE(scaling_type, "linear", "scaling factor is 0");
    REFUSE(extra, "blk.0.attn_q_norm.weight", "'blk.0.attn_q_norm.weight' is not part of a llama model");
    REFUSE(extra, "blk.0.attn_q.bias", "'blk.0.attn_q.bias' has 1 dimensions, 4 x 1; expected 1, 32");
    REFUSE(architecture, "qwen2", "qwen2.block_count");
    REFUSE(extra, "blk.0.attn_q.weight.perm", "expected I32, 1, 32");
    REFUSE(extra, "token_embd.weight.perm", "'token_embd.weight.perm' is not part of a llama model");
    REFUSE(nan, true, "blk.0.ffn_down.weight");
}
END_TEST

/* The parallel scan must name the same block as the plain one, and find it whichever thread has it. */
START_TEST(nan_is_found_by_any_number_of_threads) {
    tiny_llama t = tiny_llama_good();
    t.nan = true;
    const char *path = tiny_llama_write(&t);
    gb_error plain = {0};
    gb_gguf *file = NULL;
    ck_assert_int_eq(gb_gguf_open(path, &file, &plain), GB_OK);
    ck_assert_int_eq(gb_gguf_check_scales(file, &plain), GB_EINPUT);
    for (size_t threads = 1; threads <= 5; threads++) {
        gb_pool *pool = NULL;
        gb_error err = {0};
        ck_assert_int_eq(gb_pool_new(threads, NULL, 0, &pool, &err), GB_OK);
        ck_assert_int_eq(gb_llama_check_scales(file, pool, &err), GB_EINPUT);
        ck_assert_str_eq(err.text, plain.text);
        gb_pool_free(pool);
    }
    gb_gguf_close(file);
    unlink(path);
}
END_TEST

/* base^(-2i / n_rot) / linear / factor: a frequency off by one place, or a scaling that multiplies. */
START_TEST(rope_frequencies) {
    tiny_llama t = tiny_llama_good();
    t.rope_factors = true;
    t.scaling_type = "linear";
    t.scaling_factor = 4.0F;
    gb_llama *m = NULL;
    gb_error err = {0};
    ck_assert_msg(load(&t, &m, &err) == GB_OK, "%s", err.text);
    for (size_t i = 0; i < 4; i++)
        ck_assert_double_eq_tol(m->frequency[i], pow(10.0, -(double)i) / 4.0 / (double)(i + 1), 1e-15);
    gb_llama_free(m);
}
END_TEST

/* f32 tensors only: 32 bits per weight exactly; the byte count is the sum over tensors, not the file. */
START_TEST(sizes) {
    const tiny_llama t = tiny_llama_good();
    gb_llama *m = NULL;
    gb_error err = {0};
    ck_assert_int_eq(load(&t, &m, &err), GB_OK);
    const uint64_t weights = 32 * 11 + 3 * 32 + 2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 48;
    ck_assert_uint_eq(gb_llama_tensor_bytes(m), weights * 4);
    ck_assert_double_eq_tol(gb_llama_bits_per_weight(m), 32.0, 1e-12);
    gb_llama_free(m);
}
END_TEST

static void expect_no_context(const gb_llama *m, gb_context_params params, const char *message) {
    gb_pool *pool = NULL;
    gb_context *c = NULL;
    gb_error err = {0};
    ck_assert_int_eq(gb_pool_new(1, NULL, 0, &pool, &err), GB_OK);
    ck_assert_int_eq(gb_context_new(m, pool, &params, &c, &err), GB_EINPUT);
    ck_assert_ptr_null(c);
    ck_assert_msg(strstr(err.text, message) != NULL, "'%s' does not say '%s'", err.text, message);
    gb_pool_free(pool);
}

START_TEST(impossible_contexts) {
    tiny_llama t = tiny_llama_good();
    t.context = 1 << 24; /* what a hostile file may claim */
    gb_llama *m = NULL;
    gb_error err = {0};
    ck_assert_msg(load(&t, &m, &err) == GB_OK, "%s", err.text);
    m->n_head_kv = 1 << 16; /* as a model of that width would: more cache than any machine has */
    expect_no_context(m, (gb_context_params){1 << 24, 64, GB_FORMAT_f16}, "KV cache of");
    m->n_head_kv = TINY_KV_HEADS;
    expect_no_context(m, (gb_context_params){0, 64, GB_FORMAT_f16}, "0 positions");
    expect_no_context(m, (gb_context_params){(1 << 24) + 1, 64, GB_FORMAT_f16}, "16777217 positions");
    expect_no_context(m, (gb_context_params){64, 0, GB_FORMAT_f16}, "batch");
    expect_no_context(m, (gb_context_params){64, 64, GB_FORMAT_bf16}, "type bf16 is not supported");
    expect_no_context(m, (gb_context_params){64, 64, GB_FORMAT_q8_0}, "whole blocks of 32 elements");
    const size_t head_dim = m->head_dim;
    m->head_dim = 2 * GB_Q8_0_HEAD;
    expect_no_context(m, (gb_context_params){64, 64, GB_FORMAT_q8_0}, "at most 4096 elements");
    m->head_dim = head_dim;
    gb_llama_free(m);
}
END_TEST

int main(void) {
    Suite *s = suite_create("llama_load");
    TCase *t = tcase_create("load");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, good_models_load);
    tcase_add_test(t, missing_tensors_and_keys);
    tcase_add_test(t, wrong_shapes);
    tcase_add_test(t, impossible_hyperparameters);
    tcase_add_test(t, nan_is_found_by_any_number_of_threads);
    tcase_add_test(t, rope_frequencies);
    tcase_add_test(t, sizes);
    tcase_add_test(t, impossible_contexts);
    suite_add_tcase(s, t);
    return run_suite(s);
}
