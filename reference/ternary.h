/* Elements of -1, 0 and 1 times a scale: what q2_0, tq1_0 and tq2_0 share. */
#ifndef GB_REFERENCE_TERNARY_H
#define GB_REFERENCE_TERNARY_H

#include "reference/number.h"

/* code = x / d rounded away from zero, plus 1; `lost` where that is not finite: x is not, or 1 / d overflows. Returns
 * d = max|x|. */
static inline float gb_encode_ternary(const float *x, size_t n, uint8_t lost, uint8_t *code) {
    const float d = gb_largest_magnitude(x, n);
    const float id = d != 0.0F ? 1.0F / d : 0.0F;
    for (size_t i = 0; i < n; i++) {
        const float v = x[i] * id;
        code[i] = gb_is_finite(v) ? (uint8_t)(gb_round_away(v) + 1) : lost;
    }
    return d;
}

#endif
