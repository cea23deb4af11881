/* model/predict, bench/team: a step of the pass forgotten or counted twice, shares of threads that are not the
 * engine's, a missing price that passes for nothing, a faster memory that makes a model slower, formats that are not
 * the file's. Prices are made up, so that every sum can be done by hand; no test asserts a speed. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/team.h"
#include "model/predict.h"
#include "tests/support/suite.h"

/* --- a machine of round numbers ----------------------------------------------------------------------------------- */

typedef struct fake {
    double gbps, barrier;
    double slower;  /* every kernel */
    gb_op missing;  /* has no price */
    double mapping; /* ns per byte */
} fake;

static double price(const gb_probe *p) {
    const double n = (double)p->n;
    const double rows = (double)p->rows;
    switch (p->op) {
    case GB_OP_gemv:
        return n * rows;
    case GB_OP_gemm:
        return n * rows * (double)p->cols / 4;
    case GB_OP_rmsnorm:
        return 7;
    case GB_OP_quantize_act:
        return p->format == GB_FORMAT_f16 ? 1 : 3;
    case GB_OP_rope:
        return 2 * rows;
    case GB_OP_dequantize:
        return 5;
    case GB_OP_add:
        return 2;
    case GB_OP_silu_mul:
        return 11;
    case GB_OP_attn_score:
        return rows;
    case GB_OP_softmax:
        return n;
    case GB_OP_attn_acc:
        return 2 * rows;
    default:
        return 0;
    }
}

static int kernel(void *ctx, const gb_probe *p, double *ns, gb_error *err) {
    const fake *f = ctx;
    (void)err;
    *ns = p->op == f->missing ? 0 : price(p) * f->slower;
    return GB_OK;
}

static int bandwidth(void *ctx, double set, size_t threads, double *gbps, gb_error *err) {
    (void)threads;
    (void)err;
    ck_assert(set > 0);
    *gbps = ((fake *)ctx)->gbps;
    return GB_OK;
}

static int barrier(void *ctx, size_t threads, double *ns, gb_error *err) {
    (void)threads;
    (void)err;
    *ns = ((fake *)ctx)->barrier;
    return GB_OK;
}

static fake usual(void) {
    return (fake){.gbps = 1e9, .barrier = 100, .slower = 1, .missing = GB_OP_COUNT};
}

/* Two layers, all of q8_0. */
static gb_format formats[3][GB_LAYER_MATRIX_COUNT];
static gb_predict_model small(void) {
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < GB_LAYER_MATRIX_COUNT; j++) formats[i][j] = GB_FORMAT_q8_0;
    return (gb_predict_model){
        .sizes = {2, 32, 2, 1, 16, 64, 320}, .embedding = GB_FORMAT_q8_0, .output = GB_FORMAT_q8_0, .layer = formats};
}

static gb_prediction predict(const gb_predict_model *m, fake f, size_t prompt, size_t generate, size_t threads) {
    const gb_predict_params p = {
        .prompt = prompt, .generate = generate, .n_batch = 512, .threads = threads, .kv = GB_FORMAT_f16};
    const gb_price_list prices = {&f, kernel, bandwidth, barrier, f.mapping};
    gb_prediction out;
    gb_error err = {0};
    ck_assert_msg(gb_predict(m, &p, &prices, &out, &err) == GB_OK, "%s", err.text);
    return out;
}

static void check_parts(const gb_predicted_test *t, const double expected[GB_PREDICT_PART_COUNT]) {
    double sum = 0;
    for (int i = 0; i < GB_PREDICT_PART_COUNT; i++) {
        ck_assert_msg(t->part[i] == expected[i], "%s: %.17g, expected %g", gb_predict_part_names[i], t->part[i],
                      expected[i]);
        sum += expected[i];
    }
    ck_assert_msg(t->ns == sum, "%.17g, expected %g", t->ns, sum);
}

/* --- sums by hand ------------------------------------------------------------------------------------------------- */

/* One token. A layer: matrices 32 x 32 + 2 (32 x 16) + 32 x 32 + 3 (32 x 64) = 9216; two heads of (1 + 1 + 2); four
 * rows to quantize; norm 7, rope 4 + 2, two stores of 1, add 2, norm 7, SiLU 11, add 2; five barriers. Around the
 * layers: embedding 5, norm 7, one row, 32 x 320, one barrier. */
START_TEST(one_token) {
    const gb_predict_model m = small();
    const gb_prediction p = predict(&m, usual(), 0, 1, 1);
    check_parts(&p.tg, (const double[]){2 * 9216, 10240, 2 * 8, 2 * 12 + 3, 2 * 37 + 5 + 7, 11 * 100});
    ck_assert(p.tg.tps == 1e9 / 29901 && p.tg.by_memory == 0);
    ck_assert(p.pp.tps == 0 && p.pp.ns == 0);
}
END_TEST

/* Four tokens see 1, 2, 3 and 4 positions; everything else is four times the one. */
START_TEST(four_tokens) {
    const gb_predict_model m = small();
    const gb_prediction p = predict(&m, usual(), 0, 4, 1);
    check_parts(&p.tg, (const double[]){4 * 2 * 9216, 4 * 10240, 2 * 8 * (1 + 2 + 3 + 4), 4 * 27, 4 * 86, 4 * 1100});
}
END_TEST

/* A prompt of three: beyond the cache of the last layer goes only the last token, by gemv. The first layer takes 11
 * barriers, the last one 7, the embedding and the head one each. */
START_TEST(a_prompt) {
    const gb_predict_model m = small();
    const gb_prediction p = predict(&m, usual(), 3, 0, 1);
    check_parts(&p.pp, (const double[]){9216 * 3 / 4 + 2048 * 3 / 4 + 7168, 10240, 8 * (1 + 2 + 3) + 24,
                                        3 * 12 + 3 * 3 + 9 + 3, 15 + 3 * 37 + 45 + 22 + 7, 20 * 100});
    ck_assert(p.tg.tps == 0);
}
END_TEST

/* Two threads: 32 rows are shared, 16 are not (the engine's grain); of three tokens one thread has two. */
START_TEST(shares_of_threads) {
    const gb_predict_model m = small();
    const gb_prediction tg = predict(&m, usual(), 0, 1, 2);
    ck_assert(tg.tg.part[GB_PREDICT_layers] == 2 * (512 + 512 + 512 + 512 + 3 * 1024));
    ck_assert(tg.tg.part[GB_PREDICT_attention] == 2 * 4);
    ck_assert(tg.tg.part[GB_PREDICT_vectors] == 86); /* of a single token one thread does them */
    const gb_prediction pp = predict(&m, usual(), 3, 0, 2);
    ck_assert(pp.pp.part[GB_PREDICT_vectors] == 10 + 2 * 37 + 30 + 22 + 7);
}
END_TEST

/* Matrices of two partners ask for the activations twice. */
START_TEST(two_partners) {
    const gb_predict_model m = small();
    formats[0][GB_LAYER_attn_v] = GB_FORMAT_f32;
    const gb_prediction p = predict(&m, usual(), 0, 1, 1);
    ck_assert(p.tg.part[GB_PREDICT_activations] == 27 + 3);
}
END_TEST

/* Where memory is slow it sets the price: 34 bytes are a row of 32, 68 one of 64; 1 byte takes 1000 ns. */
START_TEST(memory_bound) {
    const gb_predict_model m = small();
    fake f = usual();
    f.gbps = 0.001;
    const gb_prediction p = predict(&m, f, 0, 1, 1);
    ck_assert(p.tg.part[GB_PREDICT_head] == 1000.0 * 34 * 320);
    ck_assert(p.tg.part[GB_PREDICT_layers] == 2 * 1000.0 * (34 * (32 + 16 + 16 + 32 + 64 + 64) + 68 * 32));
    ck_assert(p.tg.part[GB_PREDICT_attention] == 2 * 1000.0 * 2 * 32); /* a key and a value of 16 halves */
    const double others = 27 + 86 + 1100;
    ck_assert(fabs(p.tg.by_memory - (p.tg.ns - others) / p.tg.ns) < 1e-12);
    ck_assert(gb_predict_streamed_bytes(&m) == 34 * 320 + 2 * (34 * 224 + 68 * 32));
}
END_TEST

/* Small pages cost by the byte, once for all columns: a prompt of three reads the matrices as one token does. */
START_TEST(small_pages) {
    const gb_predict_model m = small();
    fake f = usual();
    f.mapping = 2;
    const gb_prediction p = predict(&m, f, 3, 1, 1);
    const double more = 2 * (34 * 224 + 68 * 32);
    ck_assert(p.tg.part[GB_PREDICT_head] == 10240 + 2 * 34 * 320);
    ck_assert(p.tg.part[GB_PREDICT_layers] == 2 * (9216 + more));
    ck_assert(p.pp.part[GB_PREDICT_layers] == 15616 + 2 * more);
    ck_assert(p.tg.by_memory == 0);
}
END_TEST

/* A prompt in batches does not forget the positions before. */
START_TEST(batches) {
    const gb_predict_model m = small();
    fake f = usual();
    const gb_predict_params p = {.prompt = 6, .n_batch = 2, .threads = 1, .kv = GB_FORMAT_f16};
    const gb_price_list prices = {&f, kernel, bandwidth, barrier, 0};
    gb_prediction out;
    ck_assert_int_eq(gb_predict(&m, &p, &prices, &out, NULL), GB_OK);
    ck_assert(out.pp.part[GB_PREDICT_attention] == 8 * (1 + 2 + 3 + 4 + 5 + 6) + 8 * 6);
    ck_assert(out.pp.part[GB_PREDICT_head] == 10240);
}
END_TEST

/* --- directions --------------------------------------------------------------------------------------------------- */

START_TEST(monotone) {
    gb_predict_model m = small();
    const gb_prediction base = predict(&m, usual(), 64, 64, 2);
    size_t *const sizes[] = {&m.sizes.layers, &m.sizes.embd, &m.sizes.heads, &m.sizes.ffn, &m.sizes.vocab};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const size_t kept = *sizes[i];
        *sizes[i] = i == 0 ? 3 : 2 * kept; /* formats[] knows three layers */
        const gb_prediction larger = predict(&m, usual(), 64, 64, 2);
        ck_assert_msg(larger.pp.ns > base.pp.ns && larger.tg.ns > base.tg.ns, "size %zu", i);
        *sizes[i] = kept;
    }
    fake f = usual();
    f.slower = 2;
    ck_assert(predict(&m, f, 64, 64, 2).pp.tps < base.pp.tps && predict(&m, f, 64, 64, 2).tg.tps < base.tg.tps);
    f = usual();
    f.barrier = 200;
    ck_assert(predict(&m, f, 64, 64, 2).tg.tps < base.tg.tps);
    double before = 0;
    for (double gbps = 1e-3; gbps < 1e3; gbps *= 2) { /* more bandwidth never slows down */
        f = usual();
        f.gbps = gbps;
        const double now = predict(&m, f, 0, 64, 2).tg.tps;
        ck_assert(now >= before);
        before = now;
    }
    ck_assert(predict(&m, usual(), 0, 128, 2).tg.tps < base.tg.tps); /* a longer cache */
    f = usual();
    f.barrier = 0;
    ck_assert(predict(&m, f, 64, 64, 4).pp.tps >= predict(&m, f, 64, 64, 2).pp.tps);
    ck_assert(predict(&m, f, 64, 64, 2).pp.tps > predict(&m, f, 64, 64, 1).pp.tps);
}
END_TEST

/* --- errors ------------------------------------------------------------------------------------------------------- */

START_TEST(missing_prices) {
    const gb_predict_model m = small();
    static const struct {
        gb_op op;
        const char *says;
    } cases[] = {{GB_OP_attn_acc, "f16 attn_acc, 16 elements, 1 rows"},
                 {GB_OP_gemm, "q8_0 gemm, 32 elements, 32 rows, 4 columns"},
                 {GB_OP_silu_mul, "f32 silu_mul, 64 elements"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake f = usual();
        gb_error err = {0};
        gb_prediction out;
        f.missing = cases[i].op;
        const gb_predict_params p = {.prompt = 4, .generate = 1, .n_batch = 512, .threads = 1, .kv = GB_FORMAT_f16};
        const gb_price_list prices = {&f, kernel, bandwidth, barrier, 0};
        ck_assert_int_eq(gb_predict(&m, &p, &prices, &out, &err), GB_EINPUT);
        ck_assert_msg(strstr(err.text, "no measurement of") && strstr(err.text, cases[i].says), "%s", err.text);
    }
    fake f = usual();
    gb_error err = {0};
    gb_prediction out;
    f.gbps = 0;
    gb_predict_params p = {.generate = 1, .n_batch = 512, .threads = 1, .kv = GB_FORMAT_f16};
    const gb_price_list prices = {&f, kernel, bandwidth, barrier, 0};
    ck_assert_int_eq(gb_predict(&m, &p, &prices, &out, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "reading"));
    f = usual();
    f.barrier = (double)NAN;
    ck_assert_int_eq(gb_predict(&m, &p, &prices, &out, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "barrier"));
    p.kv = GB_FORMAT_q8_0; /* heads of 16 are no whole blocks */
    ck_assert_int_eq(gb_predict(&m, &p, &prices, &out, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "whole blocks of 32"));
    p.generate = 0;
    ck_assert_int_eq(gb_predict(&m, &p, &prices, &out, &err), GB_EINPUT);
}
END_TEST

/* --- models ------------------------------------------------------------------------------------------------------- */

/* The default model read from its file is the one that its sizes and type name. */
START_TEST(file_and_sizes) {
    gb_predict_model file;
    gb_predict_model sizes;
    gb_error err = {0};
    const gb_model_sizes facts = {4, 256, 4, 2, 64, 768, 4096};
    ck_assert_msg(gb_predict_model_of_file(GB_SOURCE_DIR "/models/gauge-4m/gauge-4m-f16.gguf", &file, &err) == GB_OK,
                  "%s", err.text);
    ck_assert_int_eq(gb_predict_model_of_sizes(&facts, "f16", &sizes, &err), GB_OK);
    ck_assert_mem_eq(&file.sizes, &facts, sizeof facts);
    ck_assert_int_eq(file.output, sizes.output);
    ck_assert_int_eq(file.embedding, sizes.embedding);
    for (size_t i = 0; i < 4; i++) ck_assert_mem_eq(file.layer[i], sizes.layer[i], sizeof *file.layer);
    ck_assert(gb_predict_streamed_bytes(&file) == gb_predict_streamed_bytes(&sizes));
    gb_predict_model_free(&file);
    gb_predict_model_free(&sizes);
    ck_assert_int_eq(gb_predict_model_of_file("/nowhere.gguf", &file, &err), GB_EINPUT);
    gb_predict_model_free(&file);
}
END_TEST

/* A mixture is one: llama-quantize's rules for Q4_K_M. */
START_TEST(recipes) {
    gb_predict_model m;
    gb_error err = {0};
    const gb_model_sizes facts = {16, 2048, 32, 8, 64, 8192, 128256};
    ck_assert_int_eq(gb_predict_model_of_sizes(&facts, "Q4_K_M", &m, &err), GB_OK);
    ck_assert_int_eq(m.output, GB_FORMAT_q6_K);
    ck_assert_int_eq(m.layer[0][GB_LAYER_attn_q], GB_FORMAT_q4_K);
    ck_assert_int_eq(m.layer[0][GB_LAYER_attn_v], GB_FORMAT_q6_K);
    ck_assert_int_eq(m.layer[3][GB_LAYER_ffn_down], GB_FORMAT_q4_K);
    ck_assert_int_eq(m.layer[15][GB_LAYER_ffn_down], GB_FORMAT_q6_K);
    gb_predict_model_free(&m);
    ck_assert_int_eq(gb_predict_model_of_sizes(&facts, "Q4_X", &m, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "Q4_X"));
    gb_predict_model_free(&m);
}
END_TEST

/* --- the team that measures --------------------------------------------------------------------------------------- */

START_TEST(team) {
    gb_team *t = NULL;
    gb_error err = {0};
    const gb_topology tiny = {.core_count = 2, .l1d = {4096, 1}, .l2 = {8192, 1}, .l3 = {16384, 2}};
    gb_team_options o = {.topology = &tiny, .threads = 2, .seed = 1, .ms = 0.01};
    char why[256];
    ck_assert_int_eq(gb_cap_from_name("auto", &o.cap, why, sizeof why), 0);
    ck_assert_msg(gb_team_new(&o, &t, &err) == GB_OK, "%s", err.text);
    static const gb_team_task tasks[] = {{GB_FORMAT_q4_K, GB_OP_gemv, {256, 8, 1}, 1, 2, 60000},
                                         {GB_FORMAT_q4_K, GB_OP_gemm, {256, 8, 5}, 1, 2, 0},
                                         {GB_FORMAT_q8_K, GB_OP_quantize_act, {256, 1, 1}, 3, 2, 0},
                                         {GB_FORMAT_f32, GB_OP_rmsnorm, {256, 1, 1}, 3, 1, 0},
                                         {GB_FORMAT_f16, GB_OP_attn_score, {64, 7, 1}, 1, 2, 0},
                                         {GB_FORMAT_f32, GB_OP_rope, {64, 4, 1}, 2, 1, 0}};
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
        double first = 0;
        double again = 0;
        ck_assert_msg(gb_team_kernel(t, &tasks[i], &first, &err) == GB_OK, "%s", err.text);
        ck_assert(first > 0 && isfinite(first));
        ck_assert_int_eq(gb_team_kernel(t, &tasks[i], &again, &err), GB_OK);
        ck_assert(first == again); /* measured once */
    }
    double ns = 0;
    gb_team_task odd = tasks[0];
    odd.threads = 3;
    ck_assert_int_eq(gb_team_kernel(t, &odd, &ns, &err), GB_EINPUT);
    odd = tasks[0];
    odd.op = GB_OP_quantize_act; /* of a weight format */
    ck_assert_int_eq(gb_team_kernel(t, &odd, &ns, &err), GB_EINPUT);
    ck_assert_msg(strstr(err.text, "q4_K has no operation quantize_act"), "%s", err.text);
    ck_assert(gb_team_bandwidth(t, 1000, &ns, &err) == GB_OK && ns > 0);
    ck_assert(gb_team_barrier(t) > 0);
    _Alignas(4096) static uint8_t pages[5 * 4096];
    for (size_t bytes = 0; bytes <= sizeof pages; bytes += 1000)
        ck_assert(gb_team_mapping(t, pages, bytes, &ns, &err) == GB_OK && ns >= 0 && isfinite(ns));
    gb_team_free(t);
    o.threads = 1;
    ck_assert_int_eq(gb_team_new(&o, &t, &err), GB_OK);
    ck_assert(gb_team_barrier(t) == 0); /* nothing is started */
    gb_team_free(t);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("predict");
    TCase *tc = tcase_create("predict");
    tcase_add_test(tc, one_token);
    tcase_add_test(tc, four_tokens);
    tcase_add_test(tc, a_prompt);
    tcase_add_test(tc, shares_of_threads);
    tcase_add_test(tc, two_partners);
    tcase_add_test(tc, memory_bound);
    tcase_add_test(tc, small_pages);
    tcase_add_test(tc, batches);
    tcase_add_test(tc, monotone);
    tcase_add_test(tc, missing_prices);
    tcase_add_test(tc, file_and_sizes);
    tcase_add_test(tc, recipes);
    tcase_add_test(tc, team);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
