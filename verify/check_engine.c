/* Float operations of the engine on f32 rows: rmsnorm, rope, softmax, silu_mul, add, argmax. */
#include <math.h>

#include "reference/math.h"
#include "reference/number.h"
#include "verify/case.h"
#include "verify/fill.h"

/* Places that element-wise rows are pushed to; a float row starts at any multiple of four bytes. */
static const char *const place_names[] = {"end", "start"};

/* A row of floats, still to be filled. */
static float *placed(gb_check *c, const char *name, gb_role role, size_t n, gb_place place) {
    float *x = gb_case_floats(c, name, role, n);
    gb_case_place(c, place, 0);
    return x;
}

static float *filled(gb_check *c, const char *name, gb_role role, size_t n, gb_pattern pattern, gb_place place) {
    float *x = placed(c, name, role, n, place);
    gb_fill_floats(&c->rng, pattern, x, n);
    return x;
}

/* --- rmsnorm --------------------------------------------------------------------------------------------------------
 */

typedef struct norm_shape {
    size_t n;
    float eps;
    bool in_place;
} norm_shape;

static void call_rmsnorm(gb_fn fn, void *const p[], const void *ctx) {
    const norm_shape *s = ctx;
    fn.rmsnorm(p[0], p[1], s->in_place ? p[0] : p[2], s->n, s->eps);
}

static void run_rmsnorm(gb_check *c, gb_pattern pattern, gb_place place, norm_shape s) {
    filled(c, "x", s.in_place ? GB_INOUT : GB_IN, s.n, pattern, place);
    filled(c, "w", GB_IN, s.n, GB_PATTERN_NORMAL, place);
    if (!s.in_place) placed(c, "y", GB_OUT, s.n, place);
    gb_case_run(c, call_rmsnorm, &s);
}

void gb_check_rmsnorm(gb_check *c) {
    size_t length[GB_CASE_LENGTHS];
    const size_t lengths = gb_case_lengths(c, GB_FORMAT_f32, length);
    for (size_t i = 0; i < lengths; i++) {
        const size_t n = length[i];
        for (int place = 0; place < 2; place++)
            if (gb_case(c, "n=%zu,%s", n, place_names[place]))
                run_rmsnorm(c, GB_PATTERN_NORMAL, (gb_place)place, (norm_shape){n, 1e-5F, false});
        if (gb_case(c, "n=%zu,inplace", n)) run_rmsnorm(c, GB_PATTERN_NORMAL, GB_AT_END, (norm_shape){n, 1e-6F, true});
        for (int again = 0; again < 4; again++)
            if (gb_case(c, "n=%zu,eps=0,draw=%d", n, again))
                run_rmsnorm(c, GB_PATTERN_MIXED, GB_AT_END, (norm_shape){n, 0.0F, false});
    }
    static const size_t some[] = {1, 16, 37, 64};
    for (size_t i = 0; i < 4; i++)
        for (int p = 0; p < GB_PATTERN_COUNT; p++)
            if (gb_case(c, "n=%zu,x=%s", some[i], gb_pattern_names[p]))
                run_rmsnorm(c, (gb_pattern)p, GB_AT_END, (norm_shape){some[i], 1e-5F, false});
}

/* --- rope -----------------------------------------------------------------------------------------------------------
 */

typedef struct rope_shape {
    size_t heads, head_dim, n_rot;
} rope_shape;

static void call_rope(gb_fn fn, void *const p[], const void *ctx) {
    const rope_shape *s = ctx;
    fn.rope(p[0], s->heads, s->head_dim, s->n_rot, p[1]);
}

static void run_rope(gb_check *c, gb_pattern pattern, bool angles, rope_shape s) {
    filled(c, "x", GB_INOUT, s.heads * s.head_dim, pattern, GB_AT_END);
    float *cs = gb_case_floats(c, "cs", GB_IN, s.n_rot);
    for (size_t i = 0; i + 1 < s.n_rot; i += 2) {
        double sine;
        double cosine;
        gb_sincos(1000.0 * gb_rng_uniform(&c->rng), &sine, &cosine);
        cs[i] = (float)cosine;
        cs[i + 1] = (float)sine;
    }
    if (!angles) gb_fill_floats(&c->rng, GB_PATTERN_BITS, cs, s.n_rot);
    gb_case_run(c, call_rope, &s);
}

void gb_check_rope(gb_check *c) {
    static const size_t dims[] = {2, 4, 6, 8, 10, 14, 16, 18, 30, 32, 34, 64, 66, 80, 96, 126, 128, 256};
    for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++) {
        for (size_t heads = 1; heads <= 9; heads += heads < 3 ? 1 : 3) {
            const size_t dim = dims[i];
            if (gb_case(c, "heads=%zu,dim=%zu,rot=%zu", heads, dim, dim))
                run_rope(c, GB_PATTERN_NORMAL, true, (rope_shape){heads, dim, dim});
            for (size_t rot = 2; rot < dim; rot = rot < 18 ? rot + 2 : rot + 14)
                if (gb_case(c, "heads=%zu,dim=%zu,rot=%zu", heads, dim, rot))
                    run_rope(c, GB_PATTERN_NORMAL, true, (rope_shape){heads, dim, rot});
            /* an odd head length: the next head starts at an odd float */
            if (gb_case(c, "heads=%zu,dim=%zu,rot=%zu", heads, dim + 1, dim))
                run_rope(c, GB_PATTERN_NORMAL, true, (rope_shape){heads, dim + 1, dim});
        }
    }
    for (int p = 0; p < GB_PATTERN_COUNT; p++)
        if (gb_case(c, "x=%s", gb_pattern_names[p])) run_rope(c, (gb_pattern)p, true, (rope_shape){3, 38, 38});
    for (int again = 0; again < 8; again++)
        if (gb_case(c, "bits=%d", again)) run_rope(c, GB_PATTERN_BITS, false, (rope_shape){3, 38, 38});
}

/* --- softmax --------------------------------------------------------------------------------------------------------
 */

static void call_softmax(gb_fn fn, void *const p[], const void *ctx) {
    fn.softmax(p[0], *(const size_t *)ctx);
}

static void scale_row(float *x, size_t n, float factor) {
    for (size_t i = 0; i < n; i++) x[i] = x[i] * factor;
}

/* spread: factor on N(0, 1); masked: every third score is -inf, as behind a causal mask. */
static void run_softmax(gb_check *c, size_t n, gb_pattern pattern, float spread, bool masked, gb_place place) {
    float *x = filled(c, "x", GB_INOUT, n, pattern, place);
    scale_row(x, n, spread);
    for (size_t i = 0; masked && i < n; i++)
        if (gb_rng_below(&c->rng, 3) == 0) x[i] = -INFINITY;
    gb_case_run(c, call_softmax, &n);
}

void gb_check_softmax(gb_check *c) {
    size_t length[GB_CASE_LENGTHS];
    const size_t lengths = gb_case_lengths(c, GB_FORMAT_f32, length);
    for (size_t i = 0; i < lengths; i++) {
        const size_t n = length[i];
        static const float spreads[] = {0.0F, 1.0F, 10.0F, 60.0F, 1e4F};
        for (size_t s = 0; s < sizeof spreads / sizeof spreads[0]; s++)
            if (gb_case(c, "n=%zu,spread=%g", n, (double)spreads[s]))
                run_softmax(c, n, GB_PATTERN_NORMAL, spreads[s], false, s % 2 ? GB_AT_START : GB_AT_END);
        if (gb_case(c, "n=%zu,masked", n)) run_softmax(c, n, GB_PATTERN_NORMAL, 4.0F, true, GB_AT_END);
    }
    static const size_t some[] = {1, 16, 37, 64};
    for (size_t i = 0; i < 4; i++)
        for (int p = 0; p < GB_PATTERN_COUNT; p++)
            if (gb_case(c, "n=%zu,x=%s", some[i], gb_pattern_names[p]))
                run_softmax(c, some[i], (gb_pattern)p, 1.0F, false, GB_AT_END);
}

/* --- silu_mul -------------------------------------------------------------------------------------------------------
 */

typedef struct silu_shape {
    size_t n;
    bool in_place;
} silu_shape;

static void call_silu_mul(gb_fn fn, void *const p[], const void *ctx) {
    const silu_shape *s = ctx;
    fn.silu_mul(p[0], p[1], s->in_place ? p[0] : p[2], s->n);
}

/* Declares gate (returned, to be filled), up and y. */
static float *silu_buffers(gb_check *c, silu_shape s, gb_pattern up, gb_place place) {
    float *gate = placed(c, "gate", s.in_place ? GB_INOUT : GB_IN, s.n, place);
    filled(c, "up", GB_IN, s.n, up, place);
    if (!s.in_place) placed(c, "y", GB_OUT, s.n, place);
    return gate;
}

static void run_silu(gb_check *c, gb_pattern pattern, float factor, gb_place place, silu_shape s) {
    float *gate = silu_buffers(c, s, GB_PATTERN_NORMAL, place);
    gb_fill_floats(&c->rng, pattern, gate, s.n);
    scale_row(gate, s.n, factor);
    gb_case_run(c, call_silu_mul, &s);
}

/* Where exp changes: underflow, subnormal results, overflow, the clamps, halfway points of the range reduction. */
static void run_silu_edges(gb_check *c, size_t n) {
    static const float edges[] = {GB_EXP_MIN, GB_EXP_MAX,   -103.97208F, -87.33655F, 88.72284F, 0.34657359F,
                                  17.0F,      0.034657359F, -0.6931472F, 1e5F,       16.6355F,  0.0F};
    const silu_shape s = {n, false};
    float *gate = silu_buffers(c, s, GB_PATTERN_NORMAL, GB_AT_END);
    for (size_t i = 0; i < n; i++) {
        const float edge = edges[gb_rng_below(&c->rng, sizeof edges / sizeof edges[0])];
        const uint32_t bits = gb_f32_bits(edge) + gb_rng_below(&c->rng, 9) - 4;
        gate[i] = gb_rng_u64(&c->rng) >> 63 ? -gb_f32_from_bits(bits) : gb_f32_from_bits(bits);
    }
    gb_case_run(c, call_silu_mul, &s);
}

/* A strided walk over all 2^32 bit patterns of the gate: exp of everything. */
static void sweep_silu(gb_check *c, uint32_t stride) {
    const silu_shape s = {16384, false};
    const uint64_t step = (uint64_t)s.n * stride;
    for (uint64_t first = 0; first < 1ULL << 32; first += step) {
        if (!gb_case(c, "bits=%llx+%zux%u", (unsigned long long)first, s.n, stride)) continue;
        float *gate = silu_buffers(c, s, GB_PATTERN_EQUAL, GB_AT_END);
        for (size_t i = 0; i < s.n; i++) gate[i] = gb_f32_from_bits((uint32_t)(first + i * stride));
        gb_case_run(c, call_silu_mul, &s);
    }
}

void gb_check_silu_mul(gb_check *c) {
    size_t length[GB_CASE_LENGTHS];
    const size_t lengths = gb_case_lengths(c, GB_FORMAT_f32, length);
    for (size_t i = 0; i < lengths; i++) {
        const size_t n = length[i];
        for (int place = 0; place < 2; place++)
            if (gb_case(c, "n=%zu,%s", n, place_names[place]))
                run_silu(c, GB_PATTERN_NORMAL, 2.0F, (gb_place)place, (silu_shape){n, false});
        if (gb_case(c, "n=%zu,inplace", n)) run_silu(c, GB_PATTERN_NORMAL, 2.0F, GB_AT_END, (silu_shape){n, true});
        if (gb_case(c, "n=%zu,wide", n)) run_silu(c, GB_PATTERN_UNIFORM, 120.0F, GB_AT_END, (silu_shape){n, false});
        if (gb_case(c, "n=%zu,edges", n)) run_silu_edges(c, n);
    }
    for (int p = 0; p < GB_PATTERN_COUNT; p++)
        if (gb_case(c, "x=%s", gb_pattern_names[p]))
            run_silu(c, (gb_pattern)p, 1.0F, GB_AT_END, (silu_shape){133, false});
    if (c->effort == GB_EFFORT_QUICK) return;
    for (int again = 0; again < 4; again++)
        if (gb_case(c, "moderate=%d", again))
            run_silu(c, GB_PATTERN_NORMAL, 8.0F, GB_AT_END, (silu_shape){32768, false});
    sweep_silu(c, c->effort == GB_EFFORT_EXHAUSTIVE ? 61 : 65521);
}

/* --- add ------------------------------------------------------------------------------------------------------------
 */

static void call_add(gb_fn fn, void *const p[], const void *ctx) {
    fn.add(p[0], p[1], *(const size_t *)ctx);
}

static void run_add(gb_check *c, size_t n, gb_pattern pattern, gb_place place) {
    filled(c, "x", GB_IN, n, pattern, place);
    filled(c, "y", GB_INOUT, n, pattern, place);
    gb_case_run(c, call_add, &n);
}

void gb_check_add(gb_check *c) {
    size_t length[GB_CASE_LENGTHS];
    const size_t lengths = gb_case_lengths(c, GB_FORMAT_f32, length);
    for (size_t i = 0; i < lengths; i++)
        for (int place = 0; place < 2; place++)
            if (gb_case(c, "n=%zu,%s", length[i], place_names[place]))
                run_add(c, length[i], GB_PATTERN_NORMAL, (gb_place)place);
    for (int p = 0; p < GB_PATTERN_COUNT; p++)
        if (gb_case(c, "x=%s", gb_pattern_names[p])) run_add(c, 70, (gb_pattern)p, GB_AT_END);
}

/* --- argmax ---------------------------------------------------------------------------------------------------------
 */

static void call_argmax(gb_fn fn, void *const p[], const void *ctx) {
    *(uint32_t *)p[1] = (uint32_t)fn.argmax(p[0], *(const size_t *)ctx);
}

/* The row is filled. */
static void run_argmax(gb_check *c, size_t n) {
    gb_case_buffer(c, "index", GB_OUT, sizeof(uint32_t));
    gb_case_run(c, call_argmax, &n);
}

/* Few different values: nearly every row has its greatest more than once; both zeros, infinities, and NaN, quiet and
 * signalling. */
static void run_argmax_ties(gb_check *c, size_t n, const uint32_t *values, uint32_t count) {
    float *x = gb_case_floats(c, "x", GB_IN, n);
    for (size_t i = 0; i < n; i++) x[i] = gb_f32_from_bits(values[gb_rng_below(&c->rng, count)]);
    run_argmax(c, n);
}

/* One element above the others, or two. */
static void run_argmax_at(gb_check *c, size_t n, size_t first, size_t second) {
    float *x = filled(c, "x", GB_IN, n, GB_PATTERN_NORMAL, GB_AT_END);
    x[first] = x[second] = 100.0F;
    run_argmax(c, n);
}

void gb_check_argmax(gb_check *c) {
    static const uint32_t zeros[] = {0x00000000U, 0x80000000U, 0xbf800000U};
    static const uint32_t negative[] = {0xff800000U, 0xffc00000U, 0x7f800001U, 0xff800001U};
    static const uint32_t all[] = {0x7fc00000U, 0x7f800001U, 0xff800001U, 0x7f800000U, 0x40000000U, 0x3f800000U};
    static const uint32_t most = sizeof all / sizeof all[0];
    static const uint32_t nan[] = {0x7fc00000U, 0x7f800001U, 0xffffffffU};
    size_t length[GB_CASE_LENGTHS];
    const size_t lengths = gb_case_lengths(c, GB_FORMAT_f32, length);
    for (size_t i = 0; i < lengths; i++) {
        const size_t n = length[i];
        for (int place = 0; place < 2; place++) {
            if (!gb_case(c, "n=%zu,%s", n, place_names[place])) continue;
            filled(c, "x", GB_IN, n, GB_PATTERN_NORMAL, (gb_place)place);
            run_argmax(c, n);
        }
        if (gb_case(c, "n=%zu,zeros", n)) run_argmax_ties(c, n, zeros, 3);
        if (gb_case(c, "n=%zu,-inf", n)) run_argmax_ties(c, n, negative, 4);
        if (gb_case(c, "n=%zu,ties", n)) run_argmax_ties(c, n, all, most);
        if (gb_case(c, "n=%zu,numbers", n)) run_argmax_ties(c, n, all + 3, most - 3);
    }
    for (size_t n = 1; n < 80; n += 13)
        if (gb_case(c, "n=%zu,nan", n)) run_argmax_ties(c, n, nan, 3);
    for (size_t at = 0; at < 70; at++) {
        if (gb_case(c, "n=70,at=%zu", at)) run_argmax_at(c, 70, at, at);
        if (gb_case(c, "n=70,at=%zu,and=%zu", at, 69 - at / 2)) run_argmax_at(c, 70, at, 69 - at / 2);
    }
    /* a vocabulary: kernels may walk it in pieces */
    enum { VOCABULARY = 20011 };
    for (size_t at = 1; at < VOCABULARY; at += 1 + at / (c->effort == GB_EFFORT_QUICK ? 2 : 16))
        if (gb_case(c, "n=%d,at=%zu", VOCABULARY, at)) run_argmax_at(c, VOCABULARY, at, VOCABULARY - 1);
    if (gb_case(c, "n=%d,-inf", VOCABULARY)) run_argmax_ties(c, VOCABULARY, negative, 4);
    for (int p = 0; p < GB_PATTERN_COUNT; p++) {
        if (!gb_case(c, "x=%s", gb_pattern_names[p])) continue;
        filled(c, "x", GB_IN, 133, (gb_pattern)p, GB_AT_END);
        run_argmax(c, 133);
    }
}
