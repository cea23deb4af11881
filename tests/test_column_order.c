/* Column orders (act-order): a model whose matrices hold their columns shuffled, with the order beside them, must give
 * the logits of the plain one, to the bit. int8_row makes that exact for any order: its scales are of whole rows, and
 * its sums are integers. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "harness/rng.h"
#include "model/column_order.h"
#include "tests/support/engine_run.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

#define MODEL GB_SOURCE_DIR "/models/gauge-4m/gauge-4m-f16.gguf"

enum { LONGEST = 768 };

typedef enum variant { PLAIN, ORDERED, FORGOTTEN /* shuffled, with orders that change nothing */ } variant;

static gb_error err;

static void must(int rc) {
    ck_assert_msg(rc == GB_OK, "%s", err.text);
}

static bool is_layer_matrix(const gb_tensor *t) {
    return t->dims == 2 && t->name.size > 4 && memcmp(t->name.data, "blk.", 4) == 0;
}

/* One order for gate and up, others for everything else: shared and unshared inputs both occur. */
static void order_of(const gb_tensor *t, int32_t *order) {
    char name[GB_SHOWN];
    gb_rng rng;
    gb_str_show(t->name, name);
    char *up = strstr(name, "ffn_up");
    if (up) memcpy(up, "ffn_gate.weight", sizeof "ffn_gate.weight");
    gb_rng_seed(&rng, 9, name);
    for (int32_t i = 0; i < (int32_t)t->ne[0]; i++) order[i] = i;
    for (uint32_t i = (uint32_t)t->ne[0] - 1; i > 0; i--) {
        const uint32_t j = gb_rng_below(&rng, i + 1);
        const int32_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

static gb_str order_name(const gb_tensor *t, char buf[GB_ORDER_NAME]) {
    char name[GB_SHOWN];
    const int size = snprintf(buf, GB_ORDER_NAME, "%s.perm", gb_str_show(t->name, name));
    return (gb_str){buf, (size_t)size};
}

static void write_matrix(gb_gguf_writer *w, const gb_tensor *t, variant v) {
    float x[LONGEST];
    float shuffled[LONGEST];
    uint8_t row[4 + LONGEST];
    int32_t order[LONGEST] = {0};
    const size_t n = (size_t)t->ne[0];
    ck_assert_uint_le(n, LONGEST);
    order_of(t, order);
    for (size_t r = 0; r < t->ne[1]; r++) {
        gb_reference(t->format, GB_OP_dequantize).dequantize(t->data + r * gb_row_bytes(t->format, n), x, n);
        for (size_t i = 0; i < n; i++) shuffled[i] = v == PLAIN ? x[i] : x[order[i]];
        gb_reference(GB_FORMAT_int8_row, GB_OP_quantize).quantize(shuffled, row, n, NULL);
        must(gb_gguf_write_data(w, row, gb_row_bytes(GB_FORMAT_int8_row, n), &err));
    }
    for (int32_t i = 0; v == FORGOTTEN && i < (int32_t)n; i++) order[i] = i;
    if (v != PLAIN) must(gb_gguf_write_data(w, order, n * sizeof *order, &err));
}

static const char *write_model(variant v, const char *name) {
    gb_gguf *in = NULL;
    gb_gguf_writer *w = NULL;
    const char *path = scratch(name);
    must(gb_gguf_open(MODEL, &in, &err));
    must(gb_gguf_writer_new(path, &w, &err));
    for (size_t i = 0; i < in->key_count; i++) must(gb_gguf_put_key(w, &in->keys[i], &err));
    for (size_t i = 0; i < in->tensor_count; i++) {
        const gb_tensor *t = &in->tensors[i];
        char buf[GB_ORDER_NAME];
        must(gb_gguf_put_tensor(w, t->name, t->dims, t->ne, is_layer_matrix(t) ? GB_FORMAT_int8_row : t->format, &err));
        if (v != PLAIN && is_layer_matrix(t))
            must(gb_gguf_put_tensor(w, order_name(t, buf), 1, t->ne, GB_FORMAT_i32, &err));
    }
    must(gb_gguf_begin_data(w, &err));
    for (size_t i = 0; i < in->tensor_count; i++) {
        const gb_tensor *t = &in->tensors[i];
        if (is_layer_matrix(t))
            write_matrix(w, t, v);
        else
            must(gb_gguf_write_data(w, t->data, t->bytes, &err));
    }
    must(gb_gguf_writer_commit(w, &err));
    gb_gguf_close(in);
    return path;
}

enum { TOKENS = 37 };

static void hash_of(const char *path, size_t threads, size_t batch, char hash[33]) {
    int32_t tokens[TOKENS];
    for (int32_t i = 0; i < TOKENS; i++) tokens[i] = (i * 97 + 13) % 4000;
    const engine_run e = engine_open(path, NULL, threads, 64, batch, GB_FORMAT_f16);
    engine_hash(e, tokens, TOKENS, hash);
    engine_close(e);
}

/* Catches: an input gathered by the inverse order, by another matrix's, for one of the products only, or into a buffer
 * that two threads share; and, by the third model, orders that are not used at all. */
START_TEST(ordered_model_gives_the_same_logits) {
    char want[33];
    char got[33];
    hash_of(write_model(PLAIN, "plain.gguf"), 1, 64, want);
    const char *ordered = write_model(ORDERED, "ordered.gguf");
    static const size_t runs[][2] = {{1, 64}, {1, 1}, {3, 8}, {2, 37}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        hash_of(ordered, runs[i][0], runs[i][1], got);
        ck_assert_str_eq(got, want);
    }
    hash_of(write_model(FORGOTTEN, "forgotten.gguf"), 1, 64, got);
    ck_assert_str_ne(got, want);
}
END_TEST

/* Catches: equal orders held twice (then q, k and v would be gathered and quantized thrice), different ones taken for
 * equal, orders counted as weights. */
START_TEST(equal_orders_are_shared) {
    const engine_run e = engine_open(write_model(ORDERED, "ordered.gguf"), NULL, 1, 64, 8, GB_FORMAT_f16);
    for (size_t i = 0; i < e.m->n_layer; i++) {
        const gb_layer *y = &e.m->layers[i];
        ck_assert_ptr_nonnull(y->gate.order);
        ck_assert_ptr_eq(y->gate.order, y->up.order);
        ck_assert_ptr_ne(y->q.order, y->k.order);
    }
    ck_assert_ptr_null(e.m->output.order);
    ck_assert_uint_eq(e.m->orders.count, 6 * e.m->n_layer);
    const double weights = 4196608.0;
    ck_assert_double_eq_tol(gb_llama_bits_per_weight(e.m), (double)gb_llama_tensor_bytes(e.m) * 8.0 / weights, 1e-9);
    engine_close(e);
}
END_TEST

static image im;

static int add_order(const int32_t *order, uint64_t n, uint32_t type, uint32_t dims, size_t columns) {
    const uint64_t ne[4] = {n, 1, 1, 1};
    image_begin(&im, 1, 0);
    image_tensor(&im, "w.perm", dims, ne, type, 0);
    image_data(&im, 32, 0);
    image_raw(&im, order, n * sizeof *order);
    gb_gguf *f = NULL;
    gb_column_orders orders = {0};
    const int32_t *out = NULL;
    err = (gb_error){0};
    must(gb_gguf_open(image_save(&im, "order.gguf"), &f, &err));
    ck_assert_ptr_null(gb_column_order_find(f, (gb_str){"v", 1}));
    const gb_tensor *t = gb_column_order_find(f, (gb_str){"w", 1});
    ck_assert_ptr_nonnull(t);
    const int rc = gb_column_orders_add(&orders, f, t, columns, &out, &err);
    if (rc == GB_OK) ck_assert_mem_eq(out, order, n * sizeof *order);
    gb_column_orders_free(&orders);
    gb_gguf_close(f);
    return rc;
}

/* Catches: an order that would read outside of the input, or leave a column out, taken from a hostile file. */
START_TEST(bad_orders_are_refused) {
    static const int32_t good[4] = {3, 0, 2, 1};
    static const int32_t twice[4] = {3, 0, 3, 1};
    static const int32_t beyond[4] = {3, 0, 2, 4};
    static const int32_t below[4] = {3, 0, 2, -1};
    ck_assert_int_eq(add_order(good, 4, 26, 1, 4), GB_OK);
    ck_assert_int_eq(add_order(twice, 4, 26, 1, 4), GB_EINPUT);
    ck_assert_msg(strstr(err.text, "'w.perm': element 2 names column 3 a second time") != NULL, "%s", err.text);
    ck_assert_int_eq(add_order(beyond, 4, 26, 1, 4), GB_EINPUT);
    ck_assert_msg(strstr(err.text, "element 3 is 4, expected 0 to 3") != NULL, "%s", err.text);
    ck_assert_int_eq(add_order(below, 4, 26, 1, 4), GB_EINPUT);
    ck_assert_msg(strstr(err.text, "element 3 is -1") != NULL, "%s", err.text);
    ck_assert_int_eq(add_order(good, 4, 26, 1, 5), GB_EINPUT);
    ck_assert_msg(strstr(err.text, "expected I32, 1, 5") != NULL, "%s", err.text);
    ck_assert_int_eq(add_order(good, 4, 0, 1, 4), GB_EINPUT); /* f32 */
    ck_assert_int_eq(add_order(good, 4, 26, 2, 4), GB_EINPUT);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("column_order");
    TCase *c = tcase_create("column_order");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, scratch_enter, scratch_leave);
    tcase_add_test(c, ordered_model_gives_the_same_logits);
    tcase_add_test(c, equal_orders_are_shared);
    tcase_add_test(c, bad_orders_are_refused);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
