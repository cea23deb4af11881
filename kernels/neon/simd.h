/* vec16/ops.h on baseline AArch64, all but the products: no half-precision arithmetic instructions (f16 conversions are
 * baseline). vmlaq_f32 is fused on some compilers and vfmaq everywhere, so neither is used where it could be seen. */
#ifndef GB_NEON_SIMD_H
#define GB_NEON_SIMD_H

#include <arm_neon.h>

#include "kernels/vec16/ops.h"

typedef uint8x16_t gb_bytes;
typedef int32x4_t gb_ints;
typedef float32x4_t gb_floats;
typedef float32x4x4_t gb_floats4;

GB_INLINE gb_bytes gb_v_load(const void *p) {
    return vld1q_u8(p);
}

GB_INLINE void gb_v_store(void *p, gb_bytes v) {
    vst1q_u8(p, v);
}

GB_INLINE gb_bytes gb_v_load8(const void *p) {
    return vcombine_u8(vld1_u8(p), vdup_n_u8(0));
}

GB_INLINE gb_bytes gb_v_set(uint8_t b) {
    return vdupq_n_u8(b);
}

GB_INLINE gb_bytes gb_v_halves(uint8_t low, uint8_t high) {
    return vcombine_u8(vdup_n_u8(low), vdup_n_u8(high));
}

GB_INLINE gb_bytes gb_v_words(uint64_t low, uint64_t high) {
    return vcombine_u8(vcreate_u8(low), vcreate_u8(high));
}

GB_V_IS(gb_bytes, gb_v_and, vandq_u8)
GB_V_IS(gb_bytes, gb_v_or, vorrq_u8)
GB_V_IS(gb_bytes, gb_v_xor, veorq_u8)
GB_V_IS(gb_bytes, gb_v_add, vaddq_u8)
GB_V_IS(gb_bytes, gb_v_sub, vsubq_u8)

/* The count must be a constant in the text of the program. */
#define gb_v_shl(v, n) vshlq_n_u8(v, n)
#define gb_v_shr(v, n) vshrq_n_u8(v, n)

GB_INLINE gb_bytes gb_v_shift(gb_bytes v, int n) {
    return vshlq_u8(v, vdupq_n_s8((int8_t)n));
}

GB_INLINE gb_bytes gb_v_from(gb_bytes v, uint8_t least) {
    return vcgeq_u8(v, vdupq_n_u8(least));
}

GB_V_IS(gb_bytes, gb_v_test, vtstq_u8)
GB_V_IS(gb_bytes, gb_v_lookup, vqtbl1q_u8)
GB_V_IS(gb_bytes, gb_v_zip8_low, vzip1q_u8)
GB_V_IS(gb_bytes, gb_v_zip8_high, vzip2q_u8)

GB_INLINE gb_bytes gb_v_low64s(gb_bytes a, gb_bytes b) {
    return vcombine_u8(vget_low_u8(a), vget_low_u8(b));
}

GB_INLINE gb_bytes gb_v_high64s(gb_bytes a, gb_bytes b) {
    return vcombine_u8(vget_high_u8(a), vget_high_u8(b));
}

GB_INLINE gb_bytes gb_v_zip16_low(gb_bytes a, gb_bytes b) {
    return vreinterpretq_u8_u16(vzip1q_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
}

GB_INLINE gb_bytes gb_v_zip16_high(gb_bytes a, gb_bytes b) {
    return vreinterpretq_u8_u16(vzip2q_u16(vreinterpretq_u16_u8(a), vreinterpretq_u16_u8(b)));
}

GB_INLINE gb_bytes gb_v_mul16(gb_bytes v, gb_bytes w) {
    return vreinterpretq_u8_u16(vmulq_u16(vreinterpretq_u16_u8(v), vreinterpretq_u16_u8(w)));
}

GB_INLINE gb_ints gb_v_zero(void) {
    return vdupq_n_s32(0);
}

GB_INLINE gb_ints gb_v_sum_rows(const gb_ints sum[GB_TILE_ROWS]) {
    return vpaddq_s32(vpaddq_s32(sum[0], sum[1]), vpaddq_s32(sum[2], sum[3]));
}

GB_INLINE int gb_v_byte_sum(gb_bytes v) {
    return vaddlvq_s8(vreinterpretq_s8_u8(v));
}

GB_INLINE gb_ints gb_v_at_most(gb_ints i, int top) {
    return vminq_s32(i, vdupq_n_s32(top));
}

GB_V_IS(gb_ints, gb_v_iadd, vaddq_s32)
GB_V_IS(gb_ints, gb_v_isub, vsubq_s32)

GB_INLINE gb_ints gb_v_ihalf(gb_ints i) {
    return vshrq_n_s32(i, 1);
}

GB_INLINE gb_floats gb_v_power(gb_ints i) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(i, vdupq_n_s32(127)), 23));
}

GB_INLINE void gb_v_istore(int32_t *p, gb_ints i) {
    vst1q_s32(p, i);
}

GB_INLINE gb_bytes gb_v_low_bytes(const gb_ints v[4]) {
    const int16x8_t lo = vcombine_s16(vmovn_s32(v[0]), vmovn_s32(v[1]));
    const int16x8_t hi = vcombine_s16(vmovn_s32(v[2]), vmovn_s32(v[3]));
    return vreinterpretq_u8_s8(vcombine_s8(vmovn_s16(lo), vmovn_s16(hi)));
}

/* Of pairs of bsums in sub-blocks of 32: they agree with the codes, so pairs fit sixteen bits. */
GB_INLINE gb_ints gb_v_min_sums(const uint8_t mn[16], const void *bsums, size_t sub) {
    const int16x8_t low = vreinterpretq_s16_u8(vld1q_u8(bsums));
    const int16x8_t high = vreinterpretq_s16_u8(vld1q_u8((const uint8_t *)bsums + 16));
    const int16x8_t m = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(mn)));
    const int16x8_t sums = sub == 32 ? vpaddq_s16(low, high) : low;
    const int32x4_t first = vmlal_high_s16(vmull_s16(vget_low_s16(m), vget_low_s16(sums)), m, sums);
    if (sub == 32) return first;
    const int16x8_t more = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(mn + 8)));
    return vmlal_high_s16(vmlal_s16(first, vget_low_s16(more), vget_low_s16(high)), more, high);
}

GB_INLINE gb_floats gb_v_fset(float x) {
    return vdupq_n_f32(x);
}

GB_INLINE gb_floats gb_v_fload(const void *p) {
    return vreinterpretq_f32_u8(vld1q_u8(p));
}

GB_INLINE void gb_v_fstore(float *p, gb_floats x) {
    vst1q_f32(p, x);
}

GB_INLINE float gb_v_first(gb_floats x) {
    return vgetq_lane_f32(x, 0);
}

GB_INLINE gb_bytes gb_v_as_bytes(gb_floats f) {
    return vreinterpretq_u8_f32(f);
}

GB_INLINE gb_floats gb_v_as_floats(gb_bytes v) {
    return vreinterpretq_f32_u8(v);
}

GB_INLINE gb_floats gb_v_from_ints(gb_ints i) {
    return vcvtq_f32_s32(i);
}

GB_INLINE gb_floats4 gb_v_from_bytes(gb_bytes v) {
    const int16x8_t lo = vmovl_s8(vget_low_s8(vreinterpretq_s8_u8(v)));
    const int16x8_t hi = vmovl_high_s8(vreinterpretq_s8_u8(v));
    gb_floats4 f;
    f.val[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(lo)));
    f.val[1] = vcvtq_f32_s32(vmovl_high_s16(lo));
    f.val[2] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(hi)));
    f.val[3] = vcvtq_f32_s32(vmovl_high_s16(hi));
    return f;
}

GB_INLINE gb_floats gb_v_from_halves(const void *p) {
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p)));
}

GB_INLINE gb_floats4 gb_v_from_f16(gb_bytes v, gb_bytes w) {
    const float16x8_t low = vreinterpretq_f16_u8(v);
    const float16x8_t high = vreinterpretq_f16_u8(w);
    return (gb_floats4){{vcvt_f32_f16(vget_low_f16(low)), vcvt_high_f32_f16(low), vcvt_f32_f16(vget_low_f16(high)),
                         vcvt_high_f32_f16(high)}};
}

GB_INLINE float gb_v_scale(const void *p) {
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(gb_load_u16(p, 0)))), 0);
}

/* fcvtn rounds to nearest even and makes subnormals, as wanted; only a NaN keeps its payload and is replaced. */
GB_INLINE uint16x4_t gb_neon_f16(gb_floats x) {
    const uint16x4_t h = vreinterpret_u16_f16(vcvt_f16_f32(x));
    const uint16x4_t nan = vorr_u16(vand_u16(h, vdup_n_u16(0x8000)), vdup_n_u16(0x7e00));
    return vbsl_u16(vmovn_u32(vceqq_f32(x, x)), h, nan);
}

GB_INLINE gb_bytes gb_v_to_f16(gb_floats a, gb_floats b) {
    return vreinterpretq_u8_u16(vcombine_u16(gb_neon_f16(a), gb_neon_f16(b)));
}

GB_INLINE gb_floats4 gb_v_from_bf16(const void *p) {
    const uint16x8_t lo = vreinterpretq_u16_u8(vld1q_u8(p));
    const uint16x8_t hi = vreinterpretq_u16_u8(vld1q_u8((const uint8_t *)p + 16));
    gb_floats4 x;
    x.val[0] = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(lo), 16));
    x.val[1] = vreinterpretq_f32_u32(vshll_high_n_u16(lo, 16));
    x.val[2] = vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(hi), 16));
    x.val[3] = vreinterpretq_f32_u32(vshll_high_n_u16(hi, 16));
    return x;
}

/* Nearest even on the upper half; a NaN keeps its upper half and is made quiet. */
GB_INLINE uint16x4_t gb_neon_bf16(gb_floats x) {
    const uint32x4_t u = vreinterpretq_u32_f32(x);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(u, 16), vdupq_n_u32(1));
    const uint32x4_t rounded = vaddq_u32(vaddq_u32(u, vdupq_n_u32(0x7fff)), odd);
    const uint32x4_t quiet = vorrq_u32(u, vdupq_n_u32(0x400000));
    return vshrn_n_u32(vbslq_u32(vceqq_f32(x, x), rounded, quiet), 16);
}

GB_INLINE gb_bytes gb_v_to_bf16(gb_floats a, gb_floats b) {
    return vreinterpretq_u8_u16(vcombine_u16(gb_neon_bf16(a), gb_neon_bf16(b)));
}

GB_INLINE gb_floats gb_v_add_exact(gb_floats s, gb_floats x, gb_floats y) {
    return vfmaq_f32(s, x, y);
}

GB_V_IS(gb_floats, gb_v_pairs, vpaddq_f32)

GB_INLINE gb_floats gb_v_fold(gb_floats a, gb_floats b) {
    return vcombine_f32(vadd_f32(vget_low_f32(a), vget_high_f32(a)), vadd_f32(vget_low_f32(b), vget_high_f32(b)));
}

/* On the bits, which order as the floats do: vmaxq would return a NaN, and a comparison with a constant becomes fmaxnm
 * under clang, which returns a signalling one. */
GB_INLINE float gb_v_magnitude(const float *x, size_t n) {
    uint32x4_t m[4] = {vdupq_n_u32(0), vdupq_n_u32(0), vdupq_n_u32(0), vdupq_n_u32(0)};
    for (size_t i = 0; i < n; i += 16) {
        for (size_t j = 0; j < 4; j++) {
            const uint32x4_t bits = vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x + i + 4 * j)));
            m[j] = vmaxq_u32(m[j], vandq_u32(bits, vcleq_u32(bits, vdupq_n_u32(0x7f800000U))));
        }
    }
    return gb_f32_from_bits(vmaxvq_u32(vmaxq_u32(vmaxq_u32(m[0], m[1]), vmaxq_u32(m[2], m[3]))));
}

GB_INLINE float gb_v_first_extreme(const float *x, size_t n, float magnitude) {
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

/* fcvtas: ties away from zero, NaN to 0. */
GB_INLINE gb_ints gb_v_round_away(gb_floats x) {
    return vcvtaq_s32_f32(x);
}

GB_INLINE gb_ints gb_v_nearest_even(gb_floats x) {
    return vcvtnq_s32_f32(x);
}

GB_INLINE gb_ints gb_v_truncated(gb_floats x) {
    return vcvtq_s32_f32(x);
}

/* fmin and fmax return a NaN if one operand is. */
GB_INLINE gb_floats gb_v_clamp(gb_floats x, float low, float high) {
    return vminq_f32(vmaxq_f32(x, vdupq_n_f32(low)), vdupq_n_f32(high));
}

/* NaN is taken out by its bits: see gb_v_magnitude(). */
GB_INLINE gb_floats gb_v_larger(gb_floats x, gb_floats m) {
    const uint32x4_t magnitude = vandq_u32(vreinterpretq_u32_f32(x), vdupq_n_u32(0x7fffffffU));
    const uint32x4_t number = vcleq_u32(magnitude, vdupq_n_u32(0x7f800000U));
    return vmaxq_f32(vbslq_f32(number, x, m), m);
}

GB_INLINE int gb_v_any_equal(gb_floats x, gb_floats y) {
    return vmaxvq_u32(vceqq_f32(x, y)) != 0;
}

GB_INLINE void gb_v_rotate8(float *x, const float *cs) {
    const float32x4x2_t v = vld2q_f32(x); /* val[0] = re, val[1] = im */
    const float32x4x2_t t = vld2q_f32(cs);
    float32x4x2_t turned;
    turned.val[0] = vsubq_f32(vmulq_f32(v.val[0], t.val[0]), vmulq_f32(v.val[1], t.val[1]));
    turned.val[1] = vaddq_f32(vmulq_f32(v.val[0], t.val[1]), vmulq_f32(v.val[1], t.val[0]));
    vst2q_f32(x, turned);
}

/* The low mantissa bits of x + 1.5 * 2^23, 0 for a NaN. */
GB_INLINE gb_ints gb_v_nearest_int(gb_floats x) {
    const float32x4_t t = vaddq_f32(x, vdupq_n_f32(12582912.0F));
    const uint32x4_t low = vandq_u32(vreinterpretq_u32_f32(t), vdupq_n_u32(0x7fffffU));
    const int32x4_t q = vsubq_s32(vreinterpretq_s32_u32(low), vdupq_n_s32(0x400000));
    return vandq_s32(q, vreinterpretq_s32_u32(vceqq_f32(t, t)));
}

#endif
