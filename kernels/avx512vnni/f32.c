/* f32 rows: multiply and add rounded separately. */
#include "kernels/avx512vnni/lanes16.h"

static const gb_lanes16 format = {
    .bytes = sizeof(float), .load = gb_load_f32x16, .load_some = gb_load_some_f32x16, .madd = gb_madd_separate};

float gb_f32_dot_avx512vnni(const void *w, const void *a, size_t n) {
    return gb_lanes_dot(&format, w, a, n);
}

void gb_f32_gemv_avx512vnni(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_lanes_gemv(&format, w, w_stride, rows, a, n, y);
}

void gb_f32_gemm_avx512vnni(const gb_gemm_args *g) {
    gb_lanes_gemm(&format, g);
}
