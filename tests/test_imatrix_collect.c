/* Importance matrices from a model at work: sums of the wrong columns or tokens, results that depend on threads or
 * batches, a context that is not itself afterwards. */
#include <check.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "model/imatrix_collect.h"
#include "tests/support/engine_run.h"
#include "tests/support/suite.h"
#include "tests/support/tiny_llama.h"

static gb_error err;

enum { E = TINY_EMBD, H = TINY_HEADS, KV = TINY_KV_HEADS, D = E / H, FF = TINY_FF, CHUNK = 12, CHUNKS = 3 };

/* The sums of a one-layer model by a second implementation: plain loops in double over one chunk after another. */
typedef struct sums {
    double attn[E], attn_out[E], ffn[E], down[FF], head[E];
} sums;

static const float *weights(const gb_gguf *f, const char *name) {
    const gb_tensor *t = gb_gguf_find_tensor(f, name);
    ck_assert_ptr_nonnull(t);
    return (const float *)(const void *)t->data;
}

static void multiply(const float *w, size_t rows, size_t n, const double *x, double *y) {
    for (size_t r = 0; r < rows; r++) {
        y[r] = 0;
        for (size_t i = 0; i < n; i++) y[r] += (double)w[r * n + i] * x[i];
    }
}

static void normalize(const double *x, double *y) {
    double squares = 0;
    for (size_t i = 0; i < E; i++) squares += x[i] * x[i];
    for (size_t i = 0; i < E; i++) y[i] = x[i] / sqrt(squares / E + 1e-5); /* the model's norm weights are 1 */
}

static void add_squares(double *to, const double *x, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] += x[i] * x[i];
}

static void rotate(double *x, size_t heads, size_t position) {
    for (size_t h = 0; h < heads; h++)
        for (size_t i = 0; i < D / 2; i++) {
            const double angle = (double)position * pow(10000, -2.0 * (double)i / D);
            double *p = x + h * D + 2 * i;
            const double a = p[0];
            const double b = p[1];
            p[0] = a * cos(angle) - b * sin(angle);
            p[1] = a * sin(angle) + b * cos(angle);
        }
}

static void attend(double keys[][KV * D], double values[][KV * D], const double *q, size_t seen, double *out) {
    for (size_t h = 0; h < H; h++) {
        double p[CHUNK];
        double total = 0;
        const size_t from = h / (H / KV) * D;
        for (size_t t = 0; t < seen; t++) {
            double score = 0;
            for (size_t i = 0; i < D; i++) score += q[h * D + i] * keys[t][from + i];
            total += p[t] = exp(score / sqrt(D));
        }
        for (size_t i = 0; i < D; i++) {
            out[h * D + i] = 0;
            for (size_t t = 0; t < seen; t++) out[h * D + i] += p[t] / total * values[t][from + i];
        }
    }
}

static void add_chunk(const gb_gguf *f, const int32_t *tokens, sums *s) {
    double keys[CHUNK][KV * D];
    double values[CHUNK][KV * D];
    for (size_t t = 0; t < CHUNK; t++) {
        double x[E];
        double a[E];
        double q[E];
        double o[E];
        double gate[FF];
        double up[FF];
        for (size_t i = 0; i < E; i++) x[i] = (double)weights(f, "token_embd.weight")[(size_t)tokens[t] * E + i];
        normalize(x, a);
        add_squares(s->attn, a, E);
        multiply(weights(f, "blk.0.attn_q.weight"), E, E, a, q);
        multiply(weights(f, "blk.0.attn_k.weight"), KV * D, E, a, keys[t]);
        multiply(weights(f, "blk.0.attn_v.weight"), KV * D, E, a, values[t]);
        rotate(q, H, t);
        rotate(keys[t], KV, t);
        attend(keys, values, q, t + 1, o);
        add_squares(s->attn_out, o, E);
        multiply(weights(f, "blk.0.attn_output.weight"), E, E, o, a);
        for (size_t i = 0; i < E; i++) x[i] += a[i];
        normalize(x, a);
        add_squares(s->ffn, a, E);
        multiply(weights(f, "blk.0.ffn_gate.weight"), FF, E, a, gate);
        multiply(weights(f, "blk.0.ffn_up.weight"), FF, E, a, up);
        for (size_t i = 0; i < FF; i++) gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i];
        add_squares(s->down, gate, FF);
        multiply(weights(f, "blk.0.ffn_down.weight"), E, FF, gate, a);
        for (size_t i = 0; i < E; i++) x[i] += a[i];
        normalize(x, a);
        add_squares(s->head, a, E);
    }
}

static const gb_imatrix_sums *entry(const gb_imatrix_collection *c, const char *name) {
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->entries[i].name, name) == 0) return &c->entries[i];
    return NULL;
}

static void same_sums(const gb_imatrix_collection *c, const char *name, const double *expected, size_t n) {
    const gb_imatrix_sums *e = entry(c, name);
    ck_assert_msg(e != NULL, "%s", name);
    ck_assert_uint_eq(e->columns, n);
    ck_assert_uint_eq(e->count, CHUNK * CHUNKS);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(e->squares[i] - expected[i]) <= 2e-5 * expected[i], "%s column %zu: %g, expected %g", name,
                      i, e->squares[i], expected[i]);
}

/* The second implementation agrees; BOS replaces the first token of every chunk; all tokens count; the output only when
 * asked for, by the name of the matrix that it is. */
START_TEST(sums_of_a_tiny_model) {
    const int32_t bos = 3;
    int32_t tokens[CHUNK * CHUNKS + 5];
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) tokens[i] = (int32_t)(i * 7 % TINY_VOCAB);
    for (int variant = 0; variant < 4; variant++) {
        tiny_llama t = tiny_llama_good();
        t.output = variant & 1;
        const bool with_output = variant & 2;
        const char *path = tiny_llama_write(&t);
        engine_run e = engine_open(path, NULL, 2, CHUNK, 5, GB_FORMAT_f32);
        sums s = {0};
        for (size_t k = 0; k < CHUNKS; k++) {
            int32_t chunk[CHUNK];
            memcpy(chunk, tokens + k * CHUNK, sizeof chunk);
            chunk[0] = bos;
            add_chunk(e.m->file, chunk, &s);
        }
        const gb_imatrix_params params = {.n_ctx = CHUNK, .bos = bos, .output = with_output};
        gb_imatrix_collection c;
        ck_assert_msg(gb_imatrix_collect(e.c, e.m, tokens, sizeof tokens / sizeof tokens[0], &params, &c, &err) ==
                          GB_OK,
                      "%s", err.text);
        ck_assert_uint_eq(c.chunks, CHUNKS);
        ck_assert_uint_eq(c.count, with_output ? 8 : 7);
        same_sums(&c, "blk.0.attn_q.weight", s.attn, E);
        same_sums(&c, "blk.0.attn_k.weight", s.attn, E);
        same_sums(&c, "blk.0.attn_v.weight", s.attn, E);
        same_sums(&c, "blk.0.attn_output.weight", s.attn_out, E);
        same_sums(&c, "blk.0.ffn_gate.weight", s.ffn, E);
        same_sums(&c, "blk.0.ffn_up.weight", s.ffn, E);
        same_sums(&c, "blk.0.ffn_down.weight", s.down, FF);
        ck_assert_ptr_null(entry(&c, t.output ? "token_embd.weight" : "output.weight"));
        if (with_output) same_sums(&c, t.output ? "output.weight" : "token_embd.weight", s.head, E);
        gb_imatrix_collection_free(&c);
        engine_close(e);
        (void)unlink(path);
    }
}
END_TEST

static const char gauge[] = GB_SOURCE_DIR "/models/gauge-4m/gauge-4m-f16.gguf";

/* The same bits for any threads, batch and instruction set: several layers, several slices, partners that are not f32.
 */
START_TEST(sums_do_not_depend_on_batches) {
    static const struct {
        const char *isa;
        size_t threads, batch;
    } runs[] = {{NULL, 1, 96}, {NULL, 3, 96}, {NULL, 2, 7}, {NULL, 4, 1}, {"reference", 2, 64}};
    int32_t tokens[96];
    for (int32_t i = 0; i < 96; i++) tokens[i] = i * 37 % 4000;
    gb_imatrix_collection first = {0};
    for (size_t r = 0; r < sizeof runs / sizeof runs[0]; r++) {
        engine_run e = engine_open(gauge, runs[r].isa, runs[r].threads, 48, runs[r].batch, GB_FORMAT_f16);
        const gb_imatrix_params params = {.n_ctx = 48, .bos = -1, .output = true};
        gb_imatrix_collection c;
        ck_assert_msg(gb_imatrix_collect(e.c, e.m, tokens, 96, &params, &c, &err) == GB_OK, "%s", err.text);
        ck_assert_uint_eq(c.count, 4 * 7 + 1);
        for (size_t i = 0; r && i < c.count; i++) {
            ck_assert_str_eq(c.entries[i].name, first.entries[i].name);
            ck_assert_mem_eq(c.entries[i].squares, first.entries[i].squares, c.entries[i].columns * sizeof(double));
        }
        if (r)
            gb_imatrix_collection_free(&c);
        else
            first = c;
        engine_close(e);
    }
    gb_imatrix_collection_free(&first);
}
END_TEST

/* After collecting, the context works as before; too short a text is refused; --chunks bounds the work. */
START_TEST(collecting_leaves_the_context_alone) {
    engine_run e = engine_open(gauge, NULL, 2, 32, 16, GB_FORMAT_f16);
    int32_t tokens[96];
    char before[33];
    char after[33];
    for (int32_t i = 0; i < 96; i++) tokens[i] = i;
    engine_hash(e, tokens, 20, before);
    gb_imatrix_params params = {.n_ctx = 32, .bos = -1, .max_chunks = 2};
    gb_imatrix_collection c;
    ck_assert_int_eq(gb_imatrix_collect(e.c, e.m, tokens, 31, &params, &c, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "31 tokens"));
    ck_assert_int_eq(gb_imatrix_collect(e.c, e.m, tokens, 96, &params, &c, &err), GB_OK);
    ck_assert_uint_eq(c.chunks, 2);
    ck_assert_uint_eq(c.entries[0].count, 64);
    gb_imatrix_collection_free(&c);
    tokens[40] = 4096; /* not a token */
    ck_assert_int_eq(gb_imatrix_collect(e.c, e.m, tokens, 96, &params, &c, &err), GB_EINPUT);
    gb_context_reset(e.c);
    engine_hash(e, tokens, 20, after);
    ck_assert_str_eq(before, after);
    engine_close(e);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("imatrix_collect");
    TCase *collecting = tcase_create("collecting");
    tcase_set_timeout(collecting, 120);
    tcase_add_test(collecting, sums_of_a_tiny_model);
    tcase_add_test(collecting, sums_do_not_depend_on_batches);
    tcase_add_test(collecting, collecting_leaves_the_context_alone);
    suite_add_tcase(suite, collecting);
    return run_suite(suite);
}
