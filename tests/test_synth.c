/* Synthetic models: bytes that depend on threads, weights of the wrong size, a model that its own reader refuses. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/synth.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

static gb_error err;
static gb_cap cap;

static void synth(const char *path, const char *shape, const char *recipe, size_t threads, uint64_t seed, bool random) {
    gb_synth_options options = {.seed = seed, .random_blocks = random};
    gb_synth_result made;
    gb_pool *pool = NULL;
    ck_assert_int_eq(gb_shape_find(shape, &options.shape, &err), GB_OK);
    options.pure = strncmp(recipe, "pure ", 5) == 0;
    ck_assert_int_eq(gb_recipe_find(recipe + (options.pure ? 5 : 0), &options.recipe, &err), GB_OK);
    ck_assert_int_eq(gb_pool_new(threads, NULL, 0, &pool, &err), GB_OK);
    ck_assert_msg(gb_synth_write(&options, path, pool, &cap, NULL, &made, &err) == GB_OK, "%s", err.text);
    gb_pool_free(pool);
}

/* Mean and standard deviation of one tensor. */
static void moments(const gb_gguf *f, const char *name, double *mean, double *deviation) {
    const gb_tensor *t = gb_gguf_find_tensor(f, name);
    ck_assert_ptr_nonnull(t);
    float x[2048];
    double sum = 0;
    double squares = 0;
    const size_t n = (size_t)t->ne[0];
    ck_assert_uint_le(n, 2048);
    for (uint64_t r = 0; r < gb_tensor_rows(t); r++) {
        gb_reference(t->format, GB_OP_dequantize).dequantize(t->data + r * gb_row_bytes(t->format, n), x, n);
        for (size_t i = 0; i < n; i++) {
            sum += (double)x[i];
            squares += (double)x[i] * (double)x[i];
        }
    }
    const double total = (double)n * (double)gb_tensor_rows(t);
    *mean = sum / total;
    *deviation = sqrt(squares / total - *mean * *mean);
}

/* Random models of every type: the same bytes for any threads, other bytes for another seed, weights of about 0.02 with
 * a mean near 0 (random q4_0 codes have the mean -0.5), norms of 1, a header that the reader accepts. */
START_TEST(synthetic_models) {
    static const char *const recipes[] = {"F32",   "BF16",  "Q8_0",  "Q6_K",      "Q4_0",        "Q4_K_M",
                                          "Q4_1",  "Q5_0",  "Q5_1",  "Q1_0",      "Q2_0",        "MXFP4",
                                          "NVFP4", "TQ1_0", "TQ2_0", "pure Q2_K", "pure Q3_K_S", "pure Q5_K_S"};
    const char *a = scratch("a.gguf");
    const char *b = scratch("b.gguf");
    const char *c = scratch("c.gguf");
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++) {
        for (int random = 0; random < 2; random++) {
            synth(a, "tiny", recipes[i], 1, 7, random);
            synth(b, "tiny", recipes[i], 3, 7, random);
            synth(c, "tiny", recipes[i], 3, 8, random);
            scratch_same_bytes(a, b);
            gb_gguf *f = NULL;
            gb_gguf *g = NULL;
            ck_assert_msg(gb_gguf_open(a, &f, &err) == GB_OK, "%s", err.text);
            ck_assert_int_eq(gb_gguf_open(c, &g, &err), GB_OK);
            const gb_tensor *q = gb_gguf_find_tensor(f, "blk.1.attn_q.weight");
            ck_assert_mem_ne(q->data, gb_gguf_find_tensor(g, "blk.1.attn_q.weight")->data, q->bytes);
            ck_assert_mem_ne(q->data, gb_gguf_find_tensor(f, "blk.0.attn_q.weight")->data, q->bytes);
            ck_assert_mem_ne(q->data, q->data + q->bytes / 256, q->bytes / 256); /* rows differ */
            ck_assert_msg(gb_gguf_check_scales(f, &err) == GB_OK, "%s", err.text);
            double mean = 0;
            double deviation = 0;
            static const char *const matrices[] = {"token_embd.weight", "blk.0.ffn_down.weight"};
            for (size_t m = 0; m < 2; m++) {
                moments(f, matrices[m], &mean, &deviation);
                const gb_format_info *info = &gb_formats[gb_gguf_find_tensor(f, matrices[m])->format];
                /* one or two bits cannot follow the spread of what was quantized; random blocks are made to have it */
                const bool coarse = !random && info->block_bytes * 8 < info->block_elems * 3;
                ck_assert_msg(fabs(mean) < 0.003 && (coarse || fabs(deviation - 0.02) < 0.002),
                              "%s %s: mean %g deviation %g", recipes[i], matrices[m], mean, deviation);
            }
            moments(f, "output_norm.weight", &mean, &deviation);
            ck_assert_double_eq(mean, 1);
            ck_assert_double_eq(deviation, 0);
            gb_gguf_close(f);
            gb_gguf_close(g);
        }
    }
}
END_TEST

/* The vocabulary encodes every byte, has no token twice and names its special tokens. */
START_TEST(synthetic_vocabulary) {
    synth(scratch("a.gguf"), "tiny", "Q8_0", 2, 1, true);
    gb_gguf *f = NULL;
    const gb_str *tokens = NULL;
    size_t n = 0;
    uint64_t bos = 0;
    uint64_t eos = 0;
    ck_assert_int_eq(gb_gguf_open(scratch("a.gguf"), &f, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_get_str_array(f, "tokenizer.ggml.tokens", &tokens, &n, &err), GB_OK);
    ck_assert_uint_eq(n, 512);
    ck_assert(gb_str_equal(tokens['A'], "A"));
    ck_assert(gb_str_equal(tokens[' '], "\xc4\xa0"));  /* G with dot: U+0120 */
    ck_assert(gb_str_equal(tokens['\n'], "\xc4\x8a")); /* U+010A */
    ck_assert(gb_str_equal(tokens[0xad], "\xc5\x83")); /* U+0143, the last of the unprintable */
    ck_assert(gb_str_equal(tokens[0xff], "\xc3\xbf"));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert(tokens[i].size != tokens[j].size || memcmp(tokens[i].data, tokens[j].data, tokens[i].size) != 0);
    ck_assert_int_eq(gb_gguf_get_u64(f, "tokenizer.ggml.bos_token_id", &bos, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_get_u64(f, "tokenizer.ggml.eos_token_id", &eos, &err), GB_OK);
    ck_assert(gb_str_equal(tokens[bos], "<|begin_of_text|>"));
    ck_assert(gb_str_equal(tokens[eos], "<|end_of_text|>"));
    gb_gguf_close(f);
}
END_TEST

/* Llama 3 scaling: fast frequencies unchanged, slow ones divided by 32, monotone between. */
START_TEST(rope_factors) {
    gb_shape shape;
    float factors[32];
    ck_assert_int_eq(gb_shape_find("LLAMA-3.2-1B", &shape, &err), GB_OK);
    gb_shape_rope_factors(&shape, factors);
    ck_assert_float_eq(factors[0], 1);
    ck_assert_float_eq(factors[31], 32);
    size_t between = 0;
    for (size_t i = 1; i < 32; i++) {
        ck_assert_float_ge(factors[i], factors[i - 1]);
        between += factors[i] > 1 && factors[i] < 32;
    }
    ck_assert_uint_ge(between, 2);
    ck_assert_uint_le(between, 6);
}
END_TEST

static void save_text(const char *path, const char *content) {
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(content, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

/* Shape files: what is given is taken, what is wrong is refused with its line. */
START_TEST(shape_files) {
    static const struct {
        const char *content, *reason;
    } bad[] = {
        {"vocab 512\nwidth 3\n", "line 2: unknown field 'width'"},
        {"vocab\n", "line 1: expected a field and its value"},
        {"vocab 512 513\n", "line 1: expected a field and its value"},
        {"vocab -1\n", "'-1' is no value"},
        {"vocab 1e30\n", "'1e30' is no value"},
        {"vocab 5.5\n", "'5.5' is no value"},
        {"eps nan\n", "'nan' is no value"},
        {"tied 2\n", "'2' is no value"},
        {"", "vocab is 0"},
        {"vocab 512\ndim 64\nlayers 1\nhead_dim 32\nheads 3\nkv_heads 2\nffn 64\n", "not a multiple of kv_heads"},
        {"vocab 512\ndim 64\nlayers 1\nhead_dim 31\nheads 2\nffn 64\n", "head_dim is odd"},
        {"vocab 512\ndim 64\nlayers 1\nhead_dim 32\nffn 64\nrope_factor 8\n", "rope scaling needs"},
        {"vocab 512\ndim 64\nlayers 4294967295\nhead_dim 32\nffn 64\n", "no value for layers"}};
    gb_shape shape;
    const char *path = scratch("shape.txt");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        save_text(path, bad[i].content);
        ck_assert_int_eq(gb_shape_find(path, &shape, &err), GB_EINPUT);
        ck_assert_ptr_nonnull(strstr(err.text, path));
        ck_assert_msg(strstr(err.text, bad[i].reason) != NULL, "expected '%s' in: %s", bad[i].reason, err.text);
    }
    save_text(path, "# a comment\nvocab = 300\n\n dim 64 # more\nlayers 3\nhead_dim 16\nffn 96\ntied 0");
    ck_assert_msg(gb_shape_find(path, &shape, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(shape.vocab, 300);
    ck_assert_uint_eq(shape.heads, 4);
    ck_assert_uint_eq(shape.kv_heads, 4);
    ck_assert(!shape.tied);
    synth(scratch("s.gguf"), path, "Q8_0", 1, 1, false);
    gb_gguf *f = NULL;
    ck_assert_int_eq(gb_gguf_open(scratch("s.gguf"), &f, &err), GB_OK);
    ck_assert_uint_eq(f->tensor_count, 3 * 9 + 3);
    ck_assert_ptr_nonnull(gb_gguf_find_tensor(f, "output.weight"));
    gb_gguf_close(f);
    ck_assert_int_eq(gb_shape_find("no-such-shape", &shape, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "tinyllama-1.1b"));
}
END_TEST

int main(void) {
    char message[256];
    if (gb_cap_from_name(NULL, &cap, message, sizeof message) != 0) return 2;
    Suite *suite = suite_create("synth");
    TCase *files = tcase_create("files");
    tcase_set_timeout(files, 300);
    tcase_add_checked_fixture(files, scratch_enter, scratch_leave);
    tcase_add_test(files, synthetic_models);
    tcase_add_test(files, synthetic_vocabulary);
    tcase_add_test(files, rope_factors);
    tcase_add_test(files, shape_files);
    suite_add_tcase(suite, files);
    return run_suite(suite);
}
