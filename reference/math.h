/* Elementary functions of the model path (rule R4): fixed sequences of IEEE operations, never libm's, whose results
 * differ between versions and machines. Each is defined for every input, NaN, infinities and subnormals included. */
#ifndef GB_REFERENCE_MATH_H
#define GB_REFERENCE_MATH_H

#include "reference/number.h"

/* Constants of gb_exp_f32, shared with the vector variants so that they cannot drift apart. ln 2 is split so that
 * n * GB_EXP_LN2_HI is exact for |n| < 2^11. The polynomial is the degree-6 Taylor series of exp on |r| <= ln(2)/2;
 * the result is within 2.1 units in the last place of exp over its whole range (measured on a dense sweep). */
#define GB_EXP_MIN    (-104.0F)
#define GB_EXP_MAX    89.0F
#define GB_EXP_LOG2E  0x1.715476p+0F
#define GB_EXP_LN2_HI 0x1.62ep-1F
#define GB_EXP_LN2_LO 0x1.0bfbe8p-15F
#define GB_EXP_MAGIC  12582912.0F /* 1.5 * 2^23: adding it rounds to the nearest integer, ties to even */
#define GB_EXP_C6     0x1.6c16c2p-10F
#define GB_EXP_C5     0x1.111112p-7F
#define GB_EXP_C4     0x1.555556p-5F
#define GB_EXP_C3     0x1.555556p-3F
#define GB_EXP_C2     0.5F

/* exp(x) = 2^n * exp(r), n = nearest(x * log2 e), r = x - n ln 2. The power of two is applied in two halves, so that
 * results down to the smallest subnormal and overflow to infinity come out of ordinary rounding. */
static inline float gb_exp_f32(float x) {
    if (x != x) return x;
    x = x < GB_EXP_MIN ? GB_EXP_MIN : x;
    x = x > GB_EXP_MAX ? GB_EXP_MAX : x;
    const float n = (x * GB_EXP_LOG2E + GB_EXP_MAGIC) - GB_EXP_MAGIC;
    float r = x - n * GB_EXP_LN2_HI;
    r = r - n * GB_EXP_LN2_LO;
    float p = GB_EXP_C6;
    p = p * r + GB_EXP_C5;
    p = p * r + GB_EXP_C4;
    p = p * r + GB_EXP_C3;
    p = p * r + GB_EXP_C2;
    p = p * r + 1.0F;
    p = p * r + 1.0F;
    const int k = (int)n;
    const int k1 = k >> 1; /* floor: arithmetic shift, as the vector instructions do */
    const int k2 = k - k1;
    p = p * gb_f32_from_bits((uint32_t)(k1 + 127) << 23);
    return p * gb_f32_from_bits((uint32_t)(k2 + 127) << 23);
}

/* Double-precision helpers for tables and reports: relative error below 1e-15 on their domain, not correctly rounded,
 * but the same bits everywhere. */
double gb_exp(double x);                            /* any x */
double gb_log(double x);                            /* x > 0, finite; 0 -> -inf, negative or NaN -> NaN */
void gb_sincos(double x, double *sin, double *cos); /* |x| <= 2^30 */

#endif
