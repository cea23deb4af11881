/* Number conversions and rounding, as every format uses them. Pure integer and IEEE operations: the same bits on every
 * machine, independent of F16C and of libm. */
#ifndef GB_REFERENCE_NUMBER_H
#define GB_REFERENCE_NUMBER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t gb_f32_bits(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float gb_f32_from_bits(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* Rows may start at any address, so floats, halves inside a row are read and written bytewise. */
static inline float gb_load_f32(const void *row, size_t i) {
    float x;
    memcpy(&x, (const char *)row + i * sizeof x, sizeof x);
    return x;
}

static inline uint16_t gb_load_u16(const void *row, size_t i) {
    uint16_t u;
    memcpy(&u, (const char *)row + i * sizeof u, sizeof u);
    return u;
}

static inline uint32_t gb_u32_at(const void *row, size_t i) {
    uint32_t u;
    memcpy(&u, (const char *)row + i * sizeof u, sizeof u);
    return u;
}

static inline void gb_set_u32_at(void *row, size_t i, uint32_t u) {
    memcpy((char *)row + i * sizeof u, &u, sizeof u);
}

static inline void gb_store_u16(void *row, size_t i, uint16_t u) {
    memcpy((char *)row + i * sizeof u, &u, sizeof u);
}

static inline float gb_abs_f32(float x) {
    return gb_f32_from_bits(gb_f32_bits(x) & 0x7fffffffU);
}

/* |x| > |than|; NaN never is. By bits: a compiler may turn the comparison and a choice into a maximum instruction, and
 * those disagree about signalling NaN. `than` is not NaN. */
static inline int gb_larger_magnitude(float x, float than) {
    const uint32_t u = gb_f32_bits(x) & 0x7fffffffU;
    return u <= 0x7f800000U && u > (gb_f32_bits(than) & 0x7fffffffU);
}

static inline int gb_is_finite(float x) {
    return (gb_f32_bits(x) & 0x7fffffffU) < 0x7f800000U;
}

static inline float gb_finite_or_zero(float x) {
    return gb_is_finite(x) ? x : 0.0F;
}

/* max |x|, 0 where every x is NaN. */
static inline float gb_largest_magnitude(const float *x, size_t n) {
    float largest = 0.0F;
    for (size_t i = 0; i < n; i++) {
        if (gb_larger_magnitude(x[i], largest)) largest = gb_abs_f32(x[i]);
    }
    return largest;
}

/* IEEE binary16 -> binary32, exact; NaN payloads are kept and made quiet. */
static inline float gb_f32_from_f16(uint16_t h) {
    const uint32_t sign = (uint32_t)(h & 0x8000U) << 16;
    const uint32_t exponent = (uint32_t)(h >> 10) & 0x1fU;
    uint32_t mantissa = h & 0x3ffU;
    if (exponent == 0) { /* zero and subnormals: mantissa * 2^-24, exact in binary32 */
        const float magnitude = (float)mantissa * 0x1p-24F;
        return gb_f32_from_bits(sign | gb_f32_bits(magnitude));
    }
    if (exponent == 31) {
        if (mantissa) mantissa |= 0x200U;
        return gb_f32_from_bits(sign | 0x7f800000U | mantissa << 13);
    }
    return gb_f32_from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

/* binary32 -> binary16: nearest even, subnormals produced, overflow (>= 65520) to infinity, NaN to sign | 0x7e00. */
static inline uint16_t gb_f16_from_f32(float x) {
    const uint32_t u = gb_f32_bits(x);
    const uint32_t sign = u >> 16 & 0x8000U;
    const uint32_t a = u & 0x7fffffffU;
    if (a > 0x7f800000U) return (uint16_t)(sign | 0x7e00U);
    if (a >= 0x477ff000U) return (uint16_t)(sign | 0x7c00U); /* 65520 and above */
    if (a < 0x38800000U) {                                   /* below 2^-14: multiples of 2^-24 */
        /* adding 0.5 puts the unit in the last place at 2^-24: the FPU rounds to nearest even there */
        const float shifted = gb_f32_from_bits(a) + 0.5F;
        return (uint16_t)(sign | (gb_f32_bits(shifted) - 0x3f000000U));
    }
    const uint32_t odd = a >> 13 & 1U;
    return (uint16_t)(sign | (a - 0x38000000U + 0xfffU + odd) >> 13);
}

/* The same for a scale that a search computed: the sign of a computed NaN depends on the machine and on the order in
 * which a compiler puts the operands of a commutative operation, so it is fixed: negative, what x86 makes of inf / inf.
 */
static inline uint16_t gb_f16_from_scale(float x) {
    return x != x ? 0xfe00U : gb_f16_from_f32(x);
}

static inline float gb_f32_from_bf16(uint16_t h) {
    return gb_f32_from_bits((uint32_t)h << 16);
}

/* binary32 -> bfloat16: nearest even, subnormals kept, NaN made quiet. */
static inline uint16_t gb_bf16_from_f32(float x) {
    const uint32_t u = gb_f32_bits(x);
    if ((u & 0x7fffffffU) > 0x7f800000U) return (uint16_t)(u >> 16 | 0x40U);
    return (uint16_t)((u + 0x7fffU + (u >> 16 & 1U)) >> 16);
}

/* Nearest integer, ties to even, by adding 1.5 * 2^23: valid for |v| < 2^22. Outside it wraps to a defined garbage
 * value (R5: the same on every machine), which is what the field's quantizers do; a NaN gives 0, what x86's default NaN
 * (bits ffc00000) yields there. */
static inline int gb_nearest_int(float v) {
    const float t = v + 12582912.0F;
    if (t != t) return 0;
    return (int)(gb_f32_bits(t) & 0x7fffffU) - 0x400000;
}

/* Nearest integer, ties away from zero (C's roundf), for |v| < 2^22, without libm. v - trunc(v) is exact. */
static inline int gb_round_away(float v) {
    const int t = (int)v;
    const float rest = v - (float)t;
    if (rest >= 0.5F) return t + 1;
    if (rest <= -0.5F) return t - 1;
    return t;
}

static inline int gb_clamp_int(int v, int lo, int hi) {
    return v < lo ? lo : v > hi ? hi : v;
}

#endif
