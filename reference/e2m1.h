/* Four-bit floats: one sign, two exponent, one mantissa bit. */
#ifndef GB_REFERENCE_E2M1_H
#define GB_REFERENCE_E2M1_H

#include "reference/number.h"

/* Twice the value of each code, so that all are integers; code 8, minus zero, decodes to 0. */
static const int8_t gb_e2m1_doubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

enum { GB_E2M1_LARGEST = 12 }; /* of them */

/* The first code whose level times scale is nearest to x: of two equally near the one closer to zero, and never 8.
 * Where nothing is nearer than the rest (x is not finite, scale is 0) code 0. */
static inline uint8_t gb_e2m1_nearest(float x, float scale) {
    uint8_t best = 0;
    float least = gb_abs_f32((float)gb_e2m1_doubled[0] * scale - x);
    for (uint8_t c = 1; c < 16; c++) {
        const float distance = gb_abs_f32((float)gb_e2m1_doubled[c] * scale - x);
        if (distance < least) {
            least = distance;
            best = c;
        }
    }
    return best;
}

#endif
