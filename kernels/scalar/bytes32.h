/* Signed bytes of the largest magnitude 127: the codes that q8_0 and q8_1 share. */
#ifndef GB_SCALAR_BYTES32_H
#define GB_SCALAR_BYTES32_H

#include "kernels/bytes32.h"
#include "kernels/scalar/common.h"

/* Ties away from zero without a branch: trunc(v + just under 1/2 with the sign of v). For |v| < 2^22 the sum reaches
 * the next integer exactly when |v| has a fraction >= 1/2: at the fraction itself the sum rounds up to the integer,
 * one unit below it stays below. */
GB_INLINE int8_t gb_round_away_code(float v) {
    const float nudge = gb_f32_from_bits((gb_f32_bits(v) & 0x80000000U) | 0x3effffffU);
    return (int8_t)(v != v ? 0 : (int)(v + nudge));
}

/* Codes of 32 elements, the largest magnitude 127; returns the unrounded scale. */
GB_INLINE float gb_round_bytes32(const float *x, int8_t qs[32]) {
    const float d = gb_abs_f32(gb_extreme(x, 32)) / 127.0F;
    const float id = gb_finite_or_zero(1.0F / d);
    for (size_t i = 0; i < 32; i++) qs[i] = gb_round_away_code(x[i] * id);
    return d;
}

GB_INLINE void gb_dequantize_bytes32(const int8_t qs[32], uint16_t half, float *x) {
    const float d = gb_f32_from_f16(half);
    for (size_t j = 0; j < 32; j++) x[j] = (float)qs[j] * d;
}

#endif
