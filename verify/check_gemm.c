/* gemm: packed weight rows times several activation columns, each element the bits of dot (R3). */
#include "verify/case.h"
#include "verify/fill.h"

typedef struct shape {
    size_t n, rows, cols, w_stride, a_stride, y_stride;
} shape;

static void call(gb_fn fn, void *const p[], const void *ctx) {
    const shape *s = ctx;
    const gb_gemm_args g = {.w = p[0],
                            .w_stride = s->w_stride,
                            .rows = s->rows,
                            .a = p[1],
                            .a_stride = s->a_stride,
                            .cols = s->cols,
                            .n = s->n,
                            .y = p[2],
                            .y_stride = s->y_stride,
                            .scratch = p[3]};
    fn.gemm(&g);
}

typedef struct gaps {
    size_t w, a, y; /* bytes between weight rows and between columns, floats between output columns */
    size_t shift;   /* misalignment of w and a */
} gaps;

typedef enum content { PLAIN, MIXED, LOWEST } content;

/* `count` rows of n elements, `stride` bytes apart, garbage between them. */
static void fill_rows(gb_check *c, const char *name, gb_format format, size_t n, size_t count, size_t stride,
                      content what, size_t shift) {
    const size_t size = (count - 1) * stride + gb_row_bytes(format, n);
    uint8_t *p = gb_case_buffer(c, name, GB_IN, size);
    gb_case_place(c, GB_AT_END, shift);
    gb_rng_bytes(&c->rng, p, size);
    for (size_t r = 0; r < count; r++) {
        if (what == MIXED)
            gb_fill_blocks_mixed(&c->rng, format, p + r * stride, n);
        else
            gb_fill_blocks(&c->rng, format, what == LOWEST ? gb_row_recipe_lowest() : 0, p + r * stride, n);
    }
}

static void run(gb_check *c, size_t rows, size_t cols, size_t n, content what, gaps g) {
    const gb_format format = c->kernel->format;
    const gb_format partner = gb_formats[format].partner;
    const shape s = {.n = n,
                     .rows = rows,
                     .cols = cols,
                     .w_stride = gb_row_bytes(format, n) + g.w,
                     .a_stride = gb_row_bytes(partner, n) + g.a,
                     .y_stride = rows + g.y};
    fill_rows(c, "w", format, n, rows, s.w_stride, what, g.shift);
    fill_rows(c, "a", partner, n, cols, s.a_stride, what, g.shift / 2);
    gb_case_floats(c, "y", GB_OUT, (cols - 1) * s.y_stride + rows);
    gb_case_stride(c, rows, s.y_stride);
    gb_case_buffer(c, "scratch", GB_SCRATCH, gb_gemm_scratch(n, cols));
    gb_case_run(c, call, &s);
}

void gb_check_gemm(gb_check *c) {
    static const size_t row_counts[] = {1, 2, 3, 7, 8, 15, 16, 17, 33};
    static const size_t col_counts[] = {1, 2, 3, 5, 8, 9, 17};
    enum { ROWS = sizeof row_counts / sizeof row_counts[0], COLS = sizeof col_counts / sizeof col_counts[0] };
    const gb_format format = c->kernel->format;
    const size_t block = gb_formats[format].block_elems;
    const size_t n = block == 1 ? 39 : block < 256 ? 5 * block : 2 * block;
    size_t length[GB_CASE_LENGTHS];
    const size_t lengths = gb_case_lengths(c, format, length);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLS; j++) {
            const size_t rows = row_counts[i];
            const size_t cols = col_counts[j];
            if (c->effort == GB_EFFORT_QUICK && (i + j) % 3) continue;
            if (gb_case(c, "rows=%zu,cols=%zu,n=%zu", rows, cols, n)) run(c, rows, cols, n, PLAIN, (gaps){0});
            if (gb_case(c, "rows=%zu,cols=%zu,n=%zu,mixed", rows, cols, n)) run(c, rows, cols, n, MIXED, (gaps){0});
            if (gb_case(c, "rows=%zu,cols=%zu,n=%zu,gaps", rows, cols, block == 1 ? n : block))
                run(c, rows, cols, block == 1 ? n : block, PLAIN, (gaps){.w = 14, .a = 4, .y = 3});
        }
    }
    for (size_t i = 0; i < lengths; i++) {
        if (gb_case(c, "rows=5,cols=3,n=%zu", length[i])) run(c, 5, 3, length[i], PLAIN, (gaps){0});
        if (gb_case(c, "rows=9,cols=6,n=%zu", length[i])) run(c, 9, 6, length[i], PLAIN, (gaps){0});
    }
    /* more columns than any kernel packs at a time, several groups of rows and several chunks of a row at once */
    const size_t several = format == GB_FORMAT_int8_row ? 1120 : 320;
    const size_t chunks = block == 1 ? 39 : (several + block - 1) / block * block;
    if (c->effort != GB_EFFORT_QUICK && gb_case(c, "rows=49,cols=261,n=%zu", chunks))
        run(c, 49, 261, chunks, PLAIN, (gaps){.y = 1});
    /* and more than any works on at a time, so that rows of n are interrupted, too */
    if (gb_case(c, "rows=3,cols=517,n=%zu", chunks)) run(c, 3, 517, chunks, PLAIN, (gaps){.y = 1});
    /* no row too few: the last one of a kernel's groups of 32 or 48 ends at the page */
    for (size_t rows = 32; rows <= 48; rows += 16)
        if (gb_case(c, "rows=%zu,cols=6,n=%zu", rows, 3 * block)) run(c, rows, 6, 3 * block, PLAIN, (gaps){0});
    /* one integer sum for a row: of 33 bits, and three of a kernel's runs (kernels/int8_row.h), the last a short one */
    const size_t longest = 131072 + 96;
    if (format == GB_FORMAT_int8_row && gb_case(c, "rows=3,cols=6,n=%zu,lowest", longest))
        run(c, 3, 6, longest, LOWEST, (gaps){.w = 1});
    for (size_t shift = 0; shift < 8; shift++)
        if (gb_case(c, "rows=9,cols=5,shift=%zu", shift))
            run(c, 9, 5, 3 * block, PLAIN, (gaps){.w = shift, .a = shift, .y = shift, .shift = shift});
}
