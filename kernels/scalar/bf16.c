/* bf16, plain C. */
#include "kernels/scalar/rows.h"

void gb_bf16_quantize_act_scalar(const float *x, void *blocks, size_t n) {
    for (size_t i = 0; i < n; i++) gb_store_u16(blocks, i, gb_bf16_from_f32(x[i]));
}

void gb_bf16_dequantize_scalar(const void *blocks, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = gb_load_bf16(blocks, i);
}

GB_ROW_KERNELS(bf16, gb_load_bf16)
