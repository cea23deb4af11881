/* f16 on NEON. Both rows of a dot are f16: a product has at most 22 significant bits and an exponent far inside
 * binary32, so it is exact, and the fused multiply-add gives the bits of multiply then add. */
#include "kernels/neon/lanes.h"

/* fcvtn rounds to nearest even and makes subnormals, as wanted; only a NaN keeps its payload and is replaced. */
GB_NEON_INLINE uint16x4_t f16_from_f32(float32x4_t x) {
    const uint16x4_t h = vreinterpret_u16_f16(vcvt_f16_f32(x));
    const uint16x4_t nan = vorr_u16(vand_u16(h, vdup_n_u16(0x8000)), vdup_n_u16(0x7e00));
    return vbsl_u16(vmovn_u32(vceqq_f32(x, x)), h, nan);
}

void gb_f16_quantize_act_neon(const float *x, void *blocks, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const uint16x8_t h = vcombine_u16(f16_from_f32(vld1q_f32(x + i)), f16_from_f32(vld1q_f32(x + i + 4)));
        vst1q_u8((uint8_t *)blocks + 2 * i, vreinterpretq_u8_u16(h));
    }
    for (; i < n; i++) gb_store_u16(blocks, i, gb_f16_from_f32(x[i]));
}

void gb_f16_dequantize_neon(const void *blocks, float *x, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const uint16x8_t h = gb_neon_load_u16((const char *)blocks + 2 * i);
        vst1q_f32(x + i, gb_neon_f32_from_f16(vget_low_u16(h)));
        vst1q_f32(x + i + 4, gb_neon_f32_from_f16(vget_high_u16(h)));
    }
    for (; i < n; i++) x[i] = gb_f32_from_f16(gb_load_u16(blocks, i));
}

GB_NEON_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,
                         size_t n, float32x4_t *acc) {
    (void)a_stride;
    (void)cols; /* 1: a row and column take four registers of lanes */
    acc[0] = gb_neon_lanes_dot(GB_NEON_F16, w, w_stride, rows, GB_NEON_F16, a, n, 1);
}

float gb_f16_dot_neon(const void *w, const void *a, size_t n) {
    return gb_neon_dot(w, a, n, tile);
}

void gb_f16_gemv_neon(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_neon_gemv(w, w_stride, rows, a, n, y, tile);
}

void gb_f16_gemm_neon(const gb_gemm_args *g) {
    gb_neon_gemm(g, tile, 1);
}
