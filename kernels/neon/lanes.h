/* Dots of float rows in the sixteen-lane pattern of reference/lanes.h: four registers of four lanes per row. */
#ifndef GB_NEON_LANES_H
#define GB_NEON_LANES_H

#include "kernels/neon/simd.h"
#include "reference/lanes.h"

/* How sixteen elements of a row become floats, and how many bytes one element has. */
typedef struct gb_neon_elements {
    float32x4x4_t (*load)(const void *p);
    size_t bytes;
} gb_neon_elements;

GB_NEON_INLINE float32x4x4_t gb_neon_load16_f32(const void *p) {
    float32x4x4_t x;
    for (size_t j = 0; j < 4; j++) x.val[j] = gb_neon_load_f32((const char *)p + 16 * j);
    return x;
}

GB_NEON_INLINE float32x4x4_t gb_neon_load16_f16(const void *p) {
    const uint16x8_t lo = gb_neon_load_u16(p);
    const uint16x8_t hi = gb_neon_load_u16((const char *)p + 16);
    float32x4x4_t x;
    x.val[0] = gb_neon_f32_from_f16(vget_low_u16(lo));
    x.val[1] = gb_neon_f32_from_f16(vget_high_u16(lo));
    x.val[2] = gb_neon_f32_from_f16(vget_low_u16(hi));
    x.val[3] = gb_neon_f32_from_f16(vget_high_u16(hi));
    return x;
}

GB_NEON_INLINE float32x4x4_t gb_neon_load16_bf16(const void *p) {
    const uint16x8_t lo = gb_neon_load_u16(p);
    const uint16x8_t hi = gb_neon_load_u16((const char *)p + 16);
    float32x4x4_t x;
    x.val[0] = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(lo), 16));
    x.val[1] = vreinterpretq_f32_u32(vshll_high_n_u16(lo, 16));
    x.val[2] = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(hi), 16));
    x.val[3] = vreinterpretq_f32_u32(vshll_high_n_u16(hi, 16));
    return x;
}

#define GB_NEON_F32                                                                                                    \
    (gb_neon_elements) {                                                                                               \
        gb_neon_load16_f32, 4                                                                                          \
    }
#define GB_NEON_F16                                                                                                    \
    (gb_neon_elements) {                                                                                               \
        gb_neon_load16_f16, 2                                                                                          \
    }
#define GB_NEON_BF16                                                                                                   \
    (gb_neon_elements) {                                                                                               \
        gb_neon_load16_bf16, 2                                                                                         \
    }

/* The last count < 16 elements of a row and zeros behind them, without reading past the row. A zero product leaves a
 * lane as it is: lanes start at +0 and a sum of +0 and anything is never -0. */
GB_NEON_INLINE float32x4x4_t gb_neon_load_tail(gb_neon_elements kind, const void *p, size_t count) {
    uint8_t padded[GB_LANES * 4] = {0};
    memcpy(padded, p, count * kind.bytes);
    return kind.load(padded);
}

/* fused is right only where every product is exact: see f16.c. */
GB_NEON_INLINE float32x4x4_t gb_neon_add_products(float32x4x4_t lane, float32x4x4_t x, float32x4x4_t y, int fused) {
    for (size_t j = 0; j < 4; j++)
        lane.val[j] =
            fused ? vfmaq_f32(lane.val[j], x.val[j], y.val[j]) : vaddq_f32(lane.val[j], vmulq_f32(x.val[j], y.val[j]));
    return lane;
}

/* Lanes 8 apart, then 4, then 2 apart: what is left are two sums. */
GB_NEON_INLINE float32x2_t gb_neon_fold_to_2(float32x4x4_t lane) {
    const float32x4_t four = vaddq_f32(vaddq_f32(lane.val[0], lane.val[2]), vaddq_f32(lane.val[1], lane.val[3]));
    return vadd_f32(vget_low_f32(four), vget_high_f32(four));
}

GB_NEON_INLINE float gb_neon_fold_lanes(float32x4x4_t lane) {
    const float32x2_t two = gb_neon_fold_to_2(lane);
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

GB_NEON_INLINE float32x4x4_t gb_neon_zero_lanes(void) {
    const float32x4_t zero = vdupq_n_f32(0.0F);
    return (float32x4x4_t){{zero, zero, zero, zero}};
}

/* Lane r = the dot of row r and the column, rows = 1 or GB_TILE_ROWS; the other lanes are zero. */
GB_NEON_INLINE float32x4_t gb_neon_lanes_dot(gb_neon_elements w_kind, const char *w, size_t w_stride, size_t rows,
                                             gb_neon_elements a_kind, const char *a, size_t n, int fused) {
    float32x4x4_t lane[GB_TILE_ROWS];
    for (size_t r = 0; r < GB_TILE_ROWS; r++) lane[r] = gb_neon_zero_lanes();
    size_t i = 0;
    for (; i + GB_LANES <= n; i += GB_LANES) {
        const float32x4x4_t x = a_kind.load(a + i * a_kind.bytes);
        for (size_t r = 0; r < rows; r++)
            lane[r] = gb_neon_add_products(lane[r], w_kind.load(w + r * w_stride + i * w_kind.bytes), x, fused);
    }
    if (i < n) {
        const float32x4x4_t x = gb_neon_load_tail(a_kind, a + i * a_kind.bytes, n - i);
        for (size_t r = 0; r < rows; r++)
            lane[r] = gb_neon_add_products(
                lane[r], gb_neon_load_tail(w_kind, w + r * w_stride + i * w_kind.bytes, n - i), x, fused);
    }
    const float32x4_t low = vcombine_f32(gb_neon_fold_to_2(lane[0]), gb_neon_fold_to_2(lane[1]));
    const float32x4_t high = vcombine_f32(gb_neon_fold_to_2(lane[2]), gb_neon_fold_to_2(lane[3]));
    return vpaddq_f32(low, high);
}

#endif
