/* f16: IEEE binary16. The activation row is rounded to f16 too, so every product of two elements (11 + 11 significant
 * bits) is exact in binary32: fused and separate multiply-add give the same bits here, and only here. */
#include "reference/lanes.h"
#include "reference/number.h"
#include "reference/reference.h"

void gb_ref_f16_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    for (size_t i = 0; i < n; i++) gb_store_u16(blocks, i, gb_f16_from_f32(x[i]));
}

void gb_ref_f16_quantize_act(const float *x, void *blocks, size_t n) {
    gb_ref_f16_quantize(x, blocks, n, NULL);
}

void gb_ref_f16_dequantize(const void *blocks, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = gb_f32_from_f16(gb_load_u16(blocks, i));
}

float gb_ref_f16_dot(const void *w, const void *a, size_t n) {
    float lane[GB_LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        const float product = gb_f32_from_f16(gb_load_u16(w, i)) * gb_f32_from_f16(gb_load_u16(a, i));
        lane[i % GB_LANES] = lane[i % GB_LANES] + product;
    }
    return gb_fold_lanes(lane);
}
