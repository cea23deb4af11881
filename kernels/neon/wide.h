/* Four lanes for the searches of kernels/wide/; what each function promises stands in wide/round.h. */
#ifndef GB_NEON_WIDE_H
#define GB_NEON_WIDE_H

#include "kernels/neon/simd.h"

enum { GB_WIDE = 4 };
typedef float32x4_t gb_wide;
typedef uint32x4_t gb_wide_mask; /* all bits of a lane or none */

GB_INLINE gb_wide gb_wide_set(float x) {
    return vdupq_n_f32(x);
}

GB_INLINE gb_wide gb_wide_load(const float *p) {
    return vld1q_f32(p);
}

GB_INLINE void gb_wide_store(float *p, gb_wide x) {
    vst1q_f32(p, x);
}

GB_INLINE gb_wide gb_wide_abs(gb_wide x) {
    return vabsq_f32(x);
}

GB_INLINE gb_wide gb_wide_sqrt(gb_wide x) {
    return vsqrtq_f32(x);
}

GB_INLINE gb_wide_mask gb_wide_less(gb_wide a, gb_wide b) {
    return vcltq_f32(a, b);
}

GB_INLINE gb_wide_mask gb_wide_equal(gb_wide a, gb_wide b) {
    return vceqq_f32(a, b);
}

GB_INLINE gb_wide_mask gb_wide_and(gb_wide_mask a, gb_wide_mask b) {
    return vandq_u32(a, b);
}

GB_INLINE gb_wide_mask gb_wide_or(gb_wide_mask a, gb_wide_mask b) {
    return vorrq_u32(a, b);
}

GB_INLINE gb_wide_mask gb_wide_not(gb_wide_mask a) {
    return vmvnq_u32(a);
}

GB_INLINE unsigned gb_wide_bits(gb_wide_mask a) {
    static const uint32_t bit[4] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(a, vld1q_u32(bit)));
}

GB_INLINE gb_wide gb_wide_select(gb_wide_mask mask, gb_wide a, gb_wide b) {
    return vbslq_f32(mask, a, b);
}

GB_INLINE gb_wide gb_wide_clamp(gb_wide x, float low, float high) {
    return vminq_f32(vmaxq_f32(x, vdupq_n_f32(low)), vdupq_n_f32(high));
}

GB_INLINE gb_wide gb_wide_round(gb_wide x) {
    return vrndnq_f32(x);
}

GB_INLINE gb_wide gb_wide_truncate(gb_wide x) {
    return vrndq_f32(x);
}

GB_INLINE gb_wide gb_wide_nearest(gb_wide x) {
    const gb_wide t = vaddq_f32(x, vdupq_n_f32(12582912.0F));
    const uint32x4_t low = vandq_u32(vreinterpretq_u32_f32(t), vdupq_n_u32(0x7fffff));
    const gb_wide whole = vcvtq_f32_s32(vsubq_s32(vreinterpretq_s32_u32(low), vdupq_n_s32(0x400000)));
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(whole), vceqq_f32(t, t)));
}

GB_INLINE void gb_wide_store_bytes(uint8_t *p, gb_wide x) {
    const uint8x16_t bytes = vreinterpretq_u8_s32(vcvtq_s32_f32(x));
    const uint8x16_t evens = vuzp1q_u8(bytes, bytes);
    const uint32_t four = vgetq_lane_u32(vreinterpretq_u32_u8(vuzp1q_u8(evens, evens)), 0);
    memcpy(p, &four, sizeof four);
}

GB_INLINE float gb_wide_largest(const float *x, size_t n) {
    return gb_v_magnitude(x, n);
}

GB_INLINE void gb_wide_columns(const float *const row[GB_WIDE], size_t n, gb_wide *out) {
    for (size_t i = 0; i < n; i += GB_WIDE) {
        const float32x4x2_t a = vtrnq_f32(vld1q_f32(row[0] + i), vld1q_f32(row[1] + i));
        const float32x4x2_t b = vtrnq_f32(vld1q_f32(row[2] + i), vld1q_f32(row[3] + i));
        out[i] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
        out[i + 1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
        out[i + 2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
        out[i + 3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
    }
}

#endif
