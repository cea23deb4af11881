/* Numbers of six and eight bits: sign, exponent, mantissa, as the OCP FP8 and MX specifications define them. */
#ifndef GB_REFERENCE_MINIFLOAT_H
#define GB_REFERENCE_MINIFLOAT_H

#include "reference/number.h"

typedef struct gb_minifloat {
    unsigned bits, mantissa; /* all bits; those of the mantissa */
    int bias;
    unsigned largest; /* code of the largest finite number */
    unsigned nan;     /* codes from here on (without the sign) are NaN; above all codes where there are none */
} gb_minifloat;

/* 448, 57344, 7.5 and 28 are the largest numbers. E5M2 alone has infinities, between its largest number and its NaNs.
 */
static const gb_minifloat gb_e4m3 = {.bits = 8, .mantissa = 3, .bias = 7, .largest = 0x7e, .nan = 0x7f};
static const gb_minifloat gb_e5m2 = {.bits = 8, .mantissa = 2, .bias = 15, .largest = 0x7b, .nan = 0x7d};
static const gb_minifloat gb_e2m3 = {.bits = 6, .mantissa = 3, .bias = 1, .largest = 0x1f, .nan = 0x20};
static const gb_minifloat gb_e3m2 = {.bits = 6, .mantissa = 2, .bias = 3, .largest = 0x1f, .nan = 0x20};

/* 2^exponent for -126 <= exponent <= 127. */
static inline float gb_power_of_two(int exponent) {
    return gb_f32_from_bits((uint32_t)(exponent + 127) << 23);
}

static inline float gb_f32_from_minifloat(const gb_minifloat *f, unsigned code) {
    const uint32_t sign = (uint32_t)(code >> (f->bits - 1) & 1U) << 31;
    const unsigned magnitude = code & ((1U << (f->bits - 1)) - 1U);
    if (magnitude >= f->nan) return gb_f32_from_bits(sign | 0x7fc00000U);
    if (magnitude > f->largest) return gb_f32_from_bits(sign | 0x7f800000U);
    const unsigned exponent = magnitude >> f->mantissa;
    if (exponent == 0) { /* zero and subnormals: exact */
        const float x = (float)magnitude * gb_power_of_two(1 - f->bias - (int)f->mantissa);
        return gb_f32_from_bits(sign | gb_f32_bits(x));
    }
    const uint32_t high = (uint32_t)((int)exponent - f->bias + 127) << 23;
    return gb_f32_from_bits(sign | high | (magnitude & ((1U << f->mantissa) - 1U)) << (23 - f->mantissa));
}

/* Nearest even, subnormals produced, everything beyond the largest number becomes it; x is not NaN. */
static inline unsigned gb_minifloat_from_f32(const gb_minifloat *f, float x) {
    const uint32_t u = gb_f32_bits(x);
    const unsigned sign = (unsigned)(u >> 31) << (f->bits - 1);
    const float a = gb_abs_f32(x);
    if (a >= gb_f32_from_minifloat(f, f->largest)) return sign | f->largest;
    if (a < gb_power_of_two(1 - f->bias)) /* multiples of the smallest number; times a power of two is exact */
        return sign | (unsigned)gb_nearest_int(a * gb_power_of_two(f->bias - 1 + (int)f->mantissa));
    const unsigned drop = 23 - f->mantissa;
    const uint32_t rounded = (u & 0x7fffffffU) + (1U << (drop - 1)) - 1U + (u >> drop & 1U);
    return sign | ((rounded >> drop) - ((unsigned)(127 - f->bias) << f->mantissa));
}

/* E8M0: a power of two. 0 is 2^-127, a subnormal of binary32; 255 is NaN. */
static inline float gb_f32_from_e8m0(uint8_t e) {
    if (e == 255) return gb_f32_from_bits(0x7fc00000U);
    return e ? gb_power_of_two(e - 127) : gb_f32_from_bits(0x00400000U);
}

#endif
