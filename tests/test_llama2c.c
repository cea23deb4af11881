/* Models of llama2.c through convert: what the file computes, and what is refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/convert_run.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

static void put_run(FILE *f, float_model *m, const char *part, bool interleave) {
    const size_t half = m->head_dim / 2;
    for (size_t layer = 0; layer < m->layers; layer++) {
        char name[96];
        (void)snprintf(name, sizeof name, "model.layers.%zu.%s.weight", layer, part);
        const float_tensor *t = float_model_find(m, name);
        const size_t rows = t->rows ? t->rows : 1;
        for (size_t r = 0; r < rows; r++) {
            const size_t in_head = r % m->head_dim;
            const size_t from = interleave ? r - in_head + in_head / 2 + (in_head % 2 ? half : 0) : r;
            ck_assert_uint_eq(fwrite(t->data + from * t->cols, sizeof(float), t->cols, f), t->cols);
        }
    }
}

static void put_one(FILE *f, float_model *m, const char *name) {
    const float_tensor *t = float_model_find(m, name);
    const size_t n = (t->rows ? t->rows : 1) * t->cols;
    ck_assert_uint_eq(fwrite(t->data, sizeof(float), n, f), n);
}

static const char *llama2c_save(float_model *m, int version) {
    const char *path = scratch("model.bin");
    const int32_t vocab = (int32_t)m->vocab * (!version && !m->tied ? -1 : 1);
    const int32_t numbers[7] = {(int32_t)m->dim,      (int32_t)m->ffn, (int32_t)m->layers, (int32_t)m->heads,
                                (int32_t)m->kv_heads, vocab,           (int32_t)m->context};
    uint8_t header[256] = {0};
    const uint32_t start[2] = {0x616b3432, (uint32_t)version};
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    if (version) {
        memcpy(header, start, 8);
        memcpy(header + 8, numbers, 28);
        header[36] = m->tied;
    } else {
        memcpy(header, numbers, 28);
    }
    ck_assert_uint_eq(fwrite(header, version ? 256 : 28, 1, f), 1);
    if (version) {
        put_run(f, m, "input_layernorm", false);
        put_run(f, m, "post_attention_layernorm", false);
        put_one(f, m, "model.norm.weight");
    }
    put_one(f, m, "model.embed_tokens.weight");
    if (!version) put_run(f, m, "input_layernorm", false);
    put_run(f, m, "self_attn.q_proj", true);
    put_run(f, m, "self_attn.k_proj", true);
    put_run(f, m, "self_attn.v_proj", false);
    put_run(f, m, "self_attn.o_proj", false);
    if (!version) put_run(f, m, "post_attention_layernorm", false);
    put_run(f, m, "mlp.gate_proj", false);
    put_run(f, m, "mlp.down_proj", false);
    put_run(f, m, "mlp.up_proj", false);
    if (!version) {
        put_one(f, m, "model.norm.weight");
        for (size_t i = 0; i < m->context * m->head_dim * sizeof(float); i++) ck_assert_int_eq(fputc(7, f), 7);
    }
    if (!m->tied) put_one(f, m, "lm_head.weight");
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

/* Token i is the text of its number; one is a byte. */
static void bin_tokenizer_save(const char *name, size_t tokens) {
    FILE *f = fopen(scratch(name), "wb");
    const int32_t longest = 6;
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(&longest, 4, 1, f), 1);
    for (size_t i = 0; i < tokens; i++) {
        const float score = -(float)i;
        char text[16];
        const int32_t n = i == 5 ? snprintf(text, sizeof text, "<0x41>") : snprintf(text, sizeof text, " t%zu", i);
        ck_assert_uint_eq(fwrite(&score, 4, 1, f), 1);
        ck_assert_uint_eq(fwrite(&n, 4, 1, f), 1);
        ck_assert_uint_eq(fwrite(text, (size_t)n, 1, f), 1);
    }
    ck_assert_int_eq(fclose(f), 0);
}

/* Two versions, with and without an output matrix of its own: a run out of place would give other logits. */
START_TEST(llama2c_models) {
    float_model m = float_model_shape();
    m.tied = _i % 2 == 0;
    float_model_fill(&m, 17);
    const gb_convert_options o = {.source = llama2c_save(&m, _i / 2)};
    bin_tokenizer_save("tok300.bin", m.vocab);
    (void)convert_good(&o, scratch("out.gguf"));
    expect_logits(&m, scratch("out.gguf"));
    gb_gguf *f = open_gguf(scratch("out.gguf"));
    const gb_str *tokens = NULL;
    int32_t *types = NULL;
    size_t count = 0;
    gb_error err = {0};
    ck_assert_int_eq(gb_gguf_get_str_array(f, "tokenizer.ggml.tokens", &tokens, &count, &err), GB_OK);
    ck_assert_uint_eq(count, m.vocab);
    ck_assert(gb_str_equal(tokens[0], "<unk>") && gb_str_equal(tokens[2], "</s>"));
    ck_assert(gb_str_equal(tokens[7], "\xE2\x96\x81t7"));
    ck_assert_int_eq(gb_gguf_get_i32_array(f, "tokenizer.ggml.token_type", &types, &count, &err), GB_OK);
    ck_assert(types[0] == GB_TOKEN_UNKNOWN && types[1] == GB_TOKEN_CONTROL && types[5] == GB_TOKEN_BYTE);
    free(types);
    gb_gguf_close(f);
    float_model_free(&m);
}
END_TEST

static void refuse_bin(size_t at, int32_t value, const char *word) {
    FILE *f = fopen(scratch("model.bin"), "r+b");
    int32_t old = 0;
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, (long)at, SEEK_SET), 0);
    ck_assert_uint_eq(fread(&old, 4, 1, f), 1);
    ck_assert_int_eq(fseek(f, (long)at, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(&value, 4, 1, f), 1);
    ck_assert_int_eq(fflush(f), 0);
    refuse_source(scratch("model.bin"), word);
    ck_assert_int_eq(fseek(f, (long)at, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(&old, 4, 1, f), 1);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(llama2c_that_cannot_be) {
    float_model m = float_model_shape();
    float_model_fill(&m, 18);
    (void)llama2c_save(&m, 1);
    refuse_source(scratch("model.bin"), "neither tok300.bin nor tokenizer.bin");
    bin_tokenizer_save("tokenizer.bin", m.vocab - 1);
    refuse_source(scratch("model.bin"), "ends before token 299");
    bin_tokenizer_save("tokenizer.bin", m.vocab + 1);
    refuse_source(scratch("model.bin"), "behind the model's 300 tokens");
    bin_tokenizer_save("tokenizer.bin", m.vocab);
    refuse_bin(4, 2, "version 2 is not supported");
    refuse_bin(4, -1, "version -1 is not supported");
    refuse_bin(8, 0, "number 0 of the header is 0");
    refuse_bin(8, 64, "expected");
    refuse_bin(16, 1000000, "number of layers is 1000000");
    refuse_bin(20, 3, "heads of");
    refuse_bin(24, 3, "3 KV heads");
    refuse_bin(28, INT32_MIN, "number 5 of the header");
    refuse_bin(28, INT32_MAX, "vocabulary is 2147483647");
    (void)llama2c_save(&m, 0);
    refuse_bin(0, 64, "expected");
    refuse_bin(24, 63, "expected");
    ck_assert_int_eq(truncate(scratch("model.bin"), 1000), 0);
    refuse_source(scratch("model.bin"), "1000 bytes, expected");
    (void)llama2c_save(&m, 1);
    ck_assert_int_eq(truncate(scratch("model.bin"), 100), 0);
    refuse_source(scratch("model.bin"), "the header alone has 256");
    float_model_free(&m);
}
END_TEST

int main(void) {
    Suite *s = suite_create("llama2c");
    TCase *t = tcase_create("llama2c");
    tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, llama2c_models, 0, 4);
    tcase_add_test(t, llama2c_that_cannot_be);
    suite_add_tcase(s, t);
    return run_suite(s);
}
