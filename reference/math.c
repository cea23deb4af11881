#include "reference/math.h"

#include <float.h>

static double from_bits(uint64_t u) {
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static uint64_t to_bits(double x) {
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

double gb_exp(double x) {
    if (x != x) return x;
    x = x < -746.0 ? -746.0 : x > 710.0 ? 710.0 : x;
    const double magic = 6755399441055744.0; /* 1.5 * 2^52 */
    const double n = (x * 0x1.71547652b82fep+0 + magic) - magic;
    double r = x - n * 0x1.62e42fee00000p-1; /* 32 significant bits: the product is exact */
    r = r - n * 0x1.a39ef35793c76p-33;
    /* Taylor series to r^13: |r| <= 0.3466, next term below 2^-57 */
    double p = 1.0 / 6227020800.0;
    static const double c[13] = {1.0 / 479001600.0,
                                 1.0 / 39916800.0,
                                 1.0 / 3628800.0,
                                 1.0 / 362880.0,
                                 1.0 / 40320.0,
                                 1.0 / 5040.0,
                                 1.0 / 720.0,
                                 1.0 / 120.0,
                                 1.0 / 24.0,
                                 1.0 / 6.0,
                                 0.5,
                                 1.0,
                                 1.0};
    for (int i = 0; i < 13; i++) p = p * r + c[i];
    const int k = (int)n;
    const int k1 = k >> 1;
    const int k2 = k - k1;
    p = p * from_bits((uint64_t)(k1 + 1023) << 52);
    return p * from_bits((uint64_t)(k2 + 1023) << 52);
}

double gb_log(double x) {
    if (x != x || x < 0.0) return from_bits(0x7ff8000000000000U);
    if (x == 0.0) return from_bits(0xfff0000000000000U);
    if (x > DBL_MAX) return x;
    int e = 0;
    if (x < DBL_MIN) {
        x = x * 0x1p54;
        e = -54;
    }
    uint64_t u = to_bits(x);
    e += (int)(u >> 52) - 1023;
    double m = from_bits((u & 0xfffffffffffffU) | 0x3ff0000000000000U); /* [1, 2) */
    if (m > 1.4142135623730951) {
        m = m * 0.5;
        e = e + 1;
    }
    /* log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| <= 0.1716: odd series to s^21 */
    const double s = (m - 1.0) / (m + 1.0);
    const double z = s * s;
    double p = 1.0 / 21.0;
    for (int k = 19; k >= 1; k -= 2) p = p * z + 1.0 / (double)k;
    const double lm = 2.0 * s * p;
    return (double)e * 0x1.62e42fee00000p-1 + (lm + (double)e * 0x1.a39ef35793c76p-33);
}

void gb_sincos(double x, double *sin, double *cos) {
    /* x = n * pi/2 + r with pi/2 in three parts of 33 bits and a rest: n * part is exact for n < 2^20, and for larger n
     * the rounding stays far below the float results made from this. */
    const double magic = 6755399441055744.0;
    const double n = (x * 0x1.45f306dc9c883p-1 + magic) - magic;
    double r = x - n * 0x1.921fb54400000p+0;
    r = r - n * 0x1.0b4611a600000p-34;
    r = r - n * 0x1.3198a2e037073p-69;
    const double z = r * r;
    double s = -1.0 / 1307674368000.0;
    s = s * z + 1.0 / 6227020800.0;
    s = s * z - 1.0 / 39916800.0;
    s = s * z + 1.0 / 362880.0;
    s = s * z - 1.0 / 5040.0;
    s = s * z + 1.0 / 120.0;
    s = s * z - 1.0 / 6.0;
    const double sr = r + r * (z * s);
    double c = 1.0 / 20922789888000.0;
    c = c * z - 1.0 / 87178291200.0;
    c = c * z + 1.0 / 479001600.0;
    c = c * z - 1.0 / 3628800.0;
    c = c * z + 1.0 / 40320.0;
    c = c * z - 1.0 / 720.0;
    c = c * z + 1.0 / 24.0;
    c = c * z - 0.5;
    const double cr = 1.0 + z * c;
    switch ((long long)n & 3) {
    case 0:
        *sin = sr, *cos = cr;
        break;
    case 1:
        *sin = cr, *cos = -sr;
        break;
    case 2:
        *sin = -sr, *cos = -cr;
        break;
    default:
        *sin = -cr, *cos = sr;
        break;
    }
}
