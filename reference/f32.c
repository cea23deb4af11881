/* f32: plain IEEE binary32, one element a block. Conversions are copies; the dot uses the sixteen-lane pattern. */
#include "reference/lanes.h"
#include "reference/number.h"
#include "reference/reference.h"

void gb_ref_f32_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    memcpy(blocks, x, n * sizeof *x);
}

void gb_ref_f32_quantize_act(const float *x, void *blocks, size_t n) {
    memcpy(blocks, x, n * sizeof *x);
}

void gb_ref_f32_dequantize(const void *blocks, float *x, size_t n) {
    memcpy(x, blocks, n * sizeof *x);
}

float gb_ref_f32_dot(const void *w, const void *a, size_t n) {
    float lane[GB_LANES] = {0};
    for (size_t i = 0; i < n; i++) lane[i % GB_LANES] = lane[i % GB_LANES] + gb_load_f32(w, i) * gb_load_f32(a, i);
    return gb_fold_lanes(lane);
}
