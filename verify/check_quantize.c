/* quantize and quantize_act: floats -> blocks, compared byte for byte. */
#include "reference/number.h"
#include "verify/case.h"
#include "verify/fill.h"

typedef struct shape {
    size_t n;
    bool weighted;
} shape;

static void call_act(gb_fn fn, void *const p[], const void *ctx) {
    const shape *s = ctx;
    fn.quantize_act(p[0], p[1], s->n);
}

static void call_weights(gb_fn fn, void *const p[], const void *ctx) {
    const shape *s = ctx;
    fn.quantize(p[0], p[1], s->n, s->weighted ? p[2] : NULL);
}

static gb_case_call *call_of(const gb_check *c) {
    return c->kernel->op == GB_OP_quantize ? call_weights : call_act;
}

/* x at one place, blocks `shift` bytes from the page, importance (if any) filled. */
static void run(gb_check *c, size_t n, gb_pattern pattern, gb_place place, size_t shift) {
    const shape s = {n, false};
    gb_fill_floats(&c->rng, pattern, gb_case_buffer(c, "x", GB_IN, n * sizeof(float)), n);
    gb_case_place(c, place, 0);
    gb_case_buffer(c, "blocks", GB_OUT, gb_row_bytes(c->kernel->format, n));
    gb_case_place(c, place, shift);
    gb_case_run(c, call_of(c), &s);
}

/* The last two give mostly zeros or NaN: they get one length only, so that what is compared stays alive. */
enum { IMPORTANCE_KINDS = 7, LIVELY_KINDS = 5 };

static void fill_importance(gb_check *c, size_t kind, float *w, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float u = (float)gb_rng_uniform(&c->rng);
        const float v = u * u * 8.0F;                 /* uneven, as measured ones are */
        const float none = i / 256 % 2 ? v : 0.0F;    /* of a super-block none, of the next some */
        const float few = u < 0.1F ? 1.0F + v : 0.0F; /* where they say little, scales turn out negative */
        const float by_kind[IMPORTANCE_KINDS] = {1.0F, v, u < 0.25F ? 0.0F : v, none, 1e-20F * v, few, 1e36F * v};
        w[i] = by_kind[kind];
    }
}

static void run_weighted(gb_check *c, size_t n, gb_pattern pattern, size_t kind) {
    const shape s = {n, true};
    gb_fill_floats(&c->rng, pattern, gb_case_buffer(c, "x", GB_IN, n * sizeof(float)), n);
    gb_case_buffer(c, "blocks", GB_OUT, gb_row_bytes(c->kernel->format, n));
    fill_importance(c, kind, gb_case_buffer(c, "importance", GB_IN, n * sizeof(float)), n);
    gb_case_run(c, call_of(c), &s);
}

/* For 16-bit floats: every code's value, the midpoints between neighbours (the exact ties) and one f32 ulp around them.
 */
static void check_midpoints(gb_check *c) {
    const gb_fn decode = gb_reference(c->kernel->format, GB_OP_dequantize);
    static const char *const names[] = {"below", "middle", "above", "exact"};
    enum { CODES = 65536, STEP = 8192, EXACT = 3 };
    for (uint32_t first = 0; first < CODES; first += STEP) {
        for (uint32_t kind = 0; kind <= EXACT; kind++) {
            if (!gb_case(c, "codes=%u+%u,%s", first, (unsigned)STEP, names[kind])) continue;
            const shape s = {STEP, false};
            float *x = gb_case_buffer(c, "x", GB_IN, STEP * sizeof(float));
            for (uint32_t i = 0; i < STEP; i++) {
                const uint16_t pair[2] = {(uint16_t)(first + i), (uint16_t)(first + i + 1)};
                float v[2];
                decode.dequantize(pair, v, 2);
                x[i] = v[0];
                if (kind == EXACT) continue;
                const float middle = 0.5F * v[0] + 0.5F * v[1];
                x[i] = gb_f32_from_bits(gb_f32_bits(middle) + kind - 1);
            }
            gb_case_buffer(c, "blocks", GB_OUT, STEP * sizeof(uint16_t));
            gb_case_run(c, call_of(c), &s);
        }
    }
}

static void check(gb_check *c) {
    const gb_format format = c->kernel->format;
    const size_t block = gb_formats[format].block_elems;
    size_t length[GB_CASE_LENGTHS];
    const size_t lengths = gb_case_lengths(c, format, length);
    for (size_t i = 0; i < lengths; i++)
        for (int p = 0; p < GB_PATTERN_COUNT; p++)
            if (gb_case(c, "n=%zu,x=%s", length[i], gb_pattern_names[p]))
                run(c, length[i], (gb_pattern)p, GB_AT_END, 0);
    for (size_t shift = 0; shift < 8; shift++) {
        if (gb_case(c, "n=%zu,end+%zu", 5 * block, shift)) run(c, 5 * block, GB_PATTERN_NORMAL, GB_AT_END, shift);
        if (gb_case(c, "n=%zu,start+%zu", 5 * block, shift)) run(c, 5 * block, GB_PATTERN_NORMAL, GB_AT_START, shift);
    }
    /* the place of the largest element, and of its equal of the other sign, must not matter */
    for (int i = 0; i < (c->effort == GB_EFFORT_QUICK ? 16 : 128); i++)
        if (gb_case(c, "twins=%d", i)) run(c, 3 * block, GB_PATTERN_TWINS, GB_AT_END, 0);
    for (int i = 0; i < (c->effort == GB_EFFORT_QUICK ? 8 : 64); i++)
        if (gb_case(c, "ties=%d", i)) run(c, 3 * block, i % 2 ? GB_PATTERN_TIES8 : GB_PATTERN_TIES4, GB_AT_END, 0);
    if (block == 1 && gb_formats[format].block_bytes == 2) check_midpoints(c);
}

void gb_check_quantize_act(gb_check *c) {
    check(c);
}

void gb_check_quantize(gb_check *c) {
    check(c);
    const size_t block = gb_formats[c->kernel->format].block_elems;
    for (size_t kind = 0; kind < IMPORTANCE_KINDS; kind++)
        for (size_t blocks = kind < LIVELY_KINDS ? 1 : 7; blocks <= 7; blocks += 2)
            for (int p = 0; p < GB_PATTERN_COUNT; p++)
                if (gb_case(c, "n=%zu,x=%s,importance=%zu", blocks * block, gb_pattern_names[p], kind))
                    run_weighted(c, blocks * block, (gb_pattern)p, kind);
    /* longer than what any encoder takes in one piece, with an odd rest */
    const size_t n = (10496 + block - 1) / block * block;
    for (int i = 0; i < (c->effort == GB_EFFORT_QUICK ? 1 : 4); i++) {
        if (gb_case(c, "n=%zu,long=%d", n, i)) run(c, n, GB_PATTERN_PATCHES, GB_AT_END, 0);
        if (gb_case(c, "n=%zu,long=%d,importance=1", n, i)) run_weighted(c, n, GB_PATTERN_PATCHES, 1);
    }
}
