/* Whole models through convert: what the file computes, what it holds, and what is refused. Hugging Face checkpoints
 * are judged by a straightforward pass in double over the weights they were made from. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/file.h"
#include "reference/number.h"
#include "tests/support/convert_run.h"
#include "tests/support/hf_dir.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

static float_model model_of(const char *class) {
    float_model m = float_model_shape();
    m.qkv_bias = strcmp(class, "Qwen2ForCausalLM") == 0;
    m.tied = strcmp(class, "MistralForCausalLM") != 0;
    return m;
}

static gb_convert_options from_dir(void) {
    static char dir[512]; /* what scratch returns does not live long */
    (void)snprintf(dir, sizeof dir, "%s", scratch("."));
    return (gb_convert_options){.source = dir};
}

/* The GGUF file of this model in this directory. */
static gb_gguf *converted(float_model *m, hf_dir d, gb_outtype outtype) {
    gb_convert_options o = from_dir();
    o.outtype = outtype;
    hf_dir_write(m, &d);
    (void)convert_good(&o, scratch("out.gguf"));
    return open_gguf(scratch("out.gguf"));
}

static const char *const classes[] = {"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM"};
static const char *const dtypes[] = {"F32", "F16", "BF16"};
static const gb_format formats[] = {GB_FORMAT_f32, GB_FORMAT_f16, GB_FORMAT_bf16};

/* Each family in each type, in one file and in three: rows permuted where they must not be or the other way round,
 * shards confused, numbers widened wrongly. */
START_TEST(families_types_and_shards) {
    const char *class = classes[_i % 3];
    const char *dtype = dtypes[_i / 3];
    float_model m = model_of(class);
    float_model_fill(&m, (uint64_t)_i);
    for (size_t shards = 0; shards <= 3; shards += 3) {
        gb_gguf *f = converted(&m, (hf_dir){.class = class, .dtype = dtype, .shards = shards}, GB_OUT_AUTO);
        expect_logits(&m, scratch("out.gguf"));
        for (size_t i = 0; i < f->tensor_count; i++)
            ck_assert_int_eq(f->tensors[i].format, f->tensors[i].dims == 1 ? GB_FORMAT_f32 : formats[_i / 3]);
        ck_assert_uint_eq(u64_of(f, "general.file_type"), _i / 3 == 2 ? 32 : (uint64_t)_i / 3);
        gb_gguf_close(f);
    }
    float_model_free(&m);
}
END_TEST

/* A file among its config and tokenizer is the same model as the directory. */
START_TEST(single_file_is_the_directory) {
    float_model m = model_of(classes[0]);
    float_model_fill(&m, 5);
    hf_dir_write(&m, &(hf_dir){.class = classes[0], .dtype = "F16"});
    const gb_convert_options dir = {.source = scratch("."), .name = "n"};
    const gb_convert_options file = {.source = scratch("model.safetensors"), .name = "n"};
    uint8_t *a = NULL;
    uint8_t *b = NULL;
    size_t na = 0;
    size_t nb = 0;
    gb_error err = {0};
    (void)convert_good(&dir, scratch("a.gguf"));
    (void)convert_good(&file, scratch("b.gguf"));
    ck_assert_int_eq(gb_read_all(scratch("a.gguf"), 1 << 20, &a, &na, &err), GB_OK);
    ck_assert_int_eq(gb_read_all(scratch("b.gguf"), 1 << 20, &b, &nb, &err), GB_OK);
    ck_assert_uint_eq(na, nb);
    ck_assert_mem_eq(a, b, na);
    free(a);
    free(b);
    float_model_free(&m);
}
END_TEST

/* --outtype: the type that is asked for, whatever is stored; values are rounded once, and none is when the type stays.
 */
START_TEST(outtypes) {
    float_model m = model_of(classes[2]);
    float_model_fill(&m, 6);
    for (size_t from = 0; from < 3; from++)
        for (size_t to = 0; to < 3; to++) {
            gb_gguf *f =
                converted(&m, (hf_dir){.class = classes[2], .dtype = dtypes[from]}, (gb_outtype)(GB_OUT_F32 + (int)to));
            const gb_tensor *t = gb_gguf_find_tensor(f, "blk.1.ffn_down.weight");
            const float_tensor *w = float_model_find(&m, "model.layers.1.mlp.down_proj.weight");
            ck_assert_ptr_nonnull(t);
            ck_assert_int_eq(t->format, formats[to]);
            size_t bytes = 0;
            void *wanted = as_dtype(w->data, w->rows * w->cols, dtypes[to], &bytes);
            ck_assert_uint_eq(t->bytes, bytes);
            ck_assert_mem_eq(t->data, wanted, bytes);
            free(wanted);
            gb_gguf_close(f);
        }
    float_model_free(&m);
}
END_TEST

/* Bits that a float does not tell apart (-0) or that do not survive a detour (subnormals) stay where the type stays. */
START_TEST(same_type_keeps_every_bit) {
    float_model m = model_of(classes[0]);
    float_model_fill(&m, 7);
    hf_dir_write(&m, &(hf_dir){.class = classes[0], .dtype = "F16"});
    const gb_convert_options o = from_dir();
    FILE *f = fopen(scratch("model.safetensors"), "r+b");
    static const uint16_t odd[] = {0x8000, 0x0001, 0x83ff, 0x7bff};
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, -(long)sizeof odd, SEEK_END), 0); /* the end of layer 1's down_proj */
    ck_assert_uint_eq(fwrite(odd, sizeof odd, 1, f), 1);
    ck_assert_int_eq(fclose(f), 0);
    (void)convert_good(&o, scratch("out.gguf"));
    gb_gguf *g = open_gguf(scratch("out.gguf"));
    const gb_tensor *t = gb_gguf_find_tensor(g, "blk.1.ffn_down.weight");
    ck_assert_mem_eq(t->data + t->bytes - sizeof odd, odd, sizeof odd);
    gb_gguf_close(g);
    float_model_free(&m);
}
END_TEST

/* --- hyperparameters ---------------------------------------------------------------------------------------------- */

START_TEST(keys) {
    float_model m = model_of(classes[0]);
    m.head_dim = 12; /* not dim / heads: must be stated */
    m.rope_base = 500000.0F;
    m.eps = 2e-5F;
    float_model_fill(&m, 8);
    hf_dir_write(&m, &(hf_dir){.class = classes[0], .dtype = "F32"});
    gb_error err = {0};
    gb_str s;
    float v = 0;
    const gb_convert_options o = {.source = scratch("."), .name = "A Name"};
    (void)convert_good(&o, scratch("out.gguf"));
    expect_logits(&m, scratch("out.gguf"));
    gb_gguf *f = open_gguf(scratch("out.gguf"));
    static const struct {
        const char *key;
        uint64_t value;
    } wanted[] = {
        {"llama.block_count", 2},           {"llama.context_length", 64},         {"llama.embedding_length", 32},
        {"llama.feed_forward_length", 48},  {"llama.attention.head_count", 4},    {"llama.attention.head_count_kv", 2},
        {"llama.attention.key_length", 12}, {"llama.attention.value_length", 12}, {"llama.rope.dimension_count", 12},
        {"llama.vocab_size", 300},          {"general.quantization_version", 2},  {"general.file_type", 0}};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        ck_assert_msg(u64_of(f, wanted[i].key) == wanted[i].value, "%s", wanted[i].key);
    ck_assert_int_eq(gb_gguf_get_str(f, "general.architecture", &s, &err), GB_OK);
    ck_assert(gb_str_equal(s, "llama"));
    ck_assert_int_eq(gb_gguf_get_str(f, "general.name", &s, &err), GB_OK);
    ck_assert(gb_str_equal(s, "A Name"));
    ck_assert_int_eq(gb_gguf_get_f32(f, "llama.rope.freq_base", &v, &err), GB_OK);
    ck_assert_float_eq(v, 500000.0F);
    ck_assert_int_eq(gb_gguf_get_f32(f, "llama.attention.layer_norm_rms_epsilon", &v, &err), GB_OK);
    ck_assert_float_eq(v, 2e-5F);
    gb_gguf_close(f);
    float_model_free(&m);
}
END_TEST

/* Llama 3's divisors, by hand: head 8, base 10000, wavelengths 2 pi 10^(0, 1, 2, 3) = 6.28, 62.8, 628, 6283; context
 * 256, low 1, high 4: under 64 stay, over 256 are divided by 8, none between. With high 8 and low 0.25 the third is
 * between: turns 256 / 628.3 = 0.40744, smooth = (0.40744 - 0.25) / 7.75 = 0.0203. */
START_TEST(rope_of_llama3) {
    static const float plain[] = {1, 1, 8, 8};
    static const float between[] = {1, 1.0F / ((1 - 0.493466651F) / 8 + 0.493466651F),
                                    1.0F / ((1 - 0.020314407F) / 8 + 0.020314407F), 8};
    static const char *const configs[] = {
        "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4, "
        "\"original_max_position_embeddings\": 256}",
        "\"rope_parameters\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 0.25, "
        "\"high_freq_factor\": 8, \"original_max_position_embeddings\": 256, \"rope_theta\": 10000}"};
    const float *const wanted[] = {plain, between};
    for (size_t i = 0; i < 2; i++) {
        float_model m = model_of(classes[0]);
        m.rope_factors = wanted[i];
        float_model_fill(&m, 9);
        gb_gguf *f = converted(&m, (hf_dir){.class = classes[0], .dtype = "F32", .config = configs[i]}, GB_OUT_AUTO);
        expect_logits(&m, scratch("out.gguf"));
        const gb_tensor *t = gb_gguf_find_tensor(f, "rope_freqs.weight");
        ck_assert_ptr_nonnull(t);
        ck_assert_uint_eq(t->ne[0], 4);
        for (size_t j = 0; j < 4; j++)
            ck_assert_float_eq_tol(gb_load_f32(t->data, j), wanted[i][j], 1e-6F * wanted[i][j]);
        gb_gguf_close(f);
        float_model_free(&m);
    }
}
END_TEST

START_TEST(rope_linear_and_yarn) {
    static const float halves[] = {2, 2, 2, 2};
    float_model m = model_of(classes[2]);
    m.rope_factors = halves; /* positions by two are frequencies by two */
    float_model_fill(&m, 10);
    hf_dir_write(&m, &(hf_dir){.class = classes[2],
                               .dtype = "F32",
                               .config = "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}"});
    const gb_convert_options o = from_dir();
    (void)convert_good(&o, scratch("out.gguf"));
    expect_logits(&m, scratch("out.gguf"));
    hf_dir_write(&m, &(hf_dir){.class = classes[2],
                               .dtype = "F32",
                               .config = "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0, "
                                         "\"original_max_position_embeddings\": 32, \"beta_fast\": 16}"});
    (void)convert_good(&o, scratch("out.gguf"));
    gb_gguf *f = open_gguf(scratch("out.gguf"));
    gb_str type;
    float v = 0;
    gb_error err = {0};
    ck_assert_int_eq(gb_gguf_get_str(f, "qwen2.rope.scaling.type", &type, &err), GB_OK);
    ck_assert(gb_str_equal(type, "yarn"));
    ck_assert_uint_eq(u64_of(f, "qwen2.rope.scaling.original_context_length"), 32);
    ck_assert_int_eq(gb_gguf_get_f32(f, "qwen2.rope.scaling.yarn_beta_fast", &v, &err), GB_OK);
    ck_assert_float_eq(v, 16.0F);
    ck_assert_ptr_null(gb_gguf_find_key(f, "qwen2.rope.scaling.yarn_beta_slow"));
    gb_gguf_close(f);
    float_model_free(&m);
}
END_TEST

/* A tied model under either name; a bias of zeros that the model does not have; a table that is computed anew. */
START_TEST(what_may_vary) {
    float_model m = model_of(classes[0]);
    float_model_fill(&m, 11);
    const gb_convert_options o = from_dir();
    (void)snprintf(float_model_find(&m, "model.embed_tokens.weight")->name, 96, "lm_head.weight");
    hf_dir_write(&m, &(hf_dir){.class = classes[0], .dtype = "F32"});
    (void)snprintf(float_model_find(&m, "lm_head.weight")->name, 96, "model.embed_tokens.weight");
    (void)convert_good(&o, scratch("out.gguf"));
    expect_logits(&m, scratch("out.gguf"));
    float_model_free(&m);

    m.qkv_bias = true; /* but config.json does not say so */
    float_model_fill(&m, 12);
    float_tensor *bias = float_model_find(&m, "model.layers.0.self_attn.v_proj.bias");
    memset(bias->data, 0, bias->cols * sizeof *bias->data);
    hf_dir_write(&m, &(hf_dir){.class = classes[0], .dtype = "F32"});
    (void)convert_good(&o, scratch("out.gguf"));
    expect_logits(&m, scratch("out.gguf"));
    gb_gguf *f = open_gguf(scratch("out.gguf"));
    ck_assert_ptr_null(gb_gguf_find_tensor(f, "blk.0.attn_v.bias"));
    ck_assert_ptr_nonnull(gb_gguf_find_tensor(f, "blk.1.attn_v.bias"));
    gb_gguf_close(f);
    (void)snprintf(bias->name, sizeof bias->name, "model.layers.0.self_attn.rotary_emb.inv_freq");
    hf_dir_write(&m, &(hf_dir){.class = classes[0], .dtype = "F32"});
    (void)convert_good(&o, scratch("out.gguf"));
    float_model_free(&m);
}
END_TEST

/* Mistral states a window, Qwen2 states one that it may not use. */
START_TEST(sliding_windows) {
    static const struct {
        int class;
        const char *config;
        bool noted;
    } cases[] = {{1, "\"sliding_window\": 16", true},
                 {1, "\"sliding_window\": null", false},
                 {1, "\"sliding_window\": 64", false}, /* as long as the context */
                 {2, "\"sliding_window\": 16, \"use_sliding_window\": false", false},
                 {2, "\"sliding_window\": 16", false},
                 {2, "\"sliding_window\": 16, \"use_sliding_window\": true", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float_model m = model_of(classes[cases[i].class]);
        float_model_fill(&m, 13);
        hf_dir_write(&m, &(hf_dir){.class = classes[cases[i].class], .dtype = "F32", .config = cases[i].config});
        const gb_convert_options o = from_dir();
        const gb_notes notes = convert_good(&o, scratch("out.gguf"));
        ck_assert_msg(has_note(&notes, "sliding window") == cases[i].noted, "%s", cases[i].config);
        float_model_free(&m);
    }
}
END_TEST

/* --- refusals ----------------------------------------------------------------------------------------------------- */

static void expect_refused(float_model *m, const hf_dir *d, const char *word) {
    const gb_convert_options o = from_dir();
    hf_dir_write(m, d);
    refuse_convert(&o, scratch("out.gguf"), word);
}

START_TEST(configs_that_cannot_be) {
    static const struct {
        const char *config, *word;
    } cases[] = {
        {"\"architectures\": [\"GemmaForCausalLM\"]", "'GemmaForCausalLM'"},
        {"\"architectures\": null, \"model_type\": \"mamba\"", "'model_type' is 'mamba'"},
        {"\"hidden_act\": \"gelu\"", "'hidden_act' is 'gelu'"},
        {"\"partial_rotary_factor\": 0.5", "'partial_rotary_factor' is 0.5"},
        {"\"num_local_experts\": 8", "'num_local_experts' is 8"},
        {"\"rope_scaling\": {\"rope_type\": \"longrope\"}", "'longrope' is not supported"},
        {"\"rope_scaling\": {\"rope_type\": \"linear\"}", "scaling factor is 0"},
        {"\"rope_scaling\": 3", "is a number, expected an object"},
        {"\"rope_scaling\": {\"rope_type\": \"llama3\", \"low_freq_factor\": 4, \"high_freq_factor\": 4, \"factor\": "
         "8}",
         "low < high"},
        {"\"hidden_size\": null", "'hidden_size' is missing"},
        {"\"hidden_size\": \"32\"", "'hidden_size' is a string"},
        {"\"hidden_size\": 32.5", "'hidden_size' is 32.5"},
        {"\"hidden_size\": -1", "'hidden_size' is -1"},
        {"\"hidden_size\": 1e30", "expected a whole number up to"},
        {"\"hidden_size\": 64", "expected 300 x 64"},
        {"\"num_hidden_layers\": 0", "number of layers is 0"},
        {"\"num_hidden_layers\": 3", "'model.layers.2.input_layernorm.weight' is missing"},
        {"\"num_hidden_layers\": 1", "'model.layers.1."},
        {"\"num_attention_heads\": 0", "number of heads is 0"},
        {"\"num_attention_heads\": 6", "heads of"},
        {"\"num_key_value_heads\": 3", "3 KV heads"},
        {"\"num_key_value_heads\": 8", "number of KV heads is 8, expected 1 to 4"},
        {"\"head_dim\": 1048576", "heads of 1048576"},
        {"\"head_dim\": 7", "heads of 7"},
        {"\"rms_norm_eps\": 0", "epsilon of the norms is 0"},
        {"\"rms_norm_eps\": 1e999", "'rms_norm_eps' is inf"},
        {"\"rope_theta\": 0", "base of rope is 0"},
        {"\"tie_word_embeddings\": false", "'lm_head.weight' is missing"},
        {"\"tie_word_embeddings\": 1", "'tie_word_embeddings' is a number"},
        {"\"vocab_size\": 299", "'model.embed_tokens.weight' is 300 x 32, expected 299 x 32"},
        {"\"vocab_size\": 16777217", "'vocab_size' is 16777217"},
    };
    float_model m = model_of(classes[0]);
    float_model_fill(&m, 14);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refused(&m, &(hf_dir){.class = classes[0], .dtype = "F32", .config = cases[i].config}, cases[i].word);
    float_model_free(&m);
}
END_TEST

START_TEST(tensors_that_cannot_be) {
    float_model m = model_of(classes[2]);
    float_model_fill(&m, 15);
    for (size_t i = 0; i < m.count; i++) {
        hf_dir d = {.class = classes[2], .dtype = "F16", .skip = m.tensors[i].name};
        expect_refused(&m, &d, m.tensors[i].name);
        d = (hf_dir){.class = classes[2], .dtype = "F16", .rename = m.tensors[i].name};
        expect_refused(&m, &d, m.tensors[i].name);
    }
    float_tensor *extra = &m.tensors[m.count++];
    *extra = (float_tensor){.name = "model.layers.0.self_attn.q_norm.weight", .cols = 2, .data = calloc(2, 4)};
    expect_refused(&m, &(hf_dir){.class = classes[2], .dtype = "F16"}, "q_norm.weight' is not part of a qwen2 model");
    (void)snprintf(extra->name, sizeof extra->name, "model.layers.0.mlp.up_proj.bias");
    extra->data[0] = 1;
    expect_refused(&m, &(hf_dir){.class = classes[2], .dtype = "F16"}, "up_proj.bias' is 2, expected 48");
    extra->cols = 0;
    m.count--;
    free(extra->data);
    expect_refused(&m, &(hf_dir){.class = classes[2], .dtype = "I64"}, "has");
    float_model_free(&m);
}
END_TEST

/* A number that the target type cannot hold must not become infinity in silence. */
START_TEST(numbers_too_large) {
    float_model m = model_of(classes[0]);
    float_model_fill(&m, 16);
    float_model_find(&m, "model.layers.1.mlp.up_proj.weight")->data[5] = 70000.0F;
    hf_dir_write(&m, &(hf_dir){.class = classes[0], .dtype = "F32"});
    gb_convert_options o = {.source = scratch("."), .outtype = GB_OUT_F16};
    gb_error err = {0};
    ck_assert_int_eq(try_convert(&o, scratch("out.gguf"), NULL, &err), GB_EINPUT);
    ck_assert_msg(strstr(err.text, "blk.1.ffn_up.weight") != NULL, "%s", err.text);
    ck_assert_int_ne(access(scratch("out.gguf"), F_OK), 0);
    o.outtype = GB_OUT_BF16;
    (void)convert_good(&o, scratch("out.gguf"));
    float_model_free(&m);
}
END_TEST

START_TEST(sources_of_no_known_kind) {
    refuse_source(scratch("nothing"), "cannot open");
    refuse_source(bytes_save("x", "", 0), "neither a safetensors file nor a llama2.c model");
    refuse_source(text_save("x", "GGUF\3\0\0\0"), "a GGUF file already");
    refuse_source(bytes_save("x", "PK\3\4aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 40), "PyTorch");
    refuse_source(bytes_save("x", "\x80\x02}qaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 36), "pickled");
    refuse_source(text_save("x", "some text that is longer than the header of a model"), "neither");
    refuse_source(scratch("."), "config.json: cannot open");
    (void)text_save("config.json", "{\"architectures\": 1");
    refuse_source(scratch("."), "not JSON");
}
END_TEST

int main(void) {
    Suite *s = suite_create("convert");
    TCase *t = tcase_create("convert");
    tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, families_types_and_shards, 0, 9);
    tcase_add_test(t, single_file_is_the_directory);
    tcase_add_test(t, outtypes);
    tcase_add_test(t, same_type_keeps_every_bit);
    tcase_add_test(t, keys);
    tcase_add_test(t, rope_of_llama3);
    tcase_add_test(t, rope_linear_and_yarn);
    tcase_add_test(t, what_may_vary);
    tcase_add_test(t, sliding_windows);
    tcase_add_test(t, configs_that_cannot_be);
    tcase_add_test(t, tensors_that_cannot_be);
    tcase_add_test(t, numbers_too_large);
    tcase_add_test(t, sources_of_no_known_kind);
    suite_add_tcase(s, t);
    return run_suite(s);
}
