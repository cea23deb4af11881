#include "bench/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/evict.h"
#include "harness/alloc.h"
#include "harness/rng.h"
#include "kernels/registry.h"

/* Rows quantized by the reference before their bytes repeat: its searches are slow, and addresses, not values, decide
 * the timing. */
enum { DISTINCT_ROWS = 8 };

static void fill_floats(gb_rng *rng, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = (float)gb_rng_normal(rng);
}

typedef enum content {
    NOTHING,
    FLOATS,   /* normal */
    WEIGHTS,  /* blocks of the case's format */
    PARTNERS, /* blocks of its activation partner */
    CODES,    /* blocks of the case's format, activation-only formats included */
    ANGLES,   /* cos, sin pairs */
    POSITIVE, /* in (0, 1): probabilities */
} content;

/* A part: what it holds, bytes of one row, rows of one call, and whether every call has its own. */
typedef struct part {
    content content;
    size_t row_bytes, rows;
    int own;
} part;

/* The parts of an operation, in the order in which gb_bench_pass() uses them. */
static void parts_of(gb_format format, gb_op op, const gb_shape *s, part p[GB_BENCH_PARTS]) {
    const size_t floats = s->n * sizeof(float);
    const size_t row = gb_row_bytes(format, s->n);
    const size_t act = gb_row_bytes(gb_formats[format].partner, s->n);
    memset(p, 0, GB_BENCH_PARTS * sizeof *p);
    switch (op) {
    case GB_OP_quantize:
    case GB_OP_quantize_act:
        p[0] = (part){FLOATS, floats, 1, 1};
        p[1] = (part){NOTHING, row, 1, 1};
        break;
    case GB_OP_dequantize:
        p[0] = (part){CODES, row, 1, 1};
        p[1] = (part){NOTHING, floats, 1, 1};
        break;
    case GB_OP_dot:
        p[0] = (part){WEIGHTS, row, 1, 1};
        p[1] = (part){PARTNERS, act, 1, 0};
        break;
    case GB_OP_gemv:
    case GB_OP_gemm:
        p[0] = (part){WEIGHTS, row, s->rows, 1};
        p[1] = (part){PARTNERS, act, s->cols, 0};
        p[2] = (part){NOTHING, s->rows * sizeof(float), s->cols, 0};
        p[3] = (part){NOTHING, op == GB_OP_gemm ? gb_gemm_scratch(s->n, s->cols) : 0, 1, 0};
        break;
    case GB_OP_rmsnorm:
    case GB_OP_silu_mul:
    case GB_OP_add:
        p[0] = (part){FLOATS, floats, 1, 1};
        p[1] = (part){FLOATS, floats, 1, op != GB_OP_rmsnorm};
        p[2] = (part){NOTHING, floats, 1, 1};
        break;
    case GB_OP_rope:
        p[0] = (part){FLOATS, floats, s->rows, 0};
        p[1] = (part){ANGLES, floats, 1, 0};
        break;
    case GB_OP_softmax:
    case GB_OP_argmax:
        p[0] = (part){FLOATS, floats, 1, 1};
        break;
    case GB_OP_attn_score:
    case GB_OP_attn_acc:
        p[0] = (part){WEIGHTS, row, s->rows, 0};
        p[1] = (part){op == GB_OP_attn_score ? FLOATS : POSITIVE,
                      (op == GB_OP_attn_score ? s->n : s->rows) * sizeof(float), 1, 0};
        p[2] = (part){NOTHING, (op == GB_OP_attn_score ? s->rows : s->n) * sizeof(float), 1, 0};
        break;
    case GB_OP_COUNT:
        break;
    }
}

/* One row of a part. */
static void fill_row(gb_rng *rng, gb_format format, const part *p, size_t n, float *scratch, uint8_t *row) {
    float *x = (float *)(void *)row; /* only for parts of floats, whose rows are 4-byte aligned */
    switch (p->content) {
    case FLOATS:
        fill_floats(rng, x, p->row_bytes / sizeof(float));
        break;
    case POSITIVE:
        for (size_t i = 0; i < p->row_bytes / sizeof(float); i++) x[i] = (float)gb_rng_uniform(rng);
        break;
    case ANGLES:
        for (size_t i = 0; i < p->row_bytes / sizeof(float); i++) x[i] = i % 2 ? 0.6F : 0.8F;
        break;
    case WEIGHTS:
        fill_floats(rng, scratch, n);
        gb_reference(format, GB_OP_quantize).quantize(scratch, row, n, NULL);
        break;
    case PARTNERS:
        fill_floats(rng, scratch, n);
        gb_reference(gb_formats[format].partner, GB_OP_quantize_act).quantize_act(scratch, row, n);
        break;
    case CODES:
        fill_floats(rng, scratch, n);
        if (gb_formats[format].is_weight)
            gb_reference(format, GB_OP_quantize).quantize(scratch, row, n, NULL);
        else
            gb_reference(format, GB_OP_quantize_act).quantize_act(scratch, row, n);
        break;
    case NOTHING:
        break;
    }
}

static int fill_part(gb_bench_case *c, const part *p, int index, uint64_t seed, gb_error *err) {
    const size_t rows = p->rows * (p->own ? c->calls : 1);
    c->step[index] = p->own && c->calls > 1 ? p->row_bytes * p->rows : 0;
    size_t bytes = 0;
    if (!gb_mul_size(rows, p->row_bytes, &bytes))
        return gb_fail(err, GB_ESYSTEM, "bench: %zu rows of %zu bytes do not fit the address space", rows,
                       p->row_bytes);
    c->part[index] = gb_new_stream(bytes, "bench: working set", err);
    float *scratch = gb_new(c->shape.n, sizeof *scratch, "bench: one row", err);
    if (!c->part[index] || !scratch) {
        free(scratch);
        return GB_ESYSTEM;
    }
    memset(c->part[index], 0, bytes);
    char name[64];
    (void)snprintf(name, sizeof name, "bench %s %s %d", gb_formats[c->format].name, gb_op_names[c->op], index);
    gb_rng rng;
    gb_rng_seed(&rng, seed, name);
    for (size_t r = 0; r < rows && p->content != NOTHING; r++) {
        uint8_t *row = c->part[index] + r * p->row_bytes;
        if (r < DISTINCT_ROWS)
            fill_row(&rng, c->format, p, c->shape.n, scratch, row);
        else
            memcpy(row, row - DISTINCT_ROWS * p->row_bytes, p->row_bytes);
    }
    c->working_set += rows * p->row_bytes;
    c->part_bytes[index] = rows * p->row_bytes;
    free(scratch);
    return GB_OK;
}

/* Calls on rows of their own that fill the target beside what all calls share. */
static size_t calls_that_fit(const part parts[GB_BENCH_PARTS], size_t target) {
    size_t own = 0;
    size_t shared = 0;
    for (int i = 0; i < GB_BENCH_PARTS; i++) *(parts[i].own ? &own : &shared) += parts[i].row_bytes * parts[i].rows;
    return own && target > shared + own ? (target - shared) / own : 1;
}

static const size_t most_bytes = (size_t)8 << 30;

/* Fills the parts; shape and calls are set. */
static int build(gb_bench_case *c, const part parts[GB_BENCH_PARTS], uint64_t seed, gb_error *err) {
    c->work = gb_work_of(c->format, c->op, &c->shape);
    for (int i = 0; i < GB_BENCH_PARTS; i++) {
        const int rc = fill_part(c, &parts[i], i, seed, err);
        if (rc) {
            gb_bench_case_free(c);
            return rc;
        }
    }
    if (c->op == GB_OP_gemm) c->working_set -= parts[3].row_bytes; /* scratch is the kernel's business */
    return GB_OK;
}

int gb_bench_case_new(gb_format format, gb_op op, size_t target, uint64_t seed, gb_bench_case *c, gb_error *err) {
    *c = (gb_bench_case){.format = format, .op = op, .calls = 1};
    if (target > most_bytes)
        return gb_fail(err, GB_EINPUT, "a working set of %zu bytes: at most 8 GiB can be timed", target);
    c->shape = gb_shape_for(format, op, target);
    part parts[GB_BENCH_PARTS];
    parts_of(format, op, &c->shape, parts);
    if (gb_op_is_row(op)) c->calls = calls_that_fit(parts, target);
    return build(c, parts, seed, err);
}

int gb_bench_case_matrix(gb_format format, gb_op op, size_t n, size_t rows, uint64_t seed, gb_bench_case *c,
                         gb_error *err) {
    *c = (gb_bench_case){.format = format, .op = op, .calls = gb_op_is_row(op) ? rows : 1};
    const size_t block = gb_formats[format].block_elems;
    if (n == 0 || rows == 0 || n % block)
        return gb_fail(err, GB_EINPUT, "%zu rows of %zu elements: rows of %s are whole blocks of %zu", rows, n,
                       gb_formats[format].name, block);
    size_t bytes = 0;
    if (!gb_mul_size(n, rows, &bytes) || bytes > most_bytes / sizeof(float))
        return gb_fail(err, GB_EINPUT, "%zu rows of %zu elements: at most 8 GiB can be timed", rows, n);
    c->shape = (gb_shape){.n = n, .rows = gb_op_is_row(op) ? 1 : rows, .cols = op == GB_OP_gemm ? GB_BENCH_COLUMNS : 1};
    part parts[GB_BENCH_PARTS];
    parts_of(format, op, &c->shape, parts);
    return build(c, parts, seed, err);
}

int gb_bench_case_exact(gb_format format, gb_op op, const gb_shape *shape, size_t calls, uint64_t seed,
                        gb_bench_case *c, gb_error *err) {
    *c = (gb_bench_case){.format = format, .op = op, .shape = *shape, .calls = calls};
    part parts[GB_BENCH_PARTS];
    parts_of(format, op, shape, parts);
    return build(c, parts, seed, err);
}

void gb_bench_case_evict(const gb_bench_case *c) {
    for (int i = 0; i < GB_BENCH_PARTS; i++) gb_evict(c->part[i], c->part_bytes[i]);
}

void gb_bench_case_free(gb_bench_case *c) {
    for (int i = 0; i < GB_BENCH_PARTS; i++) free(c->part[i]);
    *c = (gb_bench_case){0};
}

static float *floats(const gb_bench_case *c, int index, size_t call) {
    return (float *)(void *)(c->part[index] + call * c->step[index]);
}

static void *bytes(const gb_bench_case *c, int index, size_t call) {
    return c->part[index] + call * c->step[index];
}

/* Results of dot and argmax go here, so that no call can be dropped. */
static volatile float sink;
static volatile size_t chosen;

void gb_bench_pass(const gb_bench_case *c, gb_fn fn) {
    const gb_shape *s = &c->shape;
    const size_t row = gb_row_bytes(c->format, s->n);
    const size_t n = s->n;
    for (size_t i = 0; i < c->calls; i++) {
        switch (c->op) {
        case GB_OP_quantize:
            fn.quantize(floats(c, 0, i), bytes(c, 1, i), n, NULL);
            break;
        case GB_OP_quantize_act:
            fn.quantize_act(floats(c, 0, i), bytes(c, 1, i), n);
            break;
        case GB_OP_dequantize:
            fn.dequantize(bytes(c, 0, i), floats(c, 1, i), n);
            break;
        case GB_OP_dot:
            sink = fn.dot(bytes(c, 0, i), bytes(c, 1, i), n);
            break;
        case GB_OP_gemv:
            fn.gemv(bytes(c, 0, i), row, s->rows, bytes(c, 1, i), n, floats(c, 2, i));
            break;
        case GB_OP_gemm: {
            const gb_gemm_args g = {.w = bytes(c, 0, i),
                                    .w_stride = row,
                                    .rows = s->rows,
                                    .a = bytes(c, 1, i),
                                    .a_stride = gb_row_bytes(gb_formats[c->format].partner, n),
                                    .cols = s->cols,
                                    .n = n,
                                    .y = floats(c, 2, i),
                                    .y_stride = s->rows,
                                    .scratch = bytes(c, 3, i)};
            fn.gemm(&g);
            break;
        }
        case GB_OP_rmsnorm:
            fn.rmsnorm(floats(c, 0, i), floats(c, 1, i), floats(c, 2, i), n, 1e-5F);
            break;
        case GB_OP_rope:
            fn.rope(floats(c, 0, i), s->rows, n, n, floats(c, 1, i));
            break;
        case GB_OP_softmax:
            fn.softmax(floats(c, 0, i), n);
            break;
        case GB_OP_silu_mul:
            fn.silu_mul(floats(c, 0, i), floats(c, 1, i), floats(c, 2, i), n);
            break;
        case GB_OP_add:
            fn.add(floats(c, 0, i), floats(c, 1, i), n);
            break;
        case GB_OP_argmax:
            chosen = fn.argmax(floats(c, 0, i), n);
            break;
        case GB_OP_attn_score:
            fn.attn_score(floats(c, 1, i), bytes(c, 0, i), row, s->rows, n, 0.088F, floats(c, 2, i));
            break;
        case GB_OP_attn_acc:
            fn.attn_acc(floats(c, 1, i), bytes(c, 0, i), row, s->rows, n, floats(c, 2, i));
            break;
        case GB_OP_COUNT:
            break;
        }
    }
}
