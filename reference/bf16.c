/* bf16: the upper half of a binary32. Products have 16 significant bits but the full binary32 exponent range, so they
 * can underflow: multiply and add stay separate (unlike f16). */
#include "reference/lanes.h"
#include "reference/number.h"
#include "reference/reference.h"

void gb_ref_bf16_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    for (size_t i = 0; i < n; i++) gb_store_u16(blocks, i, gb_bf16_from_f32(x[i]));
}

void gb_ref_bf16_quantize_act(const float *x, void *blocks, size_t n) {
    gb_ref_bf16_quantize(x, blocks, n, NULL);
}

void gb_ref_bf16_dequantize(const void *blocks, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = gb_f32_from_bf16(gb_load_u16(blocks, i));
}

float gb_ref_bf16_dot(const void *w, const void *a, size_t n) {
    float lane[GB_LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        const float product = gb_f32_from_bf16(gb_load_u16(w, i)) * gb_f32_from_bf16(gb_load_u16(a, i));
        lane[i % GB_LANES] = lane[i % GB_LANES] + product;
    }
    return gb_fold_lanes(lane);
}
