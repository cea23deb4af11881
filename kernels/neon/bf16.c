/* bf16 on NEON. Products can underflow, so multiply and add stay separate (unlike f16). */
#include "kernels/neon/lanes.h"

/* Nearest even on the upper half; a NaN keeps its upper half and is made quiet. */
GB_NEON_INLINE uint16x4_t bf16_from_f32(float32x4_t x) {
    const uint32x4_t u = vreinterpretq_u32_f32(x);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(u, 16), vdupq_n_u32(1));
    const uint32x4_t rounded = vaddq_u32(vaddq_u32(u, vdupq_n_u32(0x7fff)), odd);
    const uint32x4_t quiet = vorrq_u32(u, vdupq_n_u32(0x400000));
    return vshrn_n_u32(vbslq_u32(vceqq_f32(x, x), rounded, quiet), 16);
}

void gb_bf16_quantize_act_neon(const float *x, void *blocks, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const uint16x8_t h = vcombine_u16(bf16_from_f32(vld1q_f32(x + i)), bf16_from_f32(vld1q_f32(x + i + 4)));
        vst1q_u8((uint8_t *)blocks + 2 * i, vreinterpretq_u8_u16(h));
    }
    for (; i < n; i++) gb_store_u16(blocks, i, gb_bf16_from_f32(x[i]));
}

void gb_bf16_dequantize_neon(const void *blocks, float *x, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const float32x4x4_t f = gb_neon_load16_bf16((const char *)blocks + 2 * i);
        for (size_t j = 0; j < 4; j++) vst1q_f32(x + i + 4 * j, f.val[j]);
    }
    for (; i < n; i++) x[i] = gb_f32_from_bf16(gb_load_u16(blocks, i));
}

GB_NEON_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,
                         size_t n, float32x4_t *acc) {
    (void)a_stride;
    (void)cols; /* 1: a row and column take four registers of lanes */
    acc[0] = gb_neon_lanes_dot(GB_NEON_BF16, w, w_stride, rows, GB_NEON_BF16, a, n, 0);
}

float gb_bf16_dot_neon(const void *w, const void *a, size_t n) {
    return gb_neon_dot(w, a, n, tile);
}

void gb_bf16_gemv_neon(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_neon_gemv(w, w_stride, rows, a, n, y, tile);
}

void gb_bf16_gemm_neon(const gb_gemm_args *g) {
    gb_neon_gemm(g, tile, 1);
}
