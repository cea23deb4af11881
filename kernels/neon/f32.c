/* f32 on NEON. */
#include "kernels/neon/lanes.h"

GB_NEON_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,
                         size_t n, float32x4_t *acc) {
    (void)a_stride;
    (void)cols; /* 1: a row and column take four registers of lanes */
    acc[0] = gb_neon_lanes_dot(GB_NEON_F32, w, w_stride, rows, GB_NEON_F32, a, n, 0);
}

float gb_f32_dot_neon(const void *w, const void *a, size_t n) {
    return gb_neon_dot(w, a, n, tile);
}

void gb_f32_gemv_neon(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_neon_gemv(w, w_stride, rows, a, n, y, tile);
}

void gb_f32_gemm_neon(const gb_gemm_args *g) {
    gb_neon_gemm(g, tile, 1);
}
