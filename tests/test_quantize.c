/* The quantizer: bytes that depend on threads, rows or experts mixed up, importance that is not used or is used for the
 * wrong matrix, keys lost, errors that are not those of the file. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include "harness/rng.h"
#include "model/imatrix_collect.h"
#include "model/quantize.h"
#include "reference/reference.h"
#include "tests/support/engine_run.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

static const char gauge[] = GB_SOURCE_DIR "/models/gauge-4m/gauge-4m-f16.gguf";
static gb_error err;
static gb_cap cap;

typedef struct job {
    const char *from, *to, *recipe, *imatrix;
    size_t threads; /* 0: 2 */
    bool requantize, pure, compat;
    gb_tensor_error *lost;
} job;

static int quantize(job j) {
    gb_quantize_options options = {.plan = {.pure = j.pure}, .allow_requantize = j.requantize, .compat_ggml = j.compat};
    gb_gguf *in = NULL;
    gb_imatrix *imatrix = NULL;
    gb_plan_row *planned = NULL;
    gb_pool *pool = NULL;
    ck_assert_int_eq(gb_recipe_find(j.recipe, &options.plan.recipe, &err), GB_OK);
    ck_assert_int_eq(gb_pool_new(j.threads ? j.threads : 2, NULL, 0, &pool, &err), GB_OK);
    int rc = gb_gguf_open(j.from, &in, &err);
    if (!rc && j.imatrix) rc = gb_imatrix_read(j.imatrix, &imatrix, &err);
    options.imatrix = imatrix;
    if (!rc) rc = gb_quantize_plan(in, &options, &planned, &err);
    if (!rc) rc = gb_quantize_check(in, &options, planned, &err);
    if (!rc) rc = gb_quantize_write(in, &options, planned, j.to, pool, &cap, NULL, j.lost, &err);
    gb_pool_free(pool);
    free(planned);
    gb_imatrix_free(imatrix);
    gb_gguf_close(in);
    return rc;
}

static void done(job j) {
    ck_assert_msg(quantize(j) == GB_OK, "%s", err.text);
}

static void refused(job j, const char *reason) {
    ck_assert_int_eq(quantize(j), GB_EINPUT);
    ck_assert_msg(strstr(err.text, reason) != NULL, "no '%s' in: %s", reason, err.text);
    ck_assert_int_ne(access(j.to, F_OK), 0);
}

static gb_gguf *opened(const char *path) {
    gb_gguf *f = NULL;
    ck_assert_msg(gb_gguf_open(path, &f, &err) == GB_OK, "%s", err.text);
    return f;
}

/* Rows of a plan that is yet to be made. */
static gb_plan_row *plan_rows(const gb_gguf *in) {
    gb_plan_row *rows = calloc(in->tensor_count, sizeof *rows);
    ck_assert_ptr_nonnull(rows);
    for (size_t i = 0; i < in->tensor_count; i++) {
        rows[i] =
            (gb_plan_row){.name = in->tensors[i].name, .dims = in->tensors[i].dims, .from = in->tensors[i].format};
        memcpy(rows[i].ne, in->tensors[i].ne, sizeof rows[i].ne);
    }
    return rows;
}

/* False where a format that the recipe needs is not in the table yet. */
static bool possible(const char *from, const char *recipe, bool importance) {
    gb_plan_options options = {.importance = importance};
    gb_model_facts facts;
    gb_gguf *in = opened(from);
    gb_plan_row *rows = plan_rows(in);
    ck_assert_int_eq(gb_model_facts_read(in, &facts, &err), GB_OK);
    ck_assert_int_eq(gb_recipe_find(recipe, &options.recipe, &err), GB_OK);
    ck_assert_int_eq(gb_recipe_plan(&options, &facts, rows, in->tensor_count, &err), GB_OK);
    const bool yes = gb_plan_check(rows, in->tensor_count, &err) == GB_OK;
    free(rows);
    gb_gguf_close(in);
    return yes;
}

/* --- llama-quantize's files ------------------------------------------------------------------------------------------
 */

static const struct {
    const char *recipe;
    bool importance;
    uint64_t bytes, hash;
} llama_files[] = {
#define LLAMA_FILE(recipe, importance, bytes, hash) {recipe, importance, bytes, hash},
#include "tests/golden/llama_quantize.def"
#undef LLAMA_FILE
};
enum { LLAMA_FILES = sizeof llama_files / sizeof llama_files[0] };

/* The importance matrix that the files with one were made with: four chunks of ids without meaning. */
static void make_importance(const char *path) {
    engine_run e = engine_open(gauge, NULL, 2, 64, 64, GB_FORMAT_f16);
    int32_t tokens[256];
    for (int32_t i = 0; i < 256; i++) tokens[i] = i * 37 % 4000;
    const gb_imatrix_params params = {.n_ctx = 64, .bos = -1};
    const gb_imatrix_origin origin = {"tokens", 4, 64};
    gb_imatrix_collection c;
    ck_assert_msg(gb_imatrix_collect(e.c, e.m, tokens, 256, &params, &c, &err) == GB_OK, "%s", err.text);
    ck_assert_int_eq(gb_imatrix_write(path, false, c.entries, c.count, &origin, &err), GB_OK);
    gb_imatrix_collection_free(&c);
    engine_close(e);
}

/* The whole file, keys and order included, for any number of threads, where the table of formats has what it needs. */
START_TEST(files_of_llama_quantize) {
    ck_assert_int_eq(chdir(scratch(".")), 0); /* the path of the importance matrix is in the file */
    const bool importance = llama_files[_i].importance;
    if (few_tests() && _i % 8 != 7) return; /* test_golden encodes every format; the rest is the same for all */
    if (!possible(gauge, llama_files[_i].recipe, importance)) return;
    if (importance) make_importance("im.gguf");
    const job j = {.from = gauge,
                   .to = "out.gguf",
                   .recipe = llama_files[_i].recipe,
                   .imatrix = importance ? "im.gguf" : NULL,
                   .threads = 1 + (size_t)_i % 4};
    done(j);
    gb_map map;
    ck_assert_int_eq(gb_map_open("out.gguf", &map, &err), GB_OK);
    ck_assert_uint_eq(map.size, llama_files[_i].bytes);
    ck_assert_uint_eq(XXH3_64bits(map.data, map.size), llama_files[_i].hash);
    gb_map_close(&map);
}
END_TEST

/* The plan alone, also of recipes whose formats are not in the table: sizes relative to Q8_0's. */
START_TEST(sizes_of_llama_quantize) {
    gb_plan_options options = {.importance = llama_files[_i].importance};
    gb_model_facts facts;
    uint64_t padded[2] = {0, 0};
    uint64_t q8_0 = 0;
    for (size_t i = 0; i < LLAMA_FILES; i++)
        if (strcmp(llama_files[i].recipe, "Q8_0") == 0 && llama_files[i].importance == options.importance)
            q8_0 = llama_files[i].bytes;
    gb_gguf *in = opened(gauge);
    gb_plan_row *rows = plan_rows(in);
    ck_assert_int_eq(gb_model_facts_read(in, &facts, &err), GB_OK);
    for (size_t k = 0; k < 2; k++) {
        ck_assert_int_eq(gb_recipe_find(k ? "Q8_0" : llama_files[_i].recipe, &options.recipe, &err), GB_OK);
        ck_assert_int_eq(gb_recipe_plan(&options, &facts, rows, in->tensor_count, &err), GB_OK);
        for (size_t i = 0; i < in->tensor_count; i++) padded[k] += (gb_plan_bytes(&rows[i]) + 31) / 32 * 32;
    }
    ck_assert_msg(llama_files[_i].bytes + padded[1] == q8_0 + padded[0], "%s", llama_files[_i].recipe);
    free(rows);
    gb_gguf_close(in);
}
END_TEST

/* One to four threads give the same bytes; file_type says what the file is. */
START_TEST(threads_and_file_type) {
    static const char *const recipes[] = {"Q8_0", "Q4_K_M", "Q5_1", "IQ4_XS"};
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++) {
        if (!possible(gauge, recipes[i], false)) continue;
        const char *one = scratch("one.gguf");
        const char *other = scratch("other.gguf");
        done((job){.from = gauge, .to = one, .recipe = recipes[i], .threads = 1});
        for (size_t threads = 2; threads <= 4; threads++) {
            done((job){.from = gauge, .to = other, .recipe = recipes[i], .threads = threads});
            scratch_same_bytes(one, other);
        }
        gb_gguf *f = opened(one);
        uint64_t v = 0;
        ck_assert_int_eq(gb_gguf_get_u64(f, "general.file_type", &v, &err), GB_OK);
        ck_assert_str_eq(gb_file_type_name(v), recipes[i]);
        ck_assert_int_eq(gb_gguf_get_u64(f, "general.quantization_version", &v, &err), GB_OK);
        ck_assert_uint_eq(v, 2);
        ck_assert_int_eq(gb_gguf_check_scales(f, &err), GB_OK);
        gb_gguf_close(f);
    }
}
END_TEST

/* What the reference makes of row r of a tensor. */
static void reference_row(const gb_tensor *s, uint64_t r, gb_format to, const float *importance, uint8_t *blocks) {
    float x[768];
    const size_t n = (size_t)s->ne[0];
    ck_assert_uint_le(n, 768);
    gb_reference(s->format, GB_OP_dequantize).dequantize(s->data + r * gb_row_bytes(s->format, n), x, n);
    gb_reference(to, GB_OP_quantize).quantize(x, blocks, n, importance);
}

static const gb_tensor *tensor(const gb_gguf *f, const char *name) {
    const gb_tensor *t = gb_gguf_find_tensor(f, name);
    ck_assert_msg(t != NULL, "%s", name);
    return t;
}

/* Every row holds what the reference makes of the source row: rows are neither shifted nor mixed up. */
START_TEST(rows_are_the_reference) {
    const char *path = scratch("q.gguf");
    done((job){.from = gauge, .to = path, .recipe = "Q4_K_M", .threads = 3});
    gb_gguf *in = opened(gauge);
    gb_gguf *out = opened(path);
    ck_assert_uint_eq(in->tensor_count, out->tensor_count);
    for (size_t i = 0; i < in->tensor_count; i++) {
        char name[64] = "";
        const gb_tensor *s = &in->tensors[i];
        memcpy(name, s->name.data, s->name.size);
        const gb_tensor *t = tensor(out, name);
        if (s->dims == 1) {
            ck_assert_uint_eq(s->bytes, t->bytes);
            ck_assert_mem_eq(s->data, t->data, s->bytes);
            continue;
        }
        uint8_t blocks[768];
        const size_t size = gb_row_bytes(t->format, (size_t)s->ne[0]);
        for (uint64_t r = 0; r < s->ne[1]; r += r < 4 || i % 5 == 0 ? 1 : 17) {
            reference_row(s, r, t->format, NULL, blocks);
            ck_assert_msg(memcmp(blocks, t->data + r * size, size) == 0, "%s row %zu", name, (size_t)r);
        }
    }
    gb_gguf_close(in);
    gb_gguf_close(out);
}
END_TEST

/* llama-quantize's order, so that whole files are equal: outside of layers first, layer 2 before layer 10. */
START_TEST(order_of_tensors) {
    static const char *const given[] = {"blk.10.ffn_up.weight", "output.weight", "blk.2.ffn_up.weight",
                                        "blk.2.attn_q.weight", "a.weight"};
    static const char *const expected[] = {"a.weight", "output.weight", "blk.2.attn_q.weight", "blk.2.ffn_up.weight",
                                           "blk.10.ffn_up.weight"};
    static image im;
    image_begin(&im, 5, 0);
    for (size_t i = 0; i < 5; i++) image_tensor(&im, given[i], 2, (const uint64_t[4]){32, 2, 1, 1}, 0, i * 256);
    image_data(&im, 32, 5 * 256);
    done((job){.from = image_save(&im, "in.gguf"), .to = scratch("out.gguf"), .recipe = "Q8_0"});
    gb_gguf *f = opened(scratch("out.gguf"));
    for (size_t i = 0; i < 5; i++) ck_assert(gb_str_equal(f->tensors[i].name, expected[i]));
    gb_gguf_close(f);
}
END_TEST

/* ggml's damage to IQ3_S super-blocks with 32 zeros: only when asked for; other types do not know of it. */
START_TEST(compat) {
    static const char *const recipes[] = {"IQ3_S", "IQ3_S", "Q4_0"};
    static image im;
    float x[512];
    uint8_t rows[512];
    for (size_t i = 0; i < 512; i++) x[i] = i / 32 == 9 ? 0.0F : (float)(i * 37 % 64) - 31.5F;
    for (size_t i = 0; i < 3; i++) {
        image_begin(&im, 1, 0);
        image_tensor(&im, "a.weight", 2, (const uint64_t[4]){256, 2, 1, 1}, 0, 0);
        image_data(&im, 32, sizeof x);
        memcpy(im.bytes + im.size - sizeof x, x, sizeof x);
        const char *out = scratch("out.gguf");
        done(
            (job){.from = image_save(&im, "in.gguf"), .to = out, .recipe = recipes[i], .pure = true, .compat = i != 0});
        if (i == 0)
            gb_ref_iq3_s_quantize(x, rows, 512, NULL);
        else if (i == 1)
            gb_ref_iq3_s_quantize_ggml(x, rows, 512, NULL);
        else
            gb_ref_q4_0_quantize(x, rows, 512, NULL);
        gb_gguf *f = opened(out);
        ck_assert_mem_eq(f->tensors[0].data, rows, f->tensors[0].bytes);
        gb_gguf_close(f);
    }
}
END_TEST

/* From a quantized file only when told so; F16 to F32 and back loses nothing. */
START_TEST(requantize) {
    const char *q8 = scratch("q8.gguf");
    const char *other = scratch("other.gguf");
    const char *back = scratch("back.gguf");
    done((job){.from = gauge, .to = q8, .recipe = "Q8_0"});
    refused((job){.from = q8, .to = other, .recipe = "Q4_0"}, "--allow-requantize");
    done((job){.from = q8, .to = other, .recipe = "Q4_0", .requantize = true});
    done((job){.from = gauge, .to = other, .recipe = "F32"});
    done((job){.from = other, .to = back, .recipe = "F16"});
    done((job){.from = gauge, .to = other, .recipe = "F16"}); /* a copy, keys in the writer's order */
    scratch_same_bytes(other, back);
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
        refused((job){.from = in, .to = scratch("out.gguf"), .recipe = "Q8_0"}, i < 2 ? "element 98" : "row 3");
        ck_assert_ptr_nonnull(strstr(err.text, "x.weight"));
        ck_assert_uint_eq(scratch_entries(), 1);
    }
}
END_TEST

/* --- importance -----------------------------------------------------------------------------------------------------
 */

enum { COLUMNS = 32, ROWS = 3, EXPERTS = 2 };

/* Random floats, the same for the same seed. */
static void put_random(image *im, size_t count, uint64_t seed, double low) {
    gb_rng rng;
    gb_rng_seed(&rng, seed, "test_quantize");
    for (size_t i = 0; i < count; i++) {
        const float x = (float)(gb_rng_uniform(&rng) * (1 - low) + low);
        image_raw(im, &x, sizeof x);
    }
}

/* A model of one matrix and one stack of two. */
static const char *save_model(const char *name) {
    static image im;
    image_begin(&im, 2, 0);
    image_tensor(&im, "x.weight", 2, (const uint64_t[4]){COLUMNS, ROWS, 1, 1}, 0, 0);
    image_tensor(&im, "y_exps.weight", 3, (const uint64_t[4]){COLUMNS, ROWS, EXPERTS, 1}, 0, 384);
    image_data(&im, 32, 0);
    put_random(&im, (size_t)COLUMNS * ROWS * (1 + EXPERTS), 1, -1);
    return image_save(&im, name);
}

typedef struct importance_file {
    const char *first, *second; /* names of the entries */
    uint64_t columns;           /* of the first */
    uint32_t chunks;
} importance_file;

static const importance_file good = {"x.weight", "y_exps.weight", COLUMNS, 7};

/* Sums 0.5 to 1, counts 2 and (4, 8). */
static const char *save_imatrix(importance_file f, const char *name) {
    static image im;
    char text[64];
    image_begin_imatrix(&im, 4, (const char *const[]){"first.txt", "second.txt", NULL}, f.chunks);
    (void)snprintf(text, sizeof text, "%s.in_sum2", f.first);
    image_tensor(&im, text, 1, (const uint64_t[4]){f.columns, 1, 1, 1}, 0, 0);
    (void)snprintf(text, sizeof text, "%s.counts", f.first);
    image_tensor(&im, text, 1, (const uint64_t[4]){1, 1, 1, 1}, 0, 128);
    (void)snprintf(text, sizeof text, "%s.in_sum2", f.second);
    image_tensor(&im, text, 2, (const uint64_t[4]){COLUMNS, EXPERTS, 1, 1}, 0, 160);
    (void)snprintf(text, sizeof text, "%s.counts", f.second);
    image_tensor(&im, text, 2, (const uint64_t[4]){1, EXPERTS, 1, 1}, 0, 416);
    image_data(&im, 32, 0);
    const size_t start = im.size;
    const float counts[] = {2, 4, 8};
    put_random(&im, f.columns, 2, 0.5);
    image_data(&im, 32, 0);
    while (im.size < start + 128) image_raw(&im, "", 1);
    image_raw(&im, &counts[0], 4);
    image_data(&im, 32, 0);
    put_random(&im, (size_t)COLUMNS * EXPERTS, 3, 0.5);
    image_raw(&im, &counts[1], 8);
    image_data(&im, 32, 0);
    return image_save(&im, name);
}

/* Blocks as the reference makes them with the entry's means; each expert with its own. Also: the keys say so. */
START_TEST(importance_of_each_matrix) {
    const char *model = save_model("in.gguf");
    const char *imatrix = save_imatrix(good, "im.gguf");
    const char *with = scratch("with.gguf");
    done((job){.from = model, .to = with, .recipe = "Q4_0", .imatrix = imatrix});
    gb_imatrix *m = NULL;
    ck_assert_int_eq(gb_imatrix_read(imatrix, &m, &err), GB_OK);
    gb_gguf *in = opened(model);
    gb_gguf *out = opened(with);
    static const char *const names[] = {"x.weight", "y_exps.weight"};
    size_t differs = 0;
    for (size_t i = 0; i < 2; i++) {
        const gb_imatrix_entry *e = gb_imatrix_find(m, (gb_str){names[i], strlen(names[i])});
        ck_assert_uint_eq(e->count, COLUMNS * (i + 1));
        const gb_tensor *t = tensor(out, names[i]);
        ck_assert_int_eq(t->format, GB_FORMAT_q4_0);
        for (uint64_t r = 0; r < gb_tensor_rows(t); r++) {
            uint8_t expected[18];
            uint8_t without[18];
            reference_row(tensor(in, names[i]), r, GB_FORMAT_q4_0, e->mean + r / ROWS * COLUMNS, expected);
            reference_row(tensor(in, names[i]), r, GB_FORMAT_q4_0, NULL, without);
            ck_assert_msg(memcmp(expected, t->data + r * 18, 18) == 0, "%s row %zu", names[i], (size_t)r);
            differs += memcmp(expected, without, 18) != 0;
        }
    }
    ck_assert_uint_ge(differs, 3); /* or the comparison above would say nothing */
    uint64_t v = 0;
    gb_str text;
    const size_t n = out->key_count;
    ck_assert(gb_str_equal(out->keys[n - 5].name, "general.file_type")); /* llama-quantize's order */
    ck_assert(gb_str_equal(out->keys[n - 4].name, "quantize.imatrix.file"));
    ck_assert_int_eq(gb_gguf_get_str(out, "quantize.imatrix.file", &text, &err), GB_OK);
    ck_assert(gb_str_equal(text, imatrix));
    ck_assert_int_eq(gb_gguf_get_str(out, "quantize.imatrix.dataset", &text, &err), GB_OK);
    ck_assert(gb_str_equal(text, "first.txt"));
    ck_assert_int_eq(gb_gguf_get_u64(out, "quantize.imatrix.entries_count", &v, &err), GB_OK);
    ck_assert_uint_eq(v, 2);
    ck_assert_int_eq(gb_gguf_get_u64(out, "quantize.imatrix.chunks_count", &v, &err), GB_OK);
    ck_assert_uint_eq(v, 7);
    ck_assert_int_eq(out->keys[n - 1].type, GB_GGUF_U32);
    gb_imatrix_free(m);
    gb_gguf_close(in);
    gb_gguf_close(out);
}
END_TEST

/* An entry of another length: an error that names it, what was found and what was expected. */
START_TEST(importance_of_another_model) {
    char model[384];
    (void)snprintf(model, sizeof model, "%s", save_model("in.gguf"));
    importance_file f = good;
    f.columns = COLUMNS - 1;
    refused((job){.from = model, .to = scratch("out.gguf"), .recipe = "Q4_0", .imatrix = save_imatrix(f, "im.gguf")},
            "entry 'x.weight' has 31 values, expected 32 x 1");
    f = good;
    f.first = "y_exps.weight"; /* the stack gets the values of one matrix */
    f.second = "z.weight";
    refused((job){.from = model, .to = scratch("out.gguf"), .recipe = "Q4_0", .imatrix = save_imatrix(f, "im.gguf")},
            "entry 'y_exps.weight' has 32 values, expected 32 x 2");
    f.first = "unknown.weight"; /* nobody asks for it */
    done((job){.from = model, .to = scratch("out.gguf"), .recipe = "Q4_0", .imatrix = save_imatrix(f, "im.gguf")});
}
END_TEST

/* Embeddings are not multiplied: a wrong entry for them is passed over, with a note. */
START_TEST(importance_of_embedding) {
    static image im;
    image_begin(&im, 1, 0);
    image_tensor(&im, "token_embd.weight", 2, (const uint64_t[4]){COLUMNS, ROWS, 1, 1}, 0, 0);
    image_data(&im, 32, 0);
    put_random(&im, (size_t)COLUMNS * ROWS, 1, -1);
    importance_file f = good;
    f.first = "token_embd.weight";
    f.columns = COLUMNS - 1;
    gb_imatrix *m = NULL;
    ck_assert_msg(gb_imatrix_read(save_imatrix(f, "im.gguf"), &m, &err) == GB_OK, "%s", err.text);
    gb_quantize_options options = {.imatrix = m};
    ck_assert_int_eq(gb_recipe_find("Q4_0", &options.plan.recipe, &err), GB_OK);
    options.plan.pure = true;
    gb_gguf *in = opened(image_save(&im, "in.gguf"));
    gb_plan_row *rows = NULL;
    ck_assert_msg(gb_quantize_plan(in, &options, &rows, &err) == GB_OK, "%s", err.text);
    ck_assert_ptr_null(rows[0].importance);
    ck_assert_ptr_nonnull(strstr(rows[0].note, "31"));
    free(rows);
    gb_imatrix_free(m);
    gb_gguf_close(in);
}
END_TEST

/* A type that is noise without importance: refused by name, with a file that lacks the entry too. */
START_TEST(importance_is_needed) {
    const char *out = scratch("out.gguf");
    if (gb_format_by_ggml_type(16) == GB_FORMAT_COUNT) {
        refused((job){.from = gauge, .to = out, .recipe = "IQ2_XXS", .pure = true}, "IQ2_XXS");
        ck_assert_ptr_nonnull(strstr(err.text, "lacks"));
        return;
    }
    refused((job){.from = gauge, .to = out, .recipe = "IQ2_XXS"}, "attn_q.weight' cannot be IQ2_XXS");
    ck_assert_ptr_nonnull(strstr(err.text, "--imatrix"));
    refused((job){.from = gauge, .to = out, .recipe = "IQ2_XXS", .imatrix = save_imatrix(good, "im.gguf")},
            "has no entry for it");
}
END_TEST

/* --- keys -----------------------------------------------------------------------------------------------------------
 */

/* Old facts about an importance matrix go when there are new ones; those about parts go always; a part is refused. */
START_TEST(keys) {
    static image im;
    for (uint32_t parts = 1; parts < 3; parts++) {
        image_begin(&im, 2, 4);
        image_key_u32(&im, "quantize.imatrix.chunks_count", 99);
        image_key_u32(&im, "split.count", parts);
        image_key_u32(&im, "split.tensors.count", 2);
        image_key_u32(&im, "other", 5);
        image_tensor(&im, "x.weight", 2, (const uint64_t[4]){COLUMNS, ROWS, 1, 1}, 0, 0);
        image_tensor(&im, "y_exps.weight", 3, (const uint64_t[4]){COLUMNS, ROWS, EXPERTS, 1}, 0, 384);
        image_data(&im, 32, 0);
        put_random(&im, (size_t)COLUMNS * ROWS * (1 + EXPERTS), 1, -1);
        const char *in = image_save(&im, "in.gguf");
        const char *out = scratch("out.gguf");
        if (parts == 2) {
            (void)unlink(out);
            refused((job){.from = in, .to = out, .recipe = "Q8_0"}, "one of 2 parts");
            break;
        }
        for (int with = 0; with < 2; with++) {
            importance_file f = good;
            f.chunks = 0; /* unknown: no key */
            done((job){.from = in, .to = out, .recipe = "Q8_0", .imatrix = with ? save_imatrix(f, "im.gguf") : NULL});
            gb_gguf *g = opened(out);
            ck_assert((gb_gguf_find_key(g, "quantize.imatrix.chunks_count") != NULL) == (with == 0));
            ck_assert_ptr_null(gb_gguf_find_key(g, "split.count"));
            ck_assert_ptr_null(gb_gguf_find_key(g, "split.tensors.count"));
            ck_assert_ptr_nonnull(gb_gguf_find_key(g, "other"));
            gb_gguf_close(g);
        }
    }
}
END_TEST

/* --- errors ---------------------------------------------------------------------------------------------------------
 */

/* The error is that of the blocks in the file, the same bits for any number of threads; nothing for what is copied. */
START_TEST(errors_of_the_file) {
    enum { TENSORS = 64 };
    static gb_tensor_error one[TENSORS];
    static gb_tensor_error four[TENSORS];
    const char *path = scratch("q.gguf");
    done((job){.from = gauge, .to = path, .recipe = "Q4_K_M", .threads = 4, .lost = four});
    done((job){.from = gauge, .to = path, .recipe = "Q4_K_M", .threads = 1, .lost = one});
    ck_assert_mem_eq(one, four, sizeof one);
    gb_gguf *in = opened(gauge);
    gb_gguf *out = opened(path);
    for (size_t i = 0; i < in->tensor_count; i++) {
        const gb_tensor *s = &in->tensors[i];
        if (s->dims == 1) {
            ck_assert_uint_eq(one[i].count, 0);
            continue;
        }
        char name[64] = "";
        memcpy(name, s->name.data, s->name.size);
        const gb_tensor *t = tensor(out, name);
        const size_t n = (size_t)s->ne[0];
        long double squares = 0; /* another order, another precision */
        long double xx = 0;
        long double yy = 0;
        long double xy = 0;
        double max = 0;
        for (uint64_t r = s->ne[1]; r-- > 0;) {
            float x[768];
            float y[768];
            gb_reference(s->format, GB_OP_dequantize).dequantize(s->data + r * gb_row_bytes(s->format, n), x, n);
            gb_reference(t->format, GB_OP_dequantize).dequantize(t->data + r * gb_row_bytes(t->format, n), y, n);
            for (size_t j = 0; j < n; j++) {
                const double d = fabs((double)y[j] - (double)x[j]);
                squares += (long double)d * d;
                xx += (long double)x[j] * x[j];
                yy += (long double)y[j] * y[j];
                xy += (long double)x[j] * y[j];
                max = d > max ? d : max;
            }
        }
        const double rmse = (double)sqrtl(squares / (long double)(n * s->ne[1]));
        ck_assert_uint_eq(one[i].count, n * s->ne[1]);
        ck_assert_double_eq(one[i].max, max);
        ck_assert_double_eq_tol(gb_tensor_error_rmse(&one[i]), rmse, rmse * 1e-9);
        ck_assert_double_eq_tol(gb_tensor_error_cosine(&one[i]), (double)(xy / sqrtl(xx * yy)), 1e-9);
        ck_assert_double_eq_tol(gb_tensor_error_snr_db(&one[i]), 10 * log10((double)(xx / squares)), 1e-6);
        ck_assert_double_ge(gb_tensor_error_snr_db(&one[i]), 15); /* 4 bits: about 20 dB */
    }
    gb_gguf_close(in);
    gb_gguf_close(out);
}
END_TEST

START_TEST(errors_of_special_rows) {
    const float zero[2] = {0, 0};
    const float x[2] = {3, 4};
    gb_tensor_error e = gb_tensor_error_of_row(x, x, 2);
    ck_assert_double_eq(gb_tensor_error_rmse(&e), 0);
    ck_assert_double_eq(gb_tensor_error_cosine(&e), 1);
    ck_assert(isinf(gb_tensor_error_snr_db(&e)) && gb_tensor_error_snr_db(&e) > 0);
    e = gb_tensor_error_of_row(zero, zero, 2);
    ck_assert_double_eq(gb_tensor_error_cosine(&e), 1);
    e = gb_tensor_error_of_row(zero, x, 2);
    ck_assert_double_eq(gb_tensor_error_cosine(&e), 0);
    ck_assert(isinf(gb_tensor_error_snr_db(&e)) && gb_tensor_error_snr_db(&e) < 0);
    ck_assert_double_eq_tol(gb_tensor_error_rmse(&e), sqrt(12.5), 1e-15);
    ck_assert_double_eq(e.max, 4);
    e = (gb_tensor_error){0};
    ck_assert_double_eq(gb_tensor_error_rmse(&e), 0);
}
END_TEST

/* --- memory ---------------------------------------------------------------------------------------------------------
 */

static int run(const char *const *argv, long *peak_kib) {
    const pid_t pid = fork();
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout)) _exit(126);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    ck_assert_int_eq(wait4(pid, &status, 0, &usage), pid);
    *peak_kib = usage.ru_maxrss;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A model of 200 MB in F32 with a tensor of 131 MB: what is read is let go, what is written goes out in slabs. Catches
 * a quantizer that holds the model, or a tensor. */
START_TEST(memory_is_bounded) {
    const char *program = getenv("GAUGEBLOCK");
#if defined(__SANITIZE_ADDRESS__)
    program = NULL; /* its memory is not ours */
#endif
    if (!program) return;
    const char *shape = scratch("shape.txt");
    FILE *f = fopen(shape, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs("vocab 32000\ndim 1024\nlayers 2\nhead_dim 64\nffn 2560\ntied 1\n", f), 0);
    ck_assert_int_eq(fclose(f), 0);
    char in[384];
    char out[384];
    (void)snprintf(in, sizeof in, "%s", scratch("in.gguf"));
    (void)snprintf(out, sizeof out, "%s", scratch("out.gguf"));
    long peak = 0;
    ck_assert_int_eq(run((const char *const[]){program, "synth", "--shape", shape, "--type", "F32", in, NULL}, &peak),
                     0);
    gb_gguf *g = opened(in);
    ck_assert_uint_ge(g->map.size, 200 << 20 >> 1);
    gb_gguf_close(g);
    ck_assert_int_eq(run((const char *const[]){program, "quantize", "--stats", in, out, "Q8_0", NULL}, &peak), 0);
    ck_assert_msg(peak < 80 << 10, "%ld KiB", peak);
}
END_TEST

int main(void) {
    char message[256];
    if (gb_cap_from_name(NULL, &cap, message, sizeof message) != 0) return 2;
    Suite *suite = suite_create("quantize");
    TCase *files = tcase_create("files");
    tcase_set_timeout(files, 300);
    tcase_add_checked_fixture(files, scratch_enter, scratch_leave);
    tcase_add_loop_test(files, files_of_llama_quantize, 0, LLAMA_FILES);
    tcase_add_loop_test(files, sizes_of_llama_quantize, 0, LLAMA_FILES);
    tcase_add_test(files, threads_and_file_type);
    tcase_add_test(files, rows_are_the_reference);
    tcase_add_test(files, order_of_tensors);
    tcase_add_test(files, compat);
    tcase_add_test(files, requantize);
    tcase_add_test(files, wild_values);
    tcase_add_test(files, importance_of_each_matrix);
    tcase_add_test(files, importance_of_another_model);
    tcase_add_test(files, importance_of_embedding);
    tcase_add_test(files, importance_is_needed);
    tcase_add_test(files, keys);
    tcase_add_test(files, errors_of_the_file);
    tcase_add_test(files, errors_of_special_rows);
    tcase_add_test(files, memory_is_bounded);
    suite_add_tcase(suite, files);
    return run_suite(suite);
}
