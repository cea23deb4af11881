/* The products of vec16/ops.h with SDOT: four products of signed bytes, added to 32 bits at once, exact for any bytes.
 */
#ifndef GB_NEON_DOTPROD_VEC16_H
#define GB_NEON_DOTPROD_VEC16_H

#include "kernels/neon/simd.h"

GB_INLINE int32x4_t gb_neon_sdot(int32x4_t sum, gb_bytes w, gb_bytes q) {
    return vdotq_s32(sum, vreinterpretq_s8_u8(w), vreinterpretq_s8_u8(q));
}

GB_INLINE gb_ints gb_v_sums16(gb_bytes w, gb_bytes q) {
    return gb_neon_sdot(vdupq_n_s32(0), w, q);
}

GB_INLINE gb_ints gb_v_sums32(gb_bytes w0, gb_bytes w1, gb_bytes q0, gb_bytes q1, gb_range range) {
    (void)range;
    return gb_neon_sdot(gb_v_sums16(w0, q0), w1, q1);
}

#include "kernels/neon/scaled.h"

#endif
