/* Encoders of activations. */
#ifndef GB_VEC16_ENCODE_H
#define GB_VEC16_ENCODE_H

#include <float.h>

#include "kernels/vec16/tiles.h"

/* Codes of 32 elements, the largest magnitude 127; returns the unrounded scale. */
GB_INLINE float gb_encode32(const float *x, int8_t qs[32]) {
    const float d = gb_v_magnitude(x, 32) / 127.0F;
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (id > FLT_MAX) id = 0.0F;
    for (size_t h = 0; h < 32; h += 16) {
        gb_ints q[4]; /* |x * id| < 127.5 */
        for (size_t j = 0; j < 4; j++) q[j] = gb_v_round_away(gb_v_fload(x + h + 4 * j) * gb_v_fset(id));
        gb_v_store(qs + h, gb_v_low_bytes(q));
    }
    return d;
}

#endif
