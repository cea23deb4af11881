/* What the NEON kernels share: unaligned loads, exact conversions, reductions over four rows and the loop over tiles.
 *
 * Baseline AArch64 only: no dot-product and no half-precision arithmetic instructions (f16 conversions are baseline).
 * Multiply and add are always two instructions, vmulq and vaddq: vfmaq rounds once and vmlaq_f32 is fused on some
 * compilers. Everything takes constant row and column counts and is inlined, so that the small loops unroll. */
#ifndef GB_NEON_SIMD_H
#define GB_NEON_SIMD_H

#include <arm_neon.h>

#include "kernels/kernel.h"
#include "reference/number.h"

#define GB_NEON_INLINE static inline __attribute__((always_inline))

enum { GB_TILE_ROWS = 4, GB_TILE_COLS = 4 };

/* Rows of f32 and f16 may start at any address: byte loads and stores, reinterpreted. */
GB_NEON_INLINE float32x4_t gb_neon_load_f32(const void *p) {
    return vreinterpretq_f32_u8(vld1q_u8(p));
}

GB_NEON_INLINE uint16x8_t gb_neon_load_u16(const void *p) {
    return vreinterpretq_u16_u8(vld1q_u8(p));
}

/* Exact; a NaN stays a NaN. */
GB_NEON_INLINE float32x4_t gb_neon_f32_from_f16(uint16x4_t h) {
    return vcvt_f32_f16(vreinterpret_f16_u16(h));
}

GB_NEON_INLINE float gb_neon_half(uint16_t h) {
    return vgetq_lane_f32(gb_neon_f32_from_f16(vdup_n_u16(h)), 0);
}

/* The f16 at the address of a block, in binary32. */
GB_NEON_INLINE float gb_neon_load_scale(const void *p) {
    return gb_neon_half(gb_load_u16(p, 0));
}

/* Sixteen signed bytes -> sixteen floats, exact. */
GB_NEON_INLINE float32x4x4_t gb_neon_f32_from_i8(int8x16_t v) {
    const int16x8_t lo = vmovl_s8(vget_low_s8(v));
    const int16x8_t hi = vmovl_high_s8(v);
    float32x4x4_t f;
    f.val[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(lo)));
    f.val[1] = vcvtq_f32_s32(vmovl_high_s16(lo));
    f.val[2] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(hi)));
    f.val[3] = vcvtq_f32_s32(vmovl_high_s16(hi));
    return f;
}

/* x[i] = v[i] * scale for sixteen codes. */
GB_NEON_INLINE void gb_neon_store_scaled(float *x, int8x16_t v, float scale) {
    const float32x4x4_t f = gb_neon_f32_from_i8(v);
    for (size_t j = 0; j < 4; j++) vst1q_f32(x + 4 * j, vmulq_n_f32(f.val[j], scale));
}

/* The low bytes of sixteen integers. */
GB_NEON_INLINE int8x16_t gb_neon_low_bytes(const int32x4_t v[4]) {
    const int16x8_t lo = vcombine_s16(vmovn_s32(v[0]), vmovn_s32(v[1]));
    const int16x8_t hi = vcombine_s16(vmovn_s32(v[2]), vmovn_s32(v[3]));
    return vcombine_s8(vmovn_s16(lo), vmovn_s16(hi));
}

/* max |x| without NaN, +0 if there is nothing else; n a multiple of 4. On the bits, which order as the floats do: vmaxq
 * would return a NaN, and a comparison with a constant becomes fmaxnm under clang, which returns a signalling one. */
GB_NEON_INLINE float gb_neon_magnitude(const float *x, size_t n) {
    uint32x4_t m = vdupq_n_u32(0);
    for (size_t i = 0; i < n; i += 4) {
        const uint32x4_t bits = vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x + i)));
        m = vmaxq_u32(m, vandq_u32(bits, vcleq_u32(bits, vdupq_n_u32(0x7f800000U))));
    }
    return gb_f32_from_bits(vmaxvq_u32(m));
}

/* The first element of magnitude |x| = magnitude, with its sign; +0 if magnitude is 0; n a multiple of 4. */
GB_NEON_INLINE float gb_neon_first_extreme(const float *x, size_t n, float magnitude) {
    if (magnitude == 0.0F) return 0.0F;
    static const uint32_t count[4] = {0, 1, 2, 3};
    const float32x4_t wanted = vdupq_n_f32(magnitude);
    uint32x4_t index = vld1q_u32(count);
    uint32x4_t first = vdupq_n_u32(UINT32_MAX);
    for (size_t i = 0; i < n; i += 4) {
        const uint32x4_t equal = vceqq_f32(vabsq_f32(vld1q_f32(x + i)), wanted);
        first = vminq_u32(first, vornq_u32(index, equal)); /* all ones where not equal */
        index = vaddq_u32(index, vdupq_n_u32(4));
    }
    return x[vminvq_u32(first)];
}

/* Products of sixteen codes, two in each 16-bit lane: needs |w| <= 127, as 2 * 127 * 128 < 2^15 (-128 twice is not). */
GB_NEON_INLINE int16x8_t gb_neon_products16(int8x16_t w, int8x16_t q) {
    return vmlal_high_s8(vmull_s8(vget_low_s8(w), vget_low_s8(q)), w, q);
}

/* Products of 32 codes, four in each 16-bit lane: needs |w| <= 63, as 4 * 63 * 128 < 2^15. */
GB_NEON_INLINE int16x8_t gb_neon_products32(int8x16_t w0, int8x16_t w1, int8x16_t q0, int8x16_t q1) {
    return vmlal_high_s8(vmlal_s8(gb_neon_products16(w0, q0), vget_low_s8(w1), vget_low_s8(q1)), w1, q1);
}

/* Lane r = the sum of sum[r]. */
GB_NEON_INLINE int32x4_t gb_neon_sum_rows(const int32x4_t sum[GB_TILE_ROWS]) {
    return vpaddq_s32(vpaddq_s32(sum[0], sum[1]), vpaddq_s32(sum[2], sum[3]));
}

/* A tile: acc[c] lane r = dot(row r, column c) for rows 1 or GB_TILE_ROWS and cols 1 or GB_TILE_COLS; lanes from rows
 * up are undefined. Row r lies at w + r * w_stride bytes, column c at a + c * a_stride bytes. */
typedef void gb_neon_tile_fn(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,
                             size_t n, float32x4_t *acc);

/* One tile of the result, from row r and column c. */
GB_NEON_INLINE void gb_neon_store_tile(const gb_gemm_args *g, gb_neon_tile_fn *tile, size_t r, size_t rows, size_t c,
                                       size_t cols) {
    float32x4_t acc[GB_TILE_COLS];
    tile((const char *)g->w + r * g->w_stride, g->w_stride, rows, (const char *)g->a + c * g->a_stride, g->a_stride,
         cols, g->n, acc);
    for (size_t j = 0; j < cols; j++) {
        float *y = g->y + (c + j) * g->y_stride + r;
        if (rows == GB_TILE_ROWS)
            vst1q_f32(y, acc[j]);
        else
            *y = vgetq_lane_f32(acc[j], 0);
    }
}

/* A strip of `rows` rows: tiles of `step` columns, then single columns. The rows of the strip stay in the cache. */
GB_NEON_INLINE void gb_neon_strip(const gb_gemm_args *g, gb_neon_tile_fn *tile, size_t step, size_t r, size_t rows) {
    size_t c = 0;
    if (step > 1)
        for (; c + step <= g->cols; c += step) gb_neon_store_tile(g, tile, r, rows, c, step);
    for (; c < g->cols; c++) gb_neon_store_tile(g, tile, r, rows, c, 1);
}

/* gemm by tiles; step = GB_TILE_COLS, or 1 for a tile that only knows single columns. */
GB_NEON_INLINE void gb_neon_gemm(const gb_gemm_args *g, gb_neon_tile_fn *tile, size_t step) {
    size_t r = 0;
    for (; r + GB_TILE_ROWS <= g->rows; r += GB_TILE_ROWS) gb_neon_strip(g, tile, step, r, GB_TILE_ROWS);
    for (; r < g->rows; r++) gb_neon_strip(g, tile, step, r, 1);
}

GB_NEON_INLINE void gb_neon_gemv(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y,
                                 gb_neon_tile_fn *tile) {
    const gb_gemm_args g = {
        .w = w, .w_stride = w_stride, .rows = rows, .a = a, .cols = 1, .n = n, .y = y, .y_stride = rows};
    gb_neon_gemm(&g, tile, 1);
}

GB_NEON_INLINE float gb_neon_dot(const void *w, const void *a, size_t n, gb_neon_tile_fn *tile) {
    float32x4_t acc[GB_TILE_COLS];
    tile(w, 0, 1, a, 0, 1, n, acc);
    return vgetq_lane_f32(acc[0], 0);
}

#endif
