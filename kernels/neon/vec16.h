/* The products of vec16/ops.h on baseline AArch64, which has no dot-product instructions: bytes widened to sixteen
 * bits, as many products in a lane as fit. */
#ifndef GB_NEON_VEC16_H
#define GB_NEON_VEC16_H

#include "kernels/neon/simd.h"

GB_INLINE int16x8_t gb_neon_products16(gb_bytes w, gb_bytes q) {
    const int8x16_t x = vreinterpretq_s8_u8(w);
    const int8x16_t y = vreinterpretq_s8_u8(q);
    return vmlal_high_s8(vmull_s8(vget_low_s8(x), vget_low_s8(y)), x, y);
}

GB_INLINE int16x8_t gb_neon_more_products16(int16x8_t sum, gb_bytes w, gb_bytes q) {
    const int8x16_t x = vreinterpretq_s8_u8(w);
    const int8x16_t y = vreinterpretq_s8_u8(q);
    return vmlal_high_s8(vmlal_s8(sum, vget_low_s8(x), vget_low_s8(y)), x, y);
}

/* Bytes of -128 on both sides give 2^14, two of which overflow sixteen bits. */
GB_INLINE int32x4_t gb_neon_add_bytes(int32x4_t sum, gb_bytes w, gb_bytes q) {
    const int8x16_t x = vreinterpretq_s8_u8(w);
    const int8x16_t y = vreinterpretq_s8_u8(q);
    return vpadalq_s16(vpadalq_s16(sum, vmull_s8(vget_low_s8(x), vget_low_s8(y))), vmull_high_s8(x, y));
}

GB_INLINE gb_ints gb_v_sums16(gb_bytes w, gb_bytes q) {
    return vpaddlq_s16(gb_neon_products16(w, q));
}

GB_INLINE gb_ints gb_v_sums32(gb_bytes w0, gb_bytes w1, gb_bytes q0, gb_bytes q1, gb_range range) {
    if (range == GB_BELOW_64) return vpaddlq_s16(gb_neon_more_products16(gb_neon_products16(w0, q0), w1, q1));
    if (range == GB_BELOW_128) return vpadalq_s16(gb_v_sums16(w0, q0), gb_neon_products16(w1, q1));
    return gb_neon_add_bytes(gb_neon_add_bytes(vdupq_n_s32(0), w0, q0), w1, q1);
}

#include "kernels/neon/scaled.h"

#endif
