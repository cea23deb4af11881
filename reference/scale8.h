/* Scales of eight bits. Both are used with levels that are stored doubled, so their values are halved here. */
#ifndef GB_REFERENCE_SCALE8_H
#define GB_REFERENCE_SCALE8_H

#include <float.h>

#include "reference/log2.h"
#include "reference/number.h"

/* E8M0: 2^(e - 128), that is half of 2^(e - 127). Every byte is a number, 255 too. */
static inline float gb_f32_from_e8m0_half(uint8_t e) {
    return gb_f32_from_bits(e < 2 ? 0x200000U << e : (uint32_t)(e - 1) << 23);
}

/* The scale of mxfp4: e = floor(log2(largest)) - 2 + 127, where the logarithm is rounded to binary32 before it is cut
 * (log2.h). ggml converts that to a byte without a look at its range, which is undefined in C and is defined here as
 * what x86 does: below 2^-125 it wraps (248 for 1e-40; the scale is huge and every code 0), infinity gives 0. */
static inline uint8_t gb_e8m0_of_largest(float largest) {
    if (largest == 0.0F || largest > FLT_MAX) return 0;
    return (uint8_t)(gb_floor_log2_f32(largest) - 2 + 127);
}

/* UE4M3: four bits of exponent, three of mantissa, no sign (bit 7 is ignored), halved. 0x7f is the standard's NaN, here
 * 0; 0xff is not special. */
static inline float gb_f32_from_ue4m3_half(uint8_t b) {
    const int exponent = b >> 3 & 15;
    const int mantissa = b & 7;
    if (b == 0x7f) return 0.0F;
    if (exponent == 0) return (float)mantissa * 0x1p-10F;
    return gb_f32_from_bits((uint32_t)(exponent + 127 - 8) << 23 | (uint32_t)mantissa << 20);
}

/* To the nearest UE4M3 (not halved), ties up. NaN and what is not positive give 0; from 248 on it is 448: 240 is
 * followed by the largest at once, because the carry out of exponent 14 jumps over the numbers between. Below 2^-6 the
 * result is at most the largest subnormal. */
static inline uint8_t gb_ue4m3_from_f32(float x) {
    if (!(x > 0.0F)) return 0;
    const uint32_t u = gb_f32_bits(x);
    const int exponent = (int)(u >> 23) - 127 + 7;
    if (exponent <= 0) {
        const int mantissa = (int)(x * 512.0F + 0.5F);
        return (uint8_t)(mantissa < 7 ? mantissa : 7);
    }
    if (exponent >= 15) return 0x7e;
    const uint32_t rounded = ((uint32_t)exponent << 4 | (u >> 19 & 15U)) + 1; /* four bits of mantissa, and half */
    return rounded >> 4 >= 15 ? 0x7e : (uint8_t)(rounded >> 1);
}

#endif
