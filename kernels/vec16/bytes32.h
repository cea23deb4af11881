/* Signed bytes of the largest magnitude 127: the codes that q8_0 and q8_1 share. */
#ifndef GB_VEC16_BYTES32_H
#define GB_VEC16_BYTES32_H

#include "kernels/bytes32.h"
#include "kernels/vec16/tiles.h"

/* Codes of 32 elements, the largest magnitude 127; returns the unrounded scale. */
GB_INLINE float gb_round_bytes32(const float *x, int8_t qs[32]) {
    const float d = gb_v_magnitude(x, 32) / 127.0F;
    const float id = gb_finite_or_zero(1.0F / d);
    for (size_t h = 0; h < 32; h += 16) {
        gb_ints q[4]; /* |x * id| < 127.5 */
        for (size_t j = 0; j < 4; j++) q[j] = gb_v_round_away(gb_v_fload(x + h + 4 * j) * gb_v_fset(id));
        gb_v_store(qs + h, gb_v_low_bytes(q));
    }
    return d;
}

/* x = q * d of one block. */
GB_INLINE void gb_dequantize_bytes32(const int8_t *qs, uint16_t half, float *x) {
    const float d = gb_v_scale(&half);
    gb_v_store_scaled(x, gb_v_load(qs), d);
    gb_v_store_scaled(x + 16, gb_v_load(qs + 16), d);
}

#endif
