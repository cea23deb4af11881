#include "verify/fill.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "kernels/registry.h"
#include "reference/number.h"

const char *const gb_pattern_names[GB_PATTERN_COUNT] = {
#define GB_PATTERN_NAME(id, name) name,
    GB_PATTERNS(GB_PATTERN_NAME)
#undef GB_PATTERN_NAME
};

/* --- floats ------------------------------------------------------------------------------------------------------- */

static float noise(gb_rng *rng) {
    return (float)gb_rng_normal(rng);
}

static float sign(gb_rng *rng) {
    return gb_rng_u64(rng) >> 63 ? -1.0F : 1.0F;
}

static float nudge(gb_rng *rng, float x, uint32_t ulps) {
    return gb_f32_from_bits(gb_f32_bits(x) + gb_rng_below(rng, 2 * ulps + 1) - ulps);
}

static float edge16(gb_rng *rng) {
    static const float edges[] = {65504.0F,  65519.996F, 65520.0F, 65536.0F,      0x1p-14F,     0x1.ff8p-15F,
                                  0x1p-24F,  0x1p-25F,   0x1p-26F, 0x1.8p-24F,    0x1.002p0F,   0x1.006p0F,
                                  0x1.01p0F, 0x1.03p0F,  0x1p-63F, 0x1.fffffep0F, 0x1.fefep99F, 0x1.ffdffep3F};
    enum { EDGES = sizeof edges / sizeof edges[0] };
    return sign(rng) * nudge(rng, edges[gb_rng_below(rng, EDGES)], 1);
}

/* Encoders give up on a block where 1 / scale overflows: scale = largest / 127 or / 8 around 2^-128. */
static float limit(gb_rng *rng, size_t i) {
    static const float edges[] = {0x1.fcp-122F, 0x1p-125F, 0x1p-122F, 0x1.fcp-121F};
    const float largest = edges[i / 32 % 4];
    return i % 32 == 7 ? sign(rng) * nudge(rng, largest, 2) : largest * (float)(1.8 * gb_rng_uniform(rng) - 0.9);
}

/* One element of 16 a few ulps from a power of two, the others below it: an exponent taken from a logarithm is not that
 * of the number there. The power is drawn with the row's `base`. */
static float near_power(gb_rng *rng, size_t i, float base) {
    const float power = gb_f32_from_bits((1 + (gb_f32_bits(base) & 0xffffU) % 254) << 23);
    return i % 16 == 3 ? sign(rng) * nudge(rng, power, 50) : power * (float)(1.8 * gb_rng_uniform(rng) - 0.9);
}

/* Whether element i is infinite or NaN. Every second stretch of 256 has none, so that in a row super-blocks that one
 * such element spoils stand beside whole ones. */
static bool is_wild(gb_rng *rng, size_t i) {
    return gb_rng_below(rng, 40) == 0 && i / 256 % 2 == 0;
}

static float any_nan(gb_rng *rng) {
    const uint32_t payload = 1 + gb_rng_below(rng, 0x7fffff);
    return gb_f32_from_bits(0x7f800000U | payload | (gb_rng_u64(rng) >> 63 ? 0x80000000U : 0));
}

/* `base` is drawn once a row, so that rows differ. */
static float element(gb_rng *rng, gb_pattern pattern, size_t i, float base) {
    const float half = (float)gb_rng_below(rng, 16) - 7.5F;
    switch (pattern) {
    case GB_PATTERN_NORMAL:
        return noise(rng);
    case GB_PATTERN_UNIFORM:
        return (float)(2.0 * gb_rng_uniform(rng) - 1.0);
    case GB_PATTERN_POSITIVE:
        return (float)(0.1 + 0.9 * gb_rng_uniform(rng));
    case GB_PATTERN_ZERO:
        return 0.0F;
    case GB_PATTERN_NEGZERO:
        return -0.0F;
    case GB_PATTERN_EQUAL:
        return base;
    case GB_PATTERN_ALTERNATE:
        return i % 2 ? -base : base;
    case GB_PATTERN_TIES8:
        return i % 32 == 11 ? sign(rng) * 127.0F : 0.5F * ((float)gb_rng_below(rng, 507) - 253.0F);
    case GB_PATTERN_TIES4:
        return i % 32 == 5 ? sign(rng) * 2.0F : 0.25F * half;
    case GB_PATTERN_OUTLIER:
        return gb_rng_below(rng, 50) == 0 ? 1e4F * sign(rng) : 1e-3F * noise(rng);
    case GB_PATTERN_SPARSE:
        return i / 32 % 2 || gb_rng_below(rng, 8) ? 0.0F : noise(rng);
    case GB_PATTERN_TINY:
        return 1e-30F * noise(rng);
    case GB_PATTERN_SUBNORMAL:
        return sign(rng) * gb_f32_from_bits(gb_rng_below(rng, 0x800000U >> i % 24));
    case GB_PATTERN_LIMIT:
        return limit(rng, i);
    case GB_PATTERN_POWER:
        return near_power(rng, i, base);
    case GB_PATTERN_LARGE:
        return 1e30F * noise(rng);
    case GB_PATTERN_EXTREME:
        return sign(rng) * FLT_MAX;
    case GB_PATTERN_INF:
        return is_wild(rng, i) ? sign(rng) * INFINITY : noise(rng);
    case GB_PATTERN_NAN:
        return is_wild(rng, i) ? any_nan(rng) : noise(rng);
    case GB_PATTERN_EDGE16:
        return edge16(rng);
    case GB_PATTERN_BITS:
        return gb_f32_from_bits((uint32_t)gb_rng_u64(rng));
    default:
        return 0.5F * noise(rng); /* TWINS, MIXED and NEAR are finished by their row */
    }
}

/* Lanes of a vector that see a hostile block beside plain ones, and blocks with nothing to search beside others. */
static void fill_patches(gb_rng *rng, float *x, size_t n) {
    static const gb_pattern usual[] = {GB_PATTERN_NORMAL, GB_PATTERN_NORMAL,    GB_PATTERN_POSITIVE, GB_PATTERN_ZERO,
                                       GB_PATTERN_EQUAL,  GB_PATTERN_ALTERNATE, GB_PATTERN_TIES8,    GB_PATTERN_TIES4,
                                       GB_PATTERN_SPARSE, GB_PATTERN_TINY,      GB_PATTERN_NEAR};
    enum { USUAL = sizeof usual / sizeof usual[0], PATCH = 16 };
    for (size_t at = 0; at < n; at += PATCH) {
        const uint32_t any = gb_rng_below(rng, 40 * GB_PATTERN_PATCHES);
        const gb_pattern pattern = any < GB_PATTERN_PATCHES ? (gb_pattern)any : usual[gb_rng_below(rng, USUAL)];
        gb_fill_floats(rng, pattern, x + at, n - at < PATCH ? n - at : PATCH);
    }
}

void gb_fill_floats(gb_rng *rng, gb_pattern pattern, float *x, size_t n) {
    if (pattern == GB_PATTERN_PATCHES) {
        fill_patches(rng, x, n);
        return;
    }
    const float base = sign(rng) * (float)(0.1 + gb_rng_uniform(rng));
    for (size_t i = 0; i < n; i++) x[i] = element(rng, pattern, i, base);
    if (pattern == GB_PATTERN_TWINS) {
        for (size_t block = 0; block < n; block += 32) {
            const uint32_t size = (uint32_t)(n - block < 32 ? n - block : 32);
            for (int twin = 0; twin < 2; twin++) x[block + gb_rng_below(rng, size)] = sign(rng) * 4.5F;
        }
    }
    if (pattern == GB_PATTERN_NEAR) {
        float value = base;
        for (size_t i = 0; i < n; i++) {
            if (i % 16 == 0) value = base * (float)gb_rng_uniform(rng);
            x[i] = nudge(rng, value, 3);
        }
    }
    if (pattern == GB_PATTERN_MIXED) {
        float power = 1.0F;
        for (size_t i = 0; i < n; i++) {
            static const float powers[] = {1e-6F, 1e-4F, 1e-2F, 1.0F, 1e2F};
            if (i % 16 == 0) power = powers[gb_rng_below(rng, 5)];
            x[i] = x[i] * power;
        }
    }
}

/* --- blocks ---------------------------------------------------------------------------------------------------------
 */

/* What the bytes of a block mean, as far as hostile inputs need it. A format without a row here gets random bytes. */
typedef enum field_kind {
    END,
    SCALE16,
    SPREAD16, /* d of iq1_m: after the codes, which it is written between */
    MIN16,    /* of an offset term */
    SCALE32,
    E8M0,
    UE4M3,
    CODES,
    FLOATS8,
    SUMS,
    SUM16
} field_kind;
typedef struct field {
    field_kind kind;
    uint16_t offset, size;
    uint8_t min, max; /* CODES: bytes that hold the lowest and the highest codes; FLOATS8: the finite ones */
} field;
enum { MAX_FIELDS = 5 };

static const field fields[GB_FORMAT_COUNT][MAX_FIELDS + 1] = {
    [GB_FORMAT_q8_0] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 32, 0x80, 0x7f}},
    [GB_FORMAT_q4_0] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 16, 0x00, 0xff}},
    [GB_FORMAT_q4_1] = {{.kind = SCALE16, .offset = 0}, {.kind = MIN16, .offset = 2}, {CODES, 4, 16, 0x00, 0xff}},
    [GB_FORMAT_q5_0] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 4, 0x00, 0xff}, {CODES, 6, 16, 0x00, 0xff}},
    [GB_FORMAT_q5_1] = {{.kind = SCALE16, .offset = 0},
                        {.kind = MIN16, .offset = 2},
                        {CODES, 4, 4, 0x00, 0xff},
                        {CODES, 8, 16, 0x00, 0xff}},
    [GB_FORMAT_q8_1] = {{.kind = SCALE16, .offset = 0}, {CODES, 4, 32, 0x80, 0x7f}, {.kind = SUM16, .offset = 2}},
    [GB_FORMAT_q1_0] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 16, 0x00, 0xff}},
    [GB_FORMAT_q2_0] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 16, 0x00, 0xff}},
    [GB_FORMAT_mxfp4] = {{.kind = E8M0, .offset = 0}, {CODES, 1, 16, 0xff, 0x77}}, /* codes 15 and 7: -12 and 12 */
    [GB_FORMAT_nvfp4] = {{.kind = UE4M3, .offset = 0, .size = 4}, {CODES, 4, 32, 0xff, 0x77}},
    [GB_FORMAT_q2_K] = {{CODES, 0, 16, 0x00, 0xff},
                        {CODES, 16, 64, 0x00, 0xff},
                        {.kind = SCALE16, .offset = 80},
                        {.kind = MIN16, .offset = 82}},
    [GB_FORMAT_q3_K] = {{CODES, 0, 32, 0x00, 0xff},
                        {CODES, 32, 64, 0x00, 0xff},
                        {CODES, 96, 12, 0x00, 0xff},
                        {.kind = SCALE16, .offset = 108}},
    [GB_FORMAT_q4_K] = {{.kind = SCALE16, .offset = 0},
                        {.kind = MIN16, .offset = 2},
                        {CODES, 4, 12, 0x00, 0xff},
                        {CODES, 16, 128, 0x00, 0xff}},
    [GB_FORMAT_q5_K] = {{.kind = SCALE16, .offset = 0},
                        {.kind = MIN16, .offset = 2},
                        {CODES, 4, 12, 0x00, 0xff},
                        {CODES, 16, 32, 0x00, 0xff},
                        {CODES, 48, 128, 0x00, 0xff}},
    [GB_FORMAT_q6_K] = {{CODES, 0, 128, 0x00, 0xff},
                        {CODES, 128, 64, 0x00, 0xff},
                        {CODES, 192, 16, 0x80, 0x7f},
                        {.kind = SCALE16, .offset = 208}},
    [GB_FORMAT_iq1_s] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 48, 0x00, 0xff}},
    [GB_FORMAT_iq1_m] = {{CODES, 0, 56, 0x00, 0xff}, {.kind = SPREAD16, .offset = 0}},
    [GB_FORMAT_iq2_xxs] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 64, 0x00, 0xff}},
    [GB_FORMAT_iq2_xs] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 72, 0x00, 0xff}},
    [GB_FORMAT_iq2_s] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 80, 0x00, 0xff}},
    [GB_FORMAT_iq3_xxs] = {{.kind = SCALE16, .offset = 0},
                           {CODES, 2, 64, 0x00, 0x87}, /* the points of the smallest and the largest sum */
                           {CODES, 66, 32, 0x00, 0xff}},
    [GB_FORMAT_iq3_s] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 64, 0x00, 0x52}, {CODES, 66, 44, 0x00, 0xff}},
    [GB_FORMAT_iq4_nl] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 16, 0x00, 0xff}},
    [GB_FORMAT_iq4_xs] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 6, 0x00, 0xff}, {CODES, 8, 128, 0x00, 0xff}},
    [GB_FORMAT_q8_K] = {{.kind = SCALE32, .offset = 0}, {CODES, 4, 256, 0x80, 0x7f}, {.kind = SUMS, .offset = 260}},
    [GB_FORMAT_tq1_0] = {{CODES, 0, 52, 0x00, 0xff}, {.kind = SCALE16, .offset = 52}},
    [GB_FORMAT_tq2_0] = {{CODES, 0, 64, 0x00, 0xff}, {.kind = SCALE16, .offset = 64}},
    [GB_FORMAT_nf4] = {{.kind = SCALE32, .offset = 0}, {CODES, 4, 32, 0x00, 0xff}},
    [GB_FORMAT_fp4] = {{.kind = SCALE32, .offset = 0}, {CODES, 4, 32, 0xbb, 0x33}}, /* -1 and 1 */
    [GB_FORMAT_nf4_dq] = {{CODES, 0, 1, 0x00, 0xff}, {CODES, 1, 32, 0x00, 0xff}},
    [GB_FORMAT_fp4_dq] = {{CODES, 0, 1, 0x00, 0xff}, {CODES, 1, 32, 0xbb, 0x33}},
    [GB_FORMAT_int8_row] = {{CODES, 0, 32, 0x80, 0x7f}},
    /* the lowest codes meet the highest zero, and the reverse: the widest sums */
    [GB_FORMAT_gptq4] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 1, 0xff, 0x00}, {CODES, 3, 64, 0x00, 0xff}},
    [GB_FORMAT_gptq8] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 1, 0xff, 0x00}, {CODES, 3, 128, 0x00, 0xff}},
    [GB_FORMAT_awq4] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 1, 0xff, 0x00}, {CODES, 3, 64, 0x00, 0xff}},
    [GB_FORMAT_mlc_q4f16_1] = {{.kind = SCALE16, .offset = 0}, {CODES, 2, 16, 0x00, 0xff}},
    [GB_FORMAT_onnx_q4] = {{.kind = SCALE32, .offset = 0}, {CODES, 4, 1, 0xff, 0x00}, {CODES, 5, 16, 0x00, 0xff}},
    /* six bits: no byte repeats the largest code; 0xff is the lowest thirty-two times */
    [GB_FORMAT_mxfp6_e2m3] = {{.kind = E8M0, .offset = 0}, {CODES, 1, 24, 0xff, 0x00}},
    [GB_FORMAT_mxfp6_e3m2] = {{.kind = E8M0, .offset = 0}, {CODES, 1, 24, 0xff, 0x00}},
    [GB_FORMAT_mxfp8_e4m3] = {{.kind = E8M0, .offset = 0}, {FLOATS8, 1, 32, 0xfe, 0x7e}},
    [GB_FORMAT_mxfp8_e5m2] = {{.kind = E8M0, .offset = 0}, {FLOATS8, 1, 32, 0xfb, 0x7b}},
    [GB_FORMAT_fp8_e4m3] = {{FLOATS8, 0, 32, 0xfe, 0x7e}},
    [GB_FORMAT_fp8_e5m2] = {{FLOATS8, 0, 32, 0xfb, 0x7b}},
};

/* The same of one header of a row. */
static const field head_fields[GB_FORMAT_COUNT][MAX_FIELDS + 1] = {
    [GB_FORMAT_nf4_dq] = {{.kind = SCALE32, .offset = 0}, {.kind = SCALE32, .offset = 4}},
    [GB_FORMAT_fp4_dq] = {{.kind = SCALE32, .offset = 0}, {.kind = SCALE32, .offset = 4}},
    [GB_FORMAT_int8_row] = {{.kind = SCALE32, .offset = 0}},
    [GB_FORMAT_fp8_e4m3] = {{.kind = SCALE32, .offset = 0}},
    [GB_FORMAT_fp8_e5m2] = {{.kind = SCALE32, .offset = 0}},
};

#define GB_CODES(X) X(RANDOM, "random") X(MIN, "min") X(MAX, "max") X(BOTH, "both") X(ALTERNATING, "alt") X(NIL, "nil")
#define GB_SCALES(X)                                                                                                   \
    X(PLAIN, "plain")                                                                                                  \
    X(POSITIVE, "pos")                                                                                                 \
    X(ZERO, "zero")                                                                                                    \
    X(NEGZERO, "negzero") X(SUBNORMAL, "subnormal") X(HUGE_, "huge") X(INF, "inf") X(NAN_, "nan") X(ANY, "any")
#define GB_ENUM(id, name) CODES_##id,
typedef enum codes { GB_CODES(GB_ENUM) CODES_COUNT } codes;
#undef GB_ENUM
#define GB_ENUM(id, name) SCALES_##id,
typedef enum scales { GB_SCALES(GB_ENUM) SCALES_COUNT } scales;
#undef GB_ENUM
#define GB_NAME(id, name) name,
static const char *const codes_names[] = {GB_CODES(GB_NAME)};
static const char *const scales_names[] = {GB_SCALES(GB_NAME)};

static bool has_fields(gb_format format) {
    return fields[format][0].kind != END;
}

bool gb_split_offset(gb_format format, const uint8_t *block, uint8_t *scaled, uint8_t *offset) {
    const field *min = fields[format];
    while (min->kind != END && min->kind != MIN16) min++;
    if (min->kind == END) return false;
    memcpy(scaled, block, gb_formats[format].block_bytes);
    memcpy(offset, block, gb_formats[format].block_bytes);
    gb_store_u16(scaled + min->offset, 0, 0);
    for (const field *f = fields[format]; f->kind != END; f++)
        if (f->kind == SCALE16) gb_store_u16(offset + f->offset, 0, 0);
    return true;
}

void gb_set_scales16(gb_format format, uint8_t *block, uint16_t value) {
    for (const field *f = fields[format]; f->kind != END; f++) {
        if (f->kind == SPREAD16) gb_iq1_m_set_d((gb_block_iq1_m *)block, value);
        if (f->kind != SCALE16 && f->kind != MIN16) continue;
        gb_store_u16(block + f->offset, 0, value);
        value = (uint16_t)(value * 0x6255U + 1); /* an odd factor: a permutation */
    }
}

static uint16_t scale16(gb_rng *rng, scales kind) {
    const uint16_t minus = (uint16_t)(gb_rng_u64(rng) >> 63 << 15);
    const uint16_t mantissa = (uint16_t)gb_rng_below(rng, 1024);
    switch (kind) {
    case SCALES_PLAIN: /* 2^-8 .. 2^-5 */
        return (uint16_t)(minus | (7U + gb_rng_below(rng, 3)) << 10 | mantissa);
    case SCALES_POSITIVE:
        return (uint16_t)((7U + gb_rng_below(rng, 3)) << 10 | mantissa);
    case SCALES_ZERO:
        return 0;
    case SCALES_NEGZERO:
        return 0x8000;
    case SCALES_SUBNORMAL:
        return (uint16_t)(minus | mantissa);
    case SCALES_HUGE_:
        return minus | 0x7bff;
    case SCALES_INF:
        return minus | 0x7c00;
    case SCALES_NAN_:
        return (uint16_t)(minus | 0x7c00 | (mantissa ? mantissa : 1));
    default:
        return (uint16_t)gb_rng_u64(rng);
    }
}

static float scale32(gb_rng *rng, scales kind) {
    const float s = sign(rng);
    const float u = (float)(1.0 + gb_rng_uniform(rng));
    switch (kind) {
    case SCALES_PLAIN:
        return s * u * 0x1p-6F;
    case SCALES_POSITIVE:
        return u * 0x1p-6F;
    case SCALES_ZERO:
        return 0.0F;
    case SCALES_NEGZERO:
        return -0.0F;
    case SCALES_SUBNORMAL:
        return s * u * 0x1p-130F;
    case SCALES_HUGE_:
        return s * FLT_MAX;
    case SCALES_INF:
        return s * INFINITY;
    case SCALES_NAN_:
        return any_nan(rng);
    default:
        return gb_f32_from_bits((uint32_t)gb_rng_u64(rng));
    }
}

static uint8_t scale8(gb_rng *rng, scales kind) {
    switch (kind) {
    case SCALES_PLAIN: /* 2^-8 .. 2^-5 */
    case SCALES_POSITIVE:
        return (uint8_t)(119U + gb_rng_below(rng, 4));
    case SCALES_ZERO: /* the smallest there is */
    case SCALES_NEGZERO:
        return 0;
    case SCALES_SUBNORMAL: /* products with small codes are subnormal */
        return (uint8_t)gb_rng_below(rng, 16);
    case SCALES_HUGE_:
        return 254;
    case SCALES_INF:
    case SCALES_NAN_:
        return 255;
    default:
        return (uint8_t)gb_rng_u64(rng);
    }
}

/* Bit 7 says nothing, but files may have it. */
static uint8_t scale_ue4m3(gb_rng *rng, scales kind) {
    const uint8_t top = (uint8_t)(gb_rng_u64(rng) >> 63 << 7);
    switch (kind) {
    case SCALES_PLAIN:
        return (uint8_t)(top | (8 + gb_rng_below(rng, 24)));
    case SCALES_POSITIVE:
        return (uint8_t)(8 + gb_rng_below(rng, 24));
    case SCALES_ZERO:
        return 0;
    case SCALES_NEGZERO:
        return 0x80;
    case SCALES_SUBNORMAL:
        return (uint8_t)(top | gb_rng_below(rng, 8));
    case SCALES_HUGE_:
        return top | 0x7e;
    case SCALES_INF:
        return 0xff;
    case SCALES_NAN_:
        return 0x7f;
    default:
        return (uint8_t)gb_rng_u64(rng);
    }
}

/* NaN and infinity among the codes only where the scales are as bad. */
static void fill_codes(gb_rng *rng, codes kind, scales s, const field *f, uint8_t *p) {
    for (size_t i = 0; i < f->size; i++) {
        const bool high = kind == CODES_BOTH ? gb_rng_u64(rng) >> 63 : i % 2;
        if (kind == CODES_MIN || kind == CODES_MAX) p[i] = kind == CODES_MIN ? f->min : f->max;
        if (kind == CODES_BOTH || kind == CODES_ALTERNATING) p[i] = high ? f->max : f->min;
        if (kind == CODES_NIL) p[i] = 0;
    }
    if (kind == CODES_RANDOM) gb_rng_bytes(rng, p, f->size);
    for (size_t i = 0; f->kind == FLOATS8 && s < SCALES_INF && i < f->size; i++)
        if ((p[i] & 0x7f) > f->max) p[i] = (uint8_t)((p[i] & 0x80) | f->max);
}

static void fill_sums(gb_block_q8_K *b) {
    memset(b->bsums, 0, sizeof b->bsums);
    for (size_t i = 0; i < 256; i++) b->bsums[i / 16] = (int16_t)(b->bsums[i / 16] + b->qs[i]);
}

static void fill_sum(gb_block_q8_1 *b) {
    int sum = 0;
    for (size_t i = 0; i < 32; i++) sum += b->qs[i];
    b->s = gb_f16_from_scale((float)sum * gb_f32_from_f16(b->d));
}

static void fill_fields(gb_rng *rng, const field *first, codes c, scales s, uint8_t *block) {
    for (const field *f = first; f->kind != END; f++) {
        uint8_t *p = block + f->offset;
        if (f->kind == CODES || f->kind == FLOATS8) fill_codes(rng, c, s, f, p);
        if (f->kind == SCALE16 || f->kind == MIN16) gb_store_u16(p, 0, scale16(rng, s));
        if (f->kind == SPREAD16) gb_iq1_m_set_d((gb_block_iq1_m *)block, scale16(rng, s));
        if (f->kind == E8M0) *p = scale8(rng, s);
        for (size_t i = 0; f->kind == UE4M3 && i < f->size; i++) p[i] = scale_ue4m3(rng, s);
        if (f->kind == SCALE32) {
            const float d = scale32(rng, s);
            memcpy(p, &d, sizeof d);
        }
        if (f->kind == SUMS) fill_sums((gb_block_q8_K *)block);
        if (f->kind == SUM16) fill_sum((gb_block_q8_1 *)block);
    }
}

static void fill_heads(gb_rng *rng, gb_format format, scales s, uint8_t *row, size_t n) {
    const size_t bytes = gb_head_bytes(format, n);
    for (size_t at = 0; at < bytes; at += gb_heads[format].bytes)
        fill_fields(rng, head_fields[format], CODES_RANDOM, s, row + at);
}

/* The reference encoder on a pattern; activations by quantize_act where a format has it (q8_0: the same bytes). A row
 * with headers is encoded in one piece, because a header depends on many blocks. */
static void encode(gb_rng *rng, gb_format format, gb_pattern pattern, uint8_t *blocks, size_t n) {
    enum { CHUNK = 1024, LONGEST = 20480 };
    float x[LONGEST];
    const size_t chunk = gb_heads[format].bytes ? n : CHUNK;
    const gb_fn act = gb_reference(format, GB_OP_quantize_act);
    const gb_fn weights = gb_reference(format, GB_OP_quantize);
    assert(chunk <= LONGEST && chunk % gb_formats[format].block_elems == 0);
    uint8_t *to = blocks;
    for (size_t done = 0; done < n; done += chunk) {
        const size_t m = n - done < chunk ? n - done : chunk;
        gb_fill_floats(rng, pattern, x, m);
        if (act.any)
            act.quantize_act(x, to, m);
        else
            weights.quantize(x, to, m, NULL);
        to += gb_row_bytes(format, m);
    }
}

/* Formats with fields: codes times scales, then encoded patterns. Others: encoded patterns, then raw bytes. */
static size_t first_encoded(gb_format format) {
    return has_fields(format) ? (size_t)CODES_COUNT * SCALES_COUNT : 0;
}

size_t gb_row_recipe_count(gb_format format) {
    return first_encoded(format) + GB_PATTERN_COUNT + (has_fields(format) ? 0 : 1);
}

const char *gb_row_recipe_name(gb_format format, size_t recipe, char *buf, size_t size) {
    const size_t first = first_encoded(format);
    if (recipe >= first && recipe < first + GB_PATTERN_COUNT)
        (void)snprintf(buf, size, "enc/%s", gb_pattern_names[recipe - first]);
    else if (has_fields(format))
        (void)snprintf(buf, size, "%s/%s", codes_names[recipe / SCALES_COUNT], scales_names[recipe % SCALES_COUNT]);
    else
        (void)snprintf(buf, size, "raw");
    return buf;
}

static bool is_encoded(gb_format format, size_t recipe) {
    return recipe >= first_encoded(format) && recipe < first_encoded(format) + GB_PATTERN_COUNT;
}

void gb_fill_blocks(gb_rng *rng, gb_format format, size_t recipe, void *blocks, size_t n) {
    if (is_encoded(format, recipe)) {
        encode(rng, format, (gb_pattern)(recipe - first_encoded(format)), blocks, n);
        return;
    }
    if (!has_fields(format)) {
        gb_rng_bytes(rng, blocks, gb_row_bytes(format, n));
        return;
    }
    const scales s = (scales)(recipe % SCALES_COUNT);
    fill_heads(rng, format, s, blocks, n);
    uint8_t *p = (uint8_t *)blocks + gb_head_bytes(format, n);
    for (size_t i = 0; i < n / gb_formats[format].block_elems; i++, p += gb_formats[format].block_bytes)
        fill_fields(rng, fields[format], (codes)(recipe / SCALES_COUNT), s, p);
}

void gb_fill_blocks_mixed(gb_rng *rng, gb_format format, void *blocks, size_t n) {
    const gb_format_info *info = &gb_formats[format];
    uint8_t row[GB_MAX_HEAD_BYTES + GB_MAX_BLOCK_BYTES] = {0}; /* of one block: its own headers are not used */
    uint8_t *p = (uint8_t *)blocks + gb_head_bytes(format, n);
    fill_heads(rng, format, SCALES_PLAIN, blocks, n);
    for (size_t i = 0; i < n / info->block_elems; i++, p += info->block_bytes) {
        const uint32_t dice = gb_rng_below(rng, 8); /* mostly plain, or every sum would end as NaN */
        const size_t recipe = dice ? 0 : gb_rng_below(rng, (uint32_t)gb_row_recipe_count(format));
        gb_fill_blocks(rng, format, recipe, row, info->block_elems);
        memcpy(p, row + gb_head_bytes(format, info->block_elems), info->block_bytes);
    }
}
