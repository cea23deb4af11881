/* The floor of a binary logarithm as a float computation gives it, without a logarithm. */
#ifndef GB_REFERENCE_LOG2_H
#define GB_REFERENCE_LOG2_H

#include "reference/number.h"

/* floor(log2(x) rounded to the nearest binary32), for finite x > 0. It is the exponent of x, except just below a power
 * of two, where the logarithm rounds up to the integer k: there the result is k. log2(2^k (1 - j 2^-24)) lies
 * j 2^-24 / ln 2 below k and rounds to k while that is less than half a unit in the last place. The unit is that of
 * the numbers of magnitude m just below k, 2^(floor(log2 m) - 23), which makes j < 2^floor(log2 m) ln 2: 44 for m of
 * 64 to 127, and half as many in every binade below. (This is also what glibc 2.36's log2f returns, for every float.)
 */
static inline int gb_floor_log2_f32(float x) {
    uint32_t mantissa = gb_f32_bits(x) & 0x7fffffU;
    int exponent = (int)(gb_f32_bits(x) >> 23) - 127;
    if (exponent == -127) { /* subnormal */
        for (exponent = -126; !(mantissa >> 23); exponent--) mantissa <<= 1;
    }
    const uint32_t j = 0x1000000U - (mantissa | 0x800000U);
    const int k = exponent + 1;
    uint32_t reach = 88; /* of m from 128 on */
    if (j > reach) return exponent;
    for (int m = k > 0 ? k - 1 : -k; m < 128 && reach > 0; m = 2 * m + (m == 0)) reach /= 2;
    return j <= reach ? k : exponent;
}

#endif
