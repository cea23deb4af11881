/* attn_score and attn_acc: a query against cached keys, probabilities against cached values (rows f32, f16 or q8_0). */
#include <math.h>

#include "verify/case.h"
#include "verify/fill.h"

typedef struct shape {
    size_t stride, count, dim;
    float scale;
} shape;

static void call_score(gb_fn fn, void *const p[], const void *ctx) {
    const shape *s = ctx;
    fn.attn_score(p[0], p[1], s->stride, s->count, s->dim, s->scale, p[2]);
}

static void call_acc(gb_fn fn, void *const p[], const void *ctx) {
    const shape *s = ctx;
    fn.attn_acc(p[0], p[1], s->stride, s->count, s->dim, p[2]);
}

/* How one case differs from the plain one. */
typedef struct variant {
    size_t gap;         /* bytes between cache rows */
    size_t shift;       /* misalignment of the cache */
    size_t recipe;      /* of the cache rows */
    gb_pattern pattern; /* of the query or the probabilities */
} variant;

static void fill_cache(gb_check *c, const shape *s, const variant *v) {
    const gb_format format = c->kernel->format;
    const size_t size = (s->count - 1) * s->stride + gb_row_bytes(format, s->dim);
    uint8_t *cache = gb_case_buffer(c, c->kernel->op == GB_OP_attn_score ? "k" : "v", GB_IN, size);
    gb_case_place(c, GB_AT_END, v->shift);
    gb_rng_bytes(&c->rng, cache, size);
    for (size_t t = 0; t < s->count; t++) gb_fill_blocks(&c->rng, format, v->recipe, cache + t * s->stride, s->dim);
}

static void run(gb_check *c, size_t count, size_t dim, variant v) {
    const bool scores = c->kernel->op == GB_OP_attn_score;
    const shape s = {.stride = gb_row_bytes(c->kernel->format, dim) + v.gap,
                     .count = count,
                     .dim = dim,
                     .scale = 1.0F / sqrtf((float)dim)};
    const size_t in = scores ? dim : count;
    gb_fill_floats(&c->rng, v.pattern, gb_case_floats(c, scores ? "q" : "p", GB_IN, in), in);
    fill_cache(c, &s, &v);
    gb_case_floats(c, scores ? "scores" : "out", GB_OUT, scores ? count : dim);
    gb_case_run(c, scores ? call_score : call_acc, &s);
}

/* Elements of the blocks that n elements begin. */
static size_t whole(size_t n, size_t block) {
    return (n + block - 1) / block * block;
}

static void check(gb_check *c) {
    static const size_t dims[] = {1, 8, 15, 16, 17, 31, 32, 33, 48, 64, 80, 96, 128, 256};
    const gb_format format = c->kernel->format;
    const size_t block = gb_formats[format].block_elems;
    const size_t odd = whole(37, block);
    for (size_t d = 0; d < sizeof dims / sizeof dims[0]; d++) {
        const size_t dim = whole(dims[d], block);
        if (d && dim == whole(dims[d - 1], block)) continue;
        for (size_t count = 1; count <= 33; count++) {
            if (c->effort == GB_EFFORT_QUICK && count % 4 != 1) continue;
            if (gb_case(c, "count=%zu,dim=%zu", count, dim)) run(c, count, dim, (variant){0});
            if (count <= 9 && gb_case(c, "count=%zu,dim=%zu,gap=10", count, dim))
                run(c, count, dim, (variant){.gap = 10});
        }
        if (gb_case(c, "count=200,dim=%zu", dim)) run(c, 200, dim, (variant){.gap = 64});
    }
    if (block > 1 && gb_case(c, "longest")) run(c, 3, GB_Q8_0_HEAD, (variant){0});
    char name[48];
    for (size_t recipe = 0; recipe < gb_row_recipe_count(format); recipe++)
        if (gb_case(c, "cache=%s", gb_row_recipe_name(format, recipe, name, sizeof name)))
            run(c, 7, odd, (variant){.recipe = recipe});
    for (int p = 0; p < GB_PATTERN_COUNT; p++)
        if (gb_case(c, "in=%s", gb_pattern_names[p])) run(c, 37, odd, (variant){.pattern = (gb_pattern)p});
    for (size_t shift = 0; shift < 8; shift++)
        if (gb_case(c, "shift=%zu", shift)) run(c, 5, whole(39, block), (variant){.gap = 3 * shift, .shift = shift});
}

void gb_check_attn_score(gb_check *c) {
    check(c);
}

void gb_check_attn_acc(gb_check *c) {
    check(c);
}
