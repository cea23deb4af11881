/* Recipes, quantizer and synthetic models: a tensor of the wrong type, bytes that depend on threads, a model that its
 * own reader refuses. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/file.h"
#include "model/quantize.h"
#include "model/synth.h"
#include "tests/support/image.h"

static gb_error err;

enum { MAX_ROWS = 1024 };
static gb_plan_row rows[MAX_ROWS];
static char names[MAX_ROWS][64];
static size_t count;

static void add(const char *name, uint32_t dims, uint64_t columns) {
    snprintf(names[count], sizeof names[count], "%s", name);
    rows[count] = (gb_plan_row){.name = {names[count], strlen(names[count])},
                                .dims = dims,
                                .ne = {columns, dims > 1 ? 8 : 1, 1, 1},
                                .from = GB_FORMAT_f16};
    count++;
}

/* Last layer first: the plan must not depend on the order in the file. */
static void build(unsigned layers, bool tied, uint64_t columns) {
    count = 0;
    if (!tied) add("output.weight", 2, columns);
    for (unsigned i = layers; i-- > 0;) {
        static const char *const parts[] = {"attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_down"};
        for (size_t p = 0; p < 6; p++) {
            char name[64];
            snprintf(name, sizeof name, "blk.%u.%s.weight", i, parts[p]);
            add(name, p ? 2 : 1, columns);
        }
    }
    add("token_embd.weight", 2, columns);
    add("rope_freqs.weight", 1, 32);
    add("blk.0.ffn_gate_inp.weight", 2, columns);
    add("blk.0.attn_q.bias", 2, columns);
}

static void plan(const char *recipe, bool pure, gb_model_facts facts) {
    const gb_recipe *r = NULL;
    ck_assert_int_eq(gb_recipe_find(recipe, &r, &err), GB_OK);
    ck_assert_int_eq(gb_recipe_plan(r, pure, &facts, rows, count, &err), GB_OK);
}

static const gb_plan_row *row(const char *name) {
    for (size_t i = 0; i < count; i++)
        if (gb_str_equal(rows[i].name, name)) return &rows[i];
    ck_abort_msg("no row %s", name);
    return NULL;
}

static const char *type(const char *name) {
    return gb_formats[row(name)->to].NAME;
}

static const char *layer_type(unsigned layer, const char *part) {
    char name[64];
    snprintf(name, sizeof name, "blk.%u.%s.weight", layer, part);
    return type(name);
}

/* Q4_K_M of a 16-layer model: Q6_K for attn_v and ffn_down exactly in layers 0, 1, 4, 7, 10, 13, 14, 15. Catches layers
 * counted in the order of the file or of their names (1, 10, 11, ..., 2). */
START_TEST(q4_k_m_layers) {
    static const bool more[16] = {1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 1};
    build(16, true, 512);
    plan("q4_k_m", false, (gb_model_facts){.layers = 16, .heads = 32, .kv_heads = 8});
    for (unsigned i = 0; i < 16; i++) {
        ck_assert_str_eq(layer_type(i, "attn_v"), more[i] ? "Q6_K" : "Q4_K");
        ck_assert_str_eq(layer_type(i, "ffn_down"), more[i] ? "Q6_K" : "Q4_K");
        ck_assert_str_eq(layer_type(i, "attn_q"), "Q4_K");
        ck_assert_str_eq(layer_type(i, "attn_k"), "Q4_K");
        ck_assert_str_eq(layer_type(i, "attn_output"), "Q4_K");
        ck_assert_str_eq(layer_type(i, "attn_norm"), "F16");
    }
    ck_assert_str_eq(type("token_embd.weight"), "Q6_K");
}
END_TEST

/* What is no matrix of weights stays as it is, even in --pure. */
START_TEST(untouched) {
    static const char *const kept[] = {"rope_freqs.weight", "blk.0.ffn_gate_inp.weight", "blk.0.attn_q.bias",
                                       "blk.1.attn_norm.weight"};
    for (int pure = 0; pure < 2; pure++) {
        build(2, false, 512);
        plan("Q8_0", pure != 0, (gb_model_facts){.layers = 2});
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
            ck_assert(row(kept[i])->keep);
            ck_assert_str_eq(type(kept[i]), "F16");
        }
    }
}
END_TEST

/* The output matrix: Q6_K except for Q8_0 and the float types; token_embd only where it is the output too. */
START_TEST(output_matrix) {
    static const struct {
        const char *recipe, *output, *tied_embedding, *untied_embedding;
    } cases[] = {{"F32", "F32", "F32", "F32"},       {"F16", "F16", "F16", "F16"},     {"bf16", "BF16", "BF16", "BF16"},
                 {"Q8_0", "Q8_0", "Q8_0", "Q8_0"},   {"Q6_K", "Q6_K", "Q6_K", "Q6_K"}, {"Q4_0", "Q6_K", "Q6_K", "Q4_0"},
                 {"Q4_K_S", "Q6_K", "Q6_K", "Q4_K"}, {"Q4_K", "Q6_K", "Q6_K", "Q4_K"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        build(8, false, 512);
        plan(cases[i].recipe, false, (gb_model_facts){.layers = 8});
        ck_assert_str_eq(type("output.weight"), cases[i].output);
        ck_assert_str_eq(type("token_embd.weight"), cases[i].untied_embedding);
        build(8, true, 512);
        plan(cases[i].recipe, false, (gb_model_facts){.layers = 8});
        ck_assert_str_eq(type("token_embd.weight"), cases[i].tied_embedding);
        plan(cases[i].recipe, true, (gb_model_facts){.layers = 8});
        ck_assert_str_eq(type("token_embd.weight"), layer_type(0, "attn_v")); /* pure: all alike */
    }
}
END_TEST

/* Q4_K_S raises attn_v of four layers and ffn_down of the first eighth to Q5_K, and nothing stands in for it. */
START_TEST(q4_k_s_layers) {
    static const unsigned layers[] = {16, 32, 80};
    for (size_t k = 0; k < sizeof layers / sizeof layers[0]; k++) {
        build(layers[k], true, 512);
        plan("Q4_K_S", false, (gb_model_facts){.layers = layers[k]});
        for (unsigned i = 0; i < layers[k]; i++) {
            ck_assert_str_eq(layer_type(i, "attn_v"), i < 4 ? "Q5_K" : "Q4_K");
            ck_assert_str_eq(layer_type(i, "ffn_down"), i < layers[k] / 8 ? "Q5_K" : "Q4_K");
        }
        ck_assert_str_eq(row("blk.0.attn_v.weight")->note, "");
        ck_assert_str_eq(row("blk.5.attn_v.weight")->note, "");
    }
}
END_TEST

/* Eight experts and the 70B class have their own rules. */
START_TEST(special_models) {
    build(8, true, 512);
    plan("Q4_K_M", false, (gb_model_facts){.layers = 8, .experts = 8});
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_str_eq(layer_type(i, "attn_v"), "Q8_0");
        ck_assert_str_eq(layer_type(i, "attn_k"), "Q8_0");
        ck_assert_str_eq(layer_type(i, "attn_output"), "Q5_K");
        ck_assert_str_eq(layer_type(i, "attn_q"), "Q4_K");
    }
    build(80, true, 512);
    plan("Q4_K_M", false, (gb_model_facts){.layers = 80, .heads = 64, .kv_heads = 8});
    for (unsigned i = 0; i < 80; i++) {
        const bool more = i < 10 || i >= 70 || (i - 10) % 3 == 2;
        ck_assert_str_eq(layer_type(i, "attn_v"), more ? "Q6_K" : "Q5_K");
        ck_assert_str_eq(layer_type(i, "ffn_down"), more ? "Q6_K" : "Q4_K");
    }
    plan("Q4_K_S", false, (gb_model_facts){.layers = 80, .heads = 64, .kv_heads = 8});
    for (unsigned i = 0; i < 80; i++) ck_assert_str_eq(layer_type(i, "attn_v"), "Q5_K");
    plan("Q4_K_M", false, (gb_model_facts){.layers = 80, .heads = 64, .kv_heads = 64});
    ck_assert_str_eq(layer_type(11, "attn_v"), "Q4_K"); /* 65B: no */
}
END_TEST

/* Rows that are no whole number of blocks get a type that holds them, with a note. */
START_TEST(fallbacks) {
    static const struct {
        const char *recipe;
        uint64_t columns;
        const char *expected;
    } cases[] = {{"Q6_K", 320, "Q8_0"}, {"Q6_K", 172, "F16"},   {"Q8_0", 172, "F16"},
                 {"Q4_0", 172, "F16"},  {"Q4_K_M", 172, "F16"}, {"F16", 172, "F16"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        build(8, true, cases[i].columns);
        plan(cases[i].recipe, false, (gb_model_facts){.layers = 8});
        ck_assert_str_eq(layer_type(2, "attn_q"), cases[i].expected);
        ck_assert(cases[i].recipe[0] == 'F' || row("blk.2.attn_q.weight")->note[0] != '\0');
    }
    build(8, true, 320);
    plan("Q4_K_M", false, (gb_model_facts){.layers = 8});
    ck_assert_str_eq(layer_type(2, "attn_q"), "Q5_0");
    ck_assert_str_eq(type("token_embd.weight"), "Q8_0");
    plan("Q4_K_S", false, (gb_model_facts){.layers = 8});
    ck_assert_str_eq(layer_type(2, "attn_v"), gb_format_by_ggml_type(7) != GB_FORMAT_COUNT ? "Q5_1" : "Q8_0");
    ck_assert_ptr_nonnull(strstr(row("blk.2.attn_v.weight")->note, "Q5_K's block"));
}
END_TEST

START_TEST(unknown_recipe) {
    const gb_recipe *r = NULL;
    ck_assert_int_eq(gb_recipe_find("Q3_K_M", &r, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "Q3_K_M"));
    ck_assert_ptr_nonnull(strstr(err.text, "Q4_K_M"));
    ck_assert_int_eq(gb_recipe_find("", &r, &err), GB_EINPUT);
}
END_TEST

static const char gauge[] = GB_SOURCE_DIR "/models/gauge-4m/gauge-4m-f16.gguf";
static gb_cap cap;

static int quantize(const char *from, const char *to, const char *recipe, size_t threads, bool requantize) {
    gb_quantize_options options = {.allow_requantize = requantize};
    gb_gguf *in = NULL;
    gb_plan_row *planned = NULL;
    gb_pool *pool = NULL;
    ck_assert_int_eq(gb_recipe_find(recipe, &options.recipe, &err), GB_OK);
    ck_assert_int_eq(gb_pool_new(threads, NULL, 0, &pool, &err), GB_OK);
    int rc = gb_gguf_open(from, &in, &err);
    if (!rc) rc = gb_quantize_plan(in, &options, &planned, &err);
    if (!rc) rc = gb_quantize_write(in, &options, planned, to, pool, &cap, NULL, &err);
    gb_pool_free(pool);
    free(planned);
    gb_gguf_close(in);
    return rc;
}

static void same_bytes(const char *a, const char *b) {
    gb_map x;
    gb_map y;
    ck_assert_int_eq(gb_map_open(a, &x, &err), GB_OK);
    ck_assert_int_eq(gb_map_open(b, &y, &err), GB_OK);
    ck_assert_uint_eq(x.size, y.size);
    ck_assert_msg(memcmp(x.data, y.data, x.size) == 0, "%s and %s differ", a, b);
    gb_map_close(&x);
    gb_map_close(&y);
}

/* Exactly the sizes that llama-quantize gives this model, by one to four threads the same bytes, and file_type says
 * what the file is. */
START_TEST(gauge_sizes) {
    static const struct {
        const char *recipe;
        uint64_t bytes, file_type;
    } cases[] = {{"Q8_0", 4596448, 7},
                 {"Q6_K", 3580640, 18},
                 {"Q4_K_M", 2887904, 15},
                 {"Q4_K_S", 2786016, 14},
                 {"Q4_0", 2769632, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *one = scratch("one.gguf");
        const char *four = scratch("four.gguf");
        ck_assert_msg(quantize(gauge, one, cases[i].recipe, 1, false) == GB_OK, "%s", err.text);
        ck_assert_int_eq(quantize(gauge, four, cases[i].recipe, 4, false), GB_OK);
        same_bytes(one, four);
        gb_gguf *f = NULL;
        ck_assert_msg(gb_gguf_open(one, &f, &err) == GB_OK, "%s", err.text);
        ck_assert_uint_eq(f->map.size, cases[i].bytes);
        uint64_t v = 0;
        ck_assert_int_eq(gb_gguf_get_u64(f, "general.file_type", &v, &err), GB_OK);
        ck_assert_uint_eq(v, cases[i].file_type);
        ck_assert_int_eq(gb_gguf_get_u64(f, "general.quantization_version", &v, &err), GB_OK);
        ck_assert_uint_eq(v, 2);
        ck_assert_int_eq(gb_gguf_check_scales(f, &err), GB_OK);
        gb_gguf_close(f);
    }
}
END_TEST

/* Every row holds what the reference makes of the source row: rows are neither shifted nor mixed up. */
START_TEST(rows_are_the_reference) {
    const char *path = scratch("q.gguf");
    ck_assert_int_eq(quantize(gauge, path, "Q4_K_M", 3, false), GB_OK);
    gb_gguf *in = NULL;
    gb_gguf *out = NULL;
    ck_assert_int_eq(gb_gguf_open(gauge, &in, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_open(path, &out, &err), GB_OK);
    ck_assert_uint_eq(in->tensor_count, out->tensor_count);
    for (size_t i = 0; i < in->tensor_count; i++) {
        const gb_tensor *s = &in->tensors[i];
        const gb_tensor *t = &out->tensors[i];
        ck_assert_uint_eq(s->name.size, t->name.size); /* the order of the file is kept */
        ck_assert_mem_eq(s->name.data, t->name.data, s->name.size);
        if (s->dims == 1) {
            ck_assert_uint_eq(s->bytes, t->bytes);
            ck_assert_mem_eq(s->data, t->data, s->bytes);
            continue;
        }
        float x[768];
        uint8_t blocks[768];
        const size_t n = (size_t)s->ne[0];
        const size_t size = gb_row_bytes(t->format, n);
        ck_assert_uint_le(n, 768);
        for (uint64_t r = 0; r < s->ne[1]; r += r < 4 || i % 5 == 0 ? 1 : 17) {
            gb_reference(s->format, GB_OP_dequantize).dequantize(s->data + r * n * 2, x, n);
            gb_reference(t->format, GB_OP_quantize).quantize(x, blocks, n, NULL);
            ck_assert_msg(memcmp(blocks, t->data + r * size, size) == 0, "tensor %zu row %zu", i, (size_t)r);
        }
    }
    gb_gguf_close(in);
    gb_gguf_close(out);
}
END_TEST

/* From a quantized file only when told so; F16 to F32 and back loses nothing. */
START_TEST(requantize) {
    const char *q8 = scratch("q8.gguf");
    const char *other = scratch("other.gguf");
    const char *back = scratch("back.gguf");
    ck_assert_int_eq(quantize(gauge, q8, "Q8_0", 2, false), GB_OK);
    ck_assert_int_eq(quantize(q8, other, "Q4_0", 2, false), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "--allow-requantize"));
    ck_assert_int_ne(access(other, F_OK), 0);
    ck_assert_int_eq(quantize(q8, other, "Q4_0", 2, true), GB_OK);
    ck_assert_int_eq(quantize(gauge, other, "F32", 2, false), GB_OK);
    ck_assert_int_eq(quantize(other, back, "F16", 2, false), GB_OK);
    ck_assert_int_eq(quantize(gauge, other, "F16", 2, false), GB_OK); /* a copy, keys in the writer's order */
    same_bytes(other, back);
}
END_TEST

/* A source value that is infinite, or too large for the target's f16 scale, is refused and leaves no file. */
START_TEST(wild_values) {
    static const float wild[] = {INFINITY, NAN, 1e30F};
    for (size_t i = 0; i < 3; i++) {
        static image im;
        image_begin(&im, 1, 0);
        image_tensor(&im, "x.weight", 2, (const uint64_t[4]){32, 4, 1, 1}, 0, 0);
        image_data(&im, 32, 32 * 4 * 4);
        memcpy(im.bytes + im.size - 128 + 8, &wild[i], 4); /* row 3 */
        const char *in = image_save(&im, "wild.gguf");
        const char *out = scratch("out.gguf");
        ck_assert_int_eq(quantize(in, out, "Q8_0", 2, false), GB_EINPUT);
        ck_assert_ptr_nonnull(strstr(err.text, i < 2 ? "element 98" : "row 3"));
        ck_assert_uint_eq(scratch_entries(), 1);
    }
}
END_TEST

static void synth(const char *path, const char *shape, const char *recipe, size_t threads, uint64_t seed, bool random) {
    gb_synth_options options = {.seed = seed, .random_blocks = random};
    gb_synth_result made;
    gb_pool *pool = NULL;
    gb_recipe bare = {.name = recipe}; /* "type T": every matrix in T */
    ck_assert_int_eq(gb_shape_find(shape, &options.shape, &err), GB_OK);
    if (strncmp(recipe, "type ", 5) == 0) {
        bare.base = gb_format_by_name(recipe + 5);
        options.recipe = &bare;
        options.pure = true;
    } else {
        ck_assert_int_eq(gb_recipe_find(recipe, &options.recipe, &err), GB_OK);
    }
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
    static const char *const recipes[] = {"F32",   "BF16",  "Q8_0",  "Q6_K",      "Q4_0",      "Q4_K_M",
                                          "Q4_1",  "Q5_0",  "Q5_1",  "Q1_0",      "Q2_0",      "MXFP4",
                                          "NVFP4", "TQ1_0", "TQ2_0", "type q2_K", "type q3_K", "type q5_K"};
    const char *a = scratch("a.gguf");
    const char *b = scratch("b.gguf");
    const char *c = scratch("c.gguf");
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++) {
        for (int random = 0; random < 2; random++) {
            synth(a, "tiny", recipes[i], 1, 7, random);
            synth(b, "tiny", recipes[i], 3, 7, random);
            synth(c, "tiny", recipes[i], 3, 8, random);
            same_bytes(a, b);
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
    Suite *suite = suite_create("recipe");
    TCase *plans = tcase_create("plans");
    tcase_add_test(plans, q4_k_m_layers);
    tcase_add_test(plans, untouched);
    tcase_add_test(plans, output_matrix);
    tcase_add_test(plans, q4_k_s_layers);
    tcase_add_test(plans, special_models);
    tcase_add_test(plans, fallbacks);
    tcase_add_test(plans, unknown_recipe);
    suite_add_tcase(suite, plans);
    TCase *files = tcase_create("files");
    tcase_set_timeout(files, 300);
    tcase_add_checked_fixture(files, scratch_enter, scratch_leave);
    tcase_add_test(files, gauge_sizes);
    tcase_add_test(files, rows_are_the_reference);
    tcase_add_test(files, requantize);
    tcase_add_test(files, wild_values);
    tcase_add_test(files, synthetic_models);
    tcase_add_test(files, synthetic_vocabulary);
    tcase_add_test(files, rope_factors);
    tcase_add_test(files, shape_files);
    suite_add_tcase(suite, files);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
