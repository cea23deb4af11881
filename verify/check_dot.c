/* dot and gemv: packed weight rows times one activation row. */
#include "verify/case.h"
#include "verify/fill.h"

typedef struct shape {
    size_t n, rows, w_stride;
} shape;

static void call_dot(gb_fn fn, void *const p[], const void *ctx) {
    const shape *s = ctx;
    *(float *)p[2] = fn.dot(p[0], p[1], s->n);
}

static void call_gemv(gb_fn fn, void *const p[], const void *ctx) {
    const shape *s = ctx;
    fn.gemv(p[0], s->w_stride, s->rows, p[1], s->n, p[2]);
}

/* --- dot ------------------------------------------------------------------------------------------------------------
 */

/* How a dot case places its rows. */
typedef struct spot {
    gb_place place;
    size_t w_shift, a_shift;
} spot;

static void run_dot(gb_check *c, size_t n, size_t w_recipe, size_t a_recipe, spot at) {
    const gb_format format = c->kernel->format;
    const gb_format partner = gb_formats[format].partner;
    const shape s = {.n = n};
    gb_fill_blocks(&c->rng, format, w_recipe, gb_case_buffer(c, "w", GB_IN, gb_row_bytes(format, n)), n);
    gb_case_place(c, at.place, at.w_shift);
    gb_fill_blocks(&c->rng, partner, a_recipe, gb_case_buffer(c, "a", GB_IN, gb_row_bytes(partner, n)), n);
    gb_case_place(c, at.place, at.a_shift);
    gb_case_floats(c, "y", GB_OUT, 1);
    gb_case_run(c, call_dot, &s);
}

static void check_recipes(gb_check *c) {
    const gb_format format = c->kernel->format;
    const gb_format partner = gb_formats[format].partner;
    const size_t block = gb_formats[format].block_elems;
    const size_t blocks[2][3] = {{1, 2, 5}, {1, 16, 37}}; /* packed formats; formats of single elements */
    const spot end = {GB_AT_END, 0, 0};
    char name[48];
    for (size_t i = 0; i < 3; i++) {
        const size_t n = blocks[block == 1][i] * block;
        for (size_t r = 1; r < gb_row_recipe_count(format); r++)
            if (gb_case(c, "n=%zu,w=%s", n, gb_row_recipe_name(format, r, name, sizeof name))) run_dot(c, n, r, 0, end);
        for (size_t r = 1; r < gb_row_recipe_count(partner); r++)
            if (gb_case(c, "n=%zu,a=%s", n, gb_row_recipe_name(partner, r, name, sizeof name)))
                run_dot(c, n, 0, r, end);
    }
    /* both extreme at once: random pairs, and mixed blocks with one hostile among plain ones */
    const uint32_t w_count = (uint32_t)gb_row_recipe_count(format);
    const uint32_t a_count = (uint32_t)gb_row_recipe_count(partner);
    for (int i = 0; i < (c->effort == GB_EFFORT_QUICK ? 40 : 300); i++) {
        if (!gb_case(c, "pair=%d", i)) continue;
        const size_t n = (1 + gb_rng_below(&c->rng, 4)) * block;
        const size_t w_recipe = gb_rng_below(&c->rng, w_count);
        run_dot(c, n, w_recipe, gb_rng_below(&c->rng, a_count), end);
    }
}

void gb_check_dot(gb_check *c) {
    const gb_format format = c->kernel->format;
    const size_t block = gb_formats[format].block_elems;
    const size_t odd = block == 1 ? 39 : 3 * block;
    size_t length[GB_CASE_LENGTHS];
    const size_t lengths = gb_case_lengths(c, format, length);
    for (size_t i = 0; i < lengths; i++)
        for (int again = 0; again < (c->effort == GB_EFFORT_QUICK ? 8 : 20); again++)
            if (gb_case(c, "n=%zu,draw=%d", length[i], again)) run_dot(c, length[i], 0, 0, (spot){GB_AT_END, 0, 0});
    for (size_t w = 0; w < 8; w++) {
        for (size_t a = 0; a < 8; a++) {
            if (gb_case(c, "n=%zu,w+%zu,a+%zu", odd, w, a)) run_dot(c, odd, 0, 0, (spot){GB_AT_END, w, a});
            if (gb_case(c, "n=%zu,start,w+%zu,a+%zu", odd, w, a)) run_dot(c, odd, 0, 0, (spot){GB_AT_START, w, a});
        }
    }
    check_recipes(c);
}

/* --- gemv -----------------------------------------------------------------------------------------------------------
 */

static void run_gemv(gb_check *c, size_t rows, size_t n, size_t gap, bool mixed, size_t shift) {
    const gb_format format = c->kernel->format;
    const gb_format partner = gb_formats[format].partner;
    const size_t row = gb_row_bytes(format, n);
    const shape s = {.n = n, .rows = rows, .w_stride = row + gap};
    const size_t size = (rows - 1) * s.w_stride + row; /* the last row ends at the inaccessible page */
    uint8_t *w = gb_case_buffer(c, "w", GB_IN, size);
    gb_case_place(c, GB_AT_END, shift);
    gb_rng_bytes(&c->rng, w, size); /* the gaps hold garbage */
    for (size_t r = 0; r < rows; r++) {
        if (mixed)
            gb_fill_blocks_mixed(&c->rng, format, w + r * s.w_stride, n);
        else
            gb_fill_blocks(&c->rng, format, 0, w + r * s.w_stride, n);
    }
    gb_fill_blocks(&c->rng, partner, 0, gb_case_buffer(c, "a", GB_IN, gb_row_bytes(partner, n)), n);
    gb_case_place(c, GB_AT_END, shift / 2);
    gb_case_floats(c, "y", GB_OUT, rows);
    gb_case_run(c, call_gemv, &s);
}

void gb_check_gemv(gb_check *c) {
    const gb_format format = c->kernel->format;
    const size_t block = gb_formats[format].block_elems;
    const size_t blocks[2][3] = {{1, 3, 6}, {7, 39, 129}};
    size_t length[GB_CASE_LENGTHS];
    const size_t lengths = gb_case_lengths(c, format, length);
    for (size_t rows = 1; rows <= 19; rows++) {
        for (size_t i = 0; i < 3; i++) {
            const size_t n = blocks[block == 1][i] * block;
            if (c->effort == GB_EFFORT_QUICK && rows % 3 != 1) continue;
            if (gb_case(c, "rows=%zu,n=%zu", rows, n)) run_gemv(c, rows, n, 0, false, 0);
            if (gb_case(c, "rows=%zu,n=%zu,mixed", rows, n)) run_gemv(c, rows, n, 0, true, 0);
            if (gb_case(c, "rows=%zu,n=%zu,gap=5", rows, n)) run_gemv(c, rows, n, 5, false, 0);
            if (gb_case(c, "rows=%zu,n=%zu,gap=64", rows, n)) run_gemv(c, rows, n, 64, false, 0);
        }
    }
    for (size_t i = 0; i < lengths; i++)
        if (gb_case(c, "rows=9,n=%zu", length[i])) run_gemv(c, 9, length[i], 0, false, 0);
    for (size_t shift = 0; shift < 8; shift++)
        if (gb_case(c, "rows=6,n=%zu,shift=%zu", 3 * block, shift)) run_gemv(c, 6, 3 * block, 2 * shift, false, shift);
}
