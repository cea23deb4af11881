#include "verify/patterns.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "reference/number.h"

const char *const gb_pattern_names[GB_PATTERN_COUNT] = {
#define GB_PATTERN_NAME(id, name) name,
    GB_PATTERNS(GB_PATTERN_NAME)
#undef GB_PATTERN_NAME
};

static float noise(gb_rng *rng) {
    return (float)gb_rng_normal(rng);
}

float gb_random_sign(gb_rng *rng) {
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
    return gb_random_sign(rng) * nudge(rng, edges[gb_rng_below(rng, EDGES)], 1);
}

/* Encoders give up on a block where 1 / scale overflows: scale = largest / 127 or / 8 around 2^-128. */
static float limit(gb_rng *rng, size_t i) {
    static const float edges[] = {0x1.fcp-122F, 0x1p-125F, 0x1p-122F, 0x1.fcp-121F};
    const float largest = edges[i / 32 % 4];
    return i % 32 == 7 ? gb_random_sign(rng) * nudge(rng, largest, 2)
                       : largest * (float)(1.8 * gb_rng_uniform(rng) - 0.9);
}

/* Encoders to -1, 0 and 1 have the largest itself as scale, and another code from half of it on. Which of the two is
 * tried is drawn with the row's `base`. */
static float half_way(gb_rng *rng, size_t i, float base) {
    const float largest = base < 0.0F ? 1.0F : 0x1p-128F;
    const uint32_t ulps = base < 0.0F ? 0 : 2;
    return gb_random_sign(rng) * (i % 64 == 7 ? nudge(rng, largest, ulps) : nudge(rng, 0.5F * largest, 1));
}

/* One element of 16 a few ulps from a power of two, the others below it: an exponent taken from a logarithm is not that
 * of the number there. The power is drawn with the row's `base`. */
static float near_power(gb_rng *rng, size_t i, float base) {
    const float power = gb_f32_from_bits((1 + (gb_f32_bits(base) & 0xffffU) % 254) << 23);
    return i % 16 == 3 ? gb_random_sign(rng) * nudge(rng, power, 50) : power * (float)(1.8 * gb_rng_uniform(rng) - 0.9);
}

/* Whether element i is infinite or NaN. Every second stretch of 256 has none, so that in a row super-blocks that one
 * such element spoils stand beside whole ones. */
static bool is_wild(gb_rng *rng, size_t i) {
    return gb_rng_below(rng, 40) == 0 && i / 256 % 2 == 0;
}

float gb_random_nan(gb_rng *rng) {
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
        return i % 32 == 11 ? gb_random_sign(rng) * 127.0F : 0.5F * ((float)gb_rng_below(rng, 507) - 253.0F);
    case GB_PATTERN_TIES4:
        return i % 32 == 5 ? gb_random_sign(rng) * 2.0F : 0.25F * half;
    case GB_PATTERN_OUTLIER:
        return gb_rng_below(rng, 50) == 0 ? 1e4F * gb_random_sign(rng) : 1e-3F * noise(rng);
    case GB_PATTERN_SPARSE:
        return i / 32 % 2 || gb_rng_below(rng, 8) ? 0.0F : noise(rng);
    case GB_PATTERN_TINY:
        return 1e-30F * noise(rng);
    case GB_PATTERN_SUBNORMAL:
        return gb_random_sign(rng) * gb_f32_from_bits(gb_rng_below(rng, 0x800000U >> i % 24));
    case GB_PATTERN_LIMIT:
        return i / 256 % 2 ? half_way(rng, i, base) : limit(rng, i);
    case GB_PATTERN_POWER:
        return near_power(rng, i, base);
    case GB_PATTERN_LARGE:
        return 1e30F * noise(rng);
    case GB_PATTERN_EXTREME:
        return gb_random_sign(rng) * FLT_MAX;
    case GB_PATTERN_INF:
        return is_wild(rng, i) ? gb_random_sign(rng) * INFINITY : noise(rng);
    case GB_PATTERN_NAN:
        return is_wild(rng, i) ? gb_random_nan(rng) : noise(rng);
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
    const float base = gb_random_sign(rng) * (float)(0.1 + gb_rng_uniform(rng));
    for (size_t i = 0; i < n; i++) x[i] = element(rng, pattern, i, base);
    if (pattern == GB_PATTERN_TWINS) {
        for (size_t block = 0; block < n; block += 32) {
            const uint32_t size = (uint32_t)(n - block < 32 ? n - block : 32);
            for (int twin = 0; twin < 2; twin++) x[block + gb_rng_below(rng, size)] = gb_random_sign(rng) * 4.5F;
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
