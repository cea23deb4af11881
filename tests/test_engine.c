/* The forward pass: right against stored and independent results, and the same bits however it is run. */
#include <cJSON.h>
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/file.h"
#include "model/perplexity.h"
#include "model/quantize.h"
#include "tests/support/engine_run.h"
#include "tests/support/suite.h"
#include "tests/support/tiny_llama.h"

#define SHARED  GB_SOURCE_DIR "/../shared/data"
#define GAUGE4M GB_SOURCE_DIR "/models/gauge-4m/gauge-4m-f16.gguf"
#define SAMPLE  GB_SOURCE_DIR "/models/gauge-4m/gauge-4m-sample.txt"

/* --- against an independent float64 pass (only where the shared models are there) --------------------------------- */

static const char *const reference_models[] = {"stories260K", "llama2xs", "tinystories-656k"};
enum { REFERENCE_MODELS = 3 };

static cJSON *read_reference(int i, char *model, size_t size) {
    char path[4096];
    (void)snprintf(model, size, "%s/models/%s/%s-f32.gguf", SHARED, reference_models[i], reference_models[i]);
    (void)snprintf(path, sizeof path, "%s/models/%s/%s.reference.json", SHARED, reference_models[i],
                   reference_models[i]);
    if (access(path, R_OK) != 0) return NULL;
    uint8_t *text = NULL;
    size_t length = 0;
    gb_error err = {0};
    ck_assert_msg(gb_read_all(path, 1 << 20, &text, &length, &err) == GB_OK, "%s", err.text);
    cJSON *json = cJSON_Parse((const char *)text);
    ck_assert_ptr_nonnull(json);
    free(text);
    return json;
}

static size_t read_ids(const cJSON *array, int32_t *ids, size_t max) {
    size_t n = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, array) {
        ck_assert_uint_lt(n, max);
        ids[n++] = (int32_t)item->valuedouble;
    }
    ck_assert_uint_gt(n, 0);
    return n;
}

/* Any slip in rope, masks, head grouping, norms, or the order of tensors moves these logits by far more than 1e-3. */
START_TEST(logits_agree_with_float64) {
    char path[4096];
    cJSON *json = read_reference(_i, path, sizeof path);
    if (!json) return;
    const cJSON *last = cJSON_GetObjectItem(json, "logits_last");
    int32_t ids[64];
    const size_t count = read_ids(cJSON_GetObjectItem(last, "ids"), ids, 64);
    engine_run e = engine_open(path, NULL, 2, 0, 5, GB_FORMAT_f32);
    float *logits = engine_logits(e, ids, count);
    const cJSON *pair = NULL;
    cJSON_ArrayForEach(pair, cJSON_GetObjectItem(last, "top")) {
        const int32_t id = (int32_t)e.m->argmax(logits, e.m->n_vocab);
        ck_assert_int_eq(id, (int32_t)cJSON_GetArrayItem(pair, 0)->valuedouble);
        ck_assert_double_eq_tol((double)logits[id], cJSON_GetArrayItem(pair, 1)->valuedouble, 1e-3);
        logits[id] = -INFINITY;
    }
    free(logits);
    engine_close(e);
    cJSON_Delete(json);
}
END_TEST

/* Single-token decoding far into the context: a cache that is written or read at a wrong place. */
START_TEST(greedy_agrees_with_float64) {
    char path[4096];
    cJSON *json = read_reference(_i, path, sizeof path);
    if (!json) return;
    int32_t ids[1024];
    int32_t found[1024];
    const size_t count = read_ids(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "greedy_from_bos"), "ids"), ids, 1024);
    engine_run e = engine_open(path, NULL, 2, 0, 64, GB_FORMAT_f32);
    engine_greedy(e, ids, 1, found, count - 1);
    for (size_t i = 0; i + 1 < count; i++) ck_assert_msg(found[i] == ids[i + 1], "token %zu", i);
    engine_close(e);
    cJSON_Delete(json);
}
END_TEST

static size_t utf8_prefix(const char *text, size_t size, size_t characters) {
    size_t i = 0;
    while (i < size && characters > 0) {
        i++;
        while (i < size && ((unsigned char)text[i] & 0xC0) == 0x80) i++;
        characters--;
    }
    return i;
}

START_TEST(perplexity_agrees_with_float64) {
    char path[4096];
    cJSON *json = read_reference(_i, path, sizeof path);
    if (!json) return;
    const cJSON *wanted = cJSON_GetObjectItem(cJSON_GetObjectItem(json, "perplexity"),
                                              "tinystories-train-head.txt (first 43000 chars, ASCII)");
    ck_assert_ptr_nonnull(wanted);
    uint8_t *text = NULL;
    size_t size = 0;
    gb_error err = {0};
    ck_assert_int_eq(gb_read_all(SHARED "/text/tinystories-train-head.txt", 1 << 24, &text, &size, &err), GB_OK);
    size = utf8_prefix((const char *)text, size, (size_t)cJSON_GetObjectItem(wanted, "text_prefix_chars")->valuedouble);
    engine_run e = engine_open(path, NULL, 1, 256, 256, GB_FORMAT_f32);
    size_t count = 0;
    int32_t *ids = engine_tokenize(e, (const char *)text, size, &count);
    const gb_logits_source source = gb_logits_from_context(e.c, e.m);
    const gb_perplexity_params params = {.n_ctx = 256, .bos = ids[0]};
    gb_perplexity p;
    ck_assert_msg(gb_perplexity_run(&source, ids, count, &params, &p, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(p.chunks, (size_t)cJSON_GetObjectItem(wanted, "chunks")->valuedouble);
    ck_assert_uint_eq(p.scored, (size_t)cJSON_GetObjectItem(wanted, "scored_tokens")->valuedouble);
    const double ppl = cJSON_GetObjectItem(wanted, "ppl")->valuedouble;
    ck_assert_double_eq_tol(p.ppl, ppl, ppl * 1e-3);
    gb_perplexity_free(&p);
    free(ids);
    free(text);
    engine_close(e);
    cJSON_Delete(json);
}
END_TEST

/* --- the same bits however it is run ------------------------------------------------------------------------------ */

enum { SHORT = 71, FEW = 20 }; /* tokens; SHORT: more than one batch of 64, no multiple of 7 */

/* Ids of the start of the sample text. */
static void short_text(int32_t ids[SHORT]) {
    uint8_t *text = NULL;
    size_t size = 0;
    size_t count = 0;
    gb_error err = {0};
    ck_assert_msg(gb_read_all(SAMPLE, 1 << 20, &text, &size, &err) == GB_OK, "%s", err.text);
    engine_run e = engine_open(GAUGE4M, NULL, 1, 8, 8, GB_FORMAT_f16);
    int32_t *all = engine_tokenize(e, (const char *)text, 2000, &count);
    ck_assert_uint_ge(count, SHORT);
    memcpy(ids, all, SHORT * sizeof *ids);
    free(all);
    free(text);
    engine_close(e);
}

static void hash_of(const char *path, const char *isa, size_t threads, size_t batch, gb_format kv, size_t count,
                    char hash[33]) {
    int32_t ids[SHORT];
    short_text(ids);
    engine_run e = engine_open(path, isa, threads, SHORT, batch, kv);
    engine_hash(e, ids, count, hash);
    engine_close(e);
}

static void expect_one_hash(const char *path, gb_format kv) {
    static const size_t batches[] = {1, 7, 64, 512};
    char wanted[33];
    char found[33];
    hash_of(path, NULL, 1, 512, kv, SHORT, wanted);
    for (size_t threads = 1; threads <= 3; threads++)
        for (size_t b = 0; b < 4; b++) {
            hash_of(path, NULL, threads, batches[b], kv, SHORT, found);
            ck_assert_msg(strcmp(wanted, found) == 0, "%s: %zu threads, batch %zu: %s instead of %s", path, threads,
                          batches[b], found, wanted);
        }
    /* fewer tokens: the plain tiers take a hundred times as long */
    hash_of(path, NULL, 1, 512, kv, FEW, wanted);
    for (const char *const *isa = engine_isas(); *isa; isa++)
        for (size_t b = 0; b < 2; b++) {
            hash_of(path, *isa, 2, b ? 64 : 1, kv, FEW, found);
            ck_assert_msg(strcmp(wanted, found) == 0, "%s: isa %s, batch %d: %s instead of %s", path, *isa, b ? 64 : 1,
                          found, wanted);
        }
}

static const gb_format kv_types[3] = {GB_FORMAT_f16, GB_FORMAT_f32, GB_FORMAT_q8_0};

/* A result that depends on threads, batch, or instruction set: the promise of the whole program. */
START_TEST(one_hash_f16) {
    expect_one_hash(GAUGE4M, kv_types[_i]);
}
END_TEST

static const char *const recipes[] = {"Q8_0", "Q4_0", "Q6_K", "Q4_K_M"};
enum { RECIPES = sizeof recipes / sizeof recipes[0], MIXED = RECIPES - 1 };

/* The same for block formats, whose kernels are others, and for files that mix them. */
START_TEST(one_hash_quantized) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/test-engine-%s-%ld.gguf", GB_BINARY_DIR, recipes[_i], (long)getpid());
    gb_error err = {0};
    gb_gguf *in = NULL;
    gb_pool *pool = NULL;
    gb_plan_row *rows = NULL;
    gb_cap cap;
    char message[512];
    gb_quantize_options options = {0};
    ck_assert_msg(gb_recipe_find(recipes[_i], &options.plan.recipe, &err) == GB_OK, "%s", err.text);
    ck_assert_int_eq(gb_cap_from_name(NULL, &cap, message, sizeof message), 0);
    ck_assert_msg(gb_gguf_open(GAUGE4M, &in, &err) == GB_OK, "%s", err.text);
    ck_assert_msg(gb_pool_new(2, NULL, 0, &pool, &err) == GB_OK, "%s", err.text);
    ck_assert_msg(gb_quantize_plan(in, &options, &rows, &err) == GB_OK, "%s", err.text);
    ck_assert_msg(gb_quantize_write(in, &options, rows, path, pool, &cap, NULL, NULL, &err) == GB_OK, "%s", err.text);
    free(rows);
    gb_pool_free(pool);
    gb_gguf_close(in);
    expect_one_hash(path, GB_FORMAT_f16);
    unlink(path);
}
END_TEST

/* Guards the tests above: a hash that never changes would pass them all. */
START_TEST(hash_depends_on_tokens_and_cache_type) {
    char a[33];
    char b[33];
    hash_of(GAUGE4M, NULL, 1, 64, GB_FORMAT_f16, 40, a);
    hash_of(GAUGE4M, NULL, 1, 64, GB_FORMAT_f32, 40, b);
    ck_assert_str_ne(a, b);
    hash_of(GAUGE4M, NULL, 1, 64, GB_FORMAT_q8_0, 40, b);
    ck_assert_str_ne(a, b);
    hash_of(GAUGE4M, NULL, 1, 64, GB_FORMAT_f16, 39, b);
    ck_assert_str_ne(a, b);
}
END_TEST

/* Stored results of the default model: a change of any bit anywhere in the pass. */
START_TEST(golden_text_and_hash) {
    static const char prompt[] = "The old man";
    static const int32_t golden[24] = {432, 341, 510, 294,  260, 863,  44, 274, 260, 619, 1331, 341,
                                       510, 294, 258, 1770, 280, 2960, 46, 540, 341, 510, 294,  258};
    int32_t found[24];
    char hash[33];
    size_t count = 0;
    engine_run e = engine_open(GAUGE4M, NULL, 2, 64, 64, GB_FORMAT_f16);
    int32_t *ids = engine_tokenize(e, prompt, strlen(prompt), &count);
    engine_greedy(e, ids, count, found, 24);
    for (size_t i = 0; i < 24; i++) ck_assert_int_eq(found[i], golden[i]);
    engine_hash(e, ids, count, hash);
    ck_assert_str_eq(hash, "173fc70b14fc3f3aef61dd30f947e7a1");
    free(ids);
    engine_close(e);
    hash_of(GAUGE4M, NULL, 2, 64, GB_FORMAT_f16, SHORT, hash);
    ck_assert_str_eq(hash, "777143c1cae425f10b9b9b47124aba77");
}
END_TEST

/* Perplexity and bytes of the cache over the first tokens of the sample text. */
static double perplexity_with(gb_format kv, size_t *bytes) {
    enum { CTX = 256, TOKENS = 8 * CTX };
    uint8_t *text = NULL;
    size_t size = 0;
    size_t count = 0;
    gb_error err = {0};
    ck_assert_msg(gb_read_all(SAMPLE, 1 << 20, &text, &size, &err) == GB_OK, "%s", err.text);
    engine_run e = engine_open(GAUGE4M, NULL, 2, CTX, CTX, kv);
    int32_t *ids = engine_tokenize(e, (const char *)text, size, &count);
    ck_assert_uint_ge(count, TOKENS);
    *bytes = gb_context_kv_bytes(e.c);
    const gb_logits_source source = gb_logits_from_context(e.c, e.m);
    const gb_perplexity_params params = {.n_ctx = CTX, .bos = ids[0]};
    gb_perplexity p;
    ck_assert_msg(gb_perplexity_run(&source, ids, TOKENS, &params, &p, &err) == GB_OK, "%s", err.text);
    const double ppl = p.ppl;
    gb_perplexity_free(&p);
    free(ids);
    free(text);
    engine_close(e);
    return ppl;
}

/* A cache of bytes that costs quality (a scale at the wrong place moves perplexity by far more), or saves no memory. */
START_TEST(byte_cache_is_good_and_small) {
    size_t f16_bytes = 0;
    size_t q8_0_bytes = 0;
    const double f16 = perplexity_with(GB_FORMAT_f16, &f16_bytes);
    const double q8_0 = perplexity_with(GB_FORMAT_q8_0, &q8_0_bytes);
    ck_assert_double_eq_tol(q8_0, f16, f16 * 5e-3);
    ck_assert_uint_eq(q8_0_bytes * 32 * 2, f16_bytes * 34); /* 34 bytes for 32 elements, instead of 64 */
}
END_TEST

/* --- the interface ------------------------------------------------------------------------------------------------ */

static const int32_t tiny_tokens[12] = {1, 5, 3, 9, 10, 0, 2, 2, 7, 4, 8, 6};

/* Tokens given in several calls must see the cache of the earlier ones, and a reset must forget it. */
START_TEST(calls_append_and_reset_forgets) {
    const tiny_llama t = tiny_llama_good();
    const char *path = tiny_llama_write(&t);
    engine_run e = engine_open(path, NULL, 2, 0, 512, GB_FORMAT_f16);
    unlink(path);
    const size_t bytes = e.m->n_vocab * sizeof(float);
    float *whole = engine_logits(e, tiny_tokens, 12);
    gb_context_reset(e.c);
    free(engine_logits(e, tiny_tokens, 5));
    free(engine_logits(e, tiny_tokens + 5, 1));
    ck_assert_uint_eq(gb_context_used(e.c), 6);
    float *pieces = engine_logits(e, tiny_tokens + 6, 6);
    ck_assert_mem_eq(whole, pieces, bytes);
    gb_context_reset(e.c);
    float *alone = engine_logits(e, tiny_tokens + 11, 1);
    ck_assert_mem_ne(whole, alone, bytes);
    free(whole);
    free(pieces);
    free(alone);
    engine_close(e);
}
END_TEST

/* Twice the rope base or a scaling must reach the logits: a table that is not used would pass the loader's tests. */
START_TEST(rope_parameters_reach_the_logits) {
    float *seen[4];
    for (int variant = 0; variant < 4; variant++) {
        tiny_llama t = tiny_llama_good();
        if (variant == 1) t.rope_base = 20000.0F;
        if (variant == 2) t.rope_factors = true;
        if (variant == 3) t.n_rot = 4; /* the rest of each head stays unrotated */
        const char *path = tiny_llama_write(&t);
        engine_run e = engine_open(path, NULL, 1, 0, 64, GB_FORMAT_f32);
        unlink(path);
        seen[variant] = engine_logits(e, tiny_tokens, 12);
        if (variant > 0) ck_assert_mem_ne(seen[0], seen[variant], TINY_VOCAB * sizeof(float));
        engine_close(e);
    }
    for (int variant = 0; variant < 4; variant++) free(seen[variant]);
}
END_TEST

typedef struct heard {
    size_t first, rows, calls;
    int rc;
} heard;

static int listen(void *user, size_t first, size_t rows, const float *logits, gb_error *err) {
    heard *h = user;
    if (h->calls++ == 0) h->first = first;
    ck_assert_uint_eq(first, h->first + h->rows);
    ck_assert(isfinite(logits[0]));
    h->rows += rows;
    return h->rc ? gb_fail(err, h->rc, "stop") : GB_OK;
}

/* Rows that are missing, doubled or unasked for, over batches of 5; the sink's word to stop. */
START_TEST(sink_gets_the_rows_that_were_asked_for) {
    const tiny_llama t = tiny_llama_good();
    const char *path = tiny_llama_write(&t);
    engine_run e = engine_open(path, NULL, 2, 0, 5, GB_FORMAT_f16);
    unlink(path);
    gb_error err = {0};
    for (size_t from = 0; from <= 12; from++) {
        heard h = {0};
        gb_context_reset(e.c);
        ck_assert_int_eq(gb_context_eval(e.c, tiny_tokens, 12, from, listen, &h, &err), GB_OK);
        ck_assert_uint_eq(h.rows, 12 - from);
        if (h.rows) ck_assert_uint_eq(h.first, from);
    }
    gb_context_reset(e.c);
    ck_assert_int_eq(gb_context_eval(e.c, tiny_tokens, 12, 12, NULL, NULL, &err), GB_OK);
    heard h = {.rc = GB_EFINDING};
    gb_context_reset(e.c);
    ck_assert_int_eq(gb_context_eval(e.c, tiny_tokens, 12, 0, listen, &h, &err), GB_EFINDING);
    ck_assert_uint_eq(h.calls, 1);
    engine_close(e);
}
END_TEST

START_TEST(tokens_that_do_not_fit) {
    const tiny_llama t = tiny_llama_good();
    const char *path = tiny_llama_write(&t);
    engine_run e = engine_open(path, NULL, 1, 8, 64, GB_FORMAT_f16);
    unlink(path);
    gb_error err = {0};
    ck_assert_int_eq(gb_context_eval(e.c, tiny_tokens, 9, 9, NULL, NULL, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "context of 8"));
    const int32_t bad[2][2] = {{1, TINY_VOCAB}, {1, -1}};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(gb_context_eval(e.c, bad[i], 2, 2, NULL, NULL, &err), GB_EINPUT);
        ck_assert_ptr_nonnull(strstr(err.text, "token 1 "));
    }
    ck_assert_uint_eq(gb_context_used(e.c), 0);
    engine_close(e);
}
END_TEST

int main(void) {
    Suite *s = suite_create("engine");
    TCase *t = tcase_create("engine");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, logits_agree_with_float64, 0, REFERENCE_MODELS);
    if (!few_tests()) { /* the same pass, more of it */
        tcase_add_loop_test(t, greedy_agrees_with_float64, 0, REFERENCE_MODELS);
        tcase_add_loop_test(t, perplexity_agrees_with_float64, 0, REFERENCE_MODELS);
    }
    tcase_add_loop_test(t, one_hash_f16, 0, 3);
    tcase_add_loop_test(t, one_hash_quantized, few_tests() ? MIXED : 0, few_tests() ? MIXED + 1 : RECIPES);
    tcase_add_test(t, hash_depends_on_tokens_and_cache_type);
    tcase_add_test(t, golden_text_and_hash);
    tcase_add_test(t, byte_cache_is_good_and_small);
    tcase_add_test(t, calls_append_and_reset_forgets);
    tcase_add_test(t, rope_parameters_reach_the_logits);
    tcase_add_test(t, sink_gets_the_rows_that_were_asked_for);
    tcase_add_test(t, tokens_that_do_not_fit);
    suite_add_tcase(s, t);
    return run_suite(s);
}
