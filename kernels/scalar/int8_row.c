/* int8_row, plain C. */
#include "kernels/int8_row.h"

/* Two maxima, each of every other element; by bits, see gb_extreme() of common.h. n is a multiple of 32. */
static float largest_of(const float *x, size_t n) {
    uint32_t top[2] = {0, 0};
    for (size_t i = 0; i < n; i += 2) {
        for (size_t j = 0; j < 2; j++) {
            const uint32_t magnitude = gb_f32_bits(x[i + j]) & 0x7fffffffU;
            const uint32_t number = magnitude <= 0x7f800000U ? magnitude : 0;
            top[j] = number > top[j] ? number : top[j];
        }
    }
    return gb_f32_from_bits(top[0] > top[1] ? top[0] : top[1]);
}

/* 1.5 * 2^23 leaves the nearest integer's low byte in the low bits; a NaN is 0. */
void gb_int8_row_quantize_act_scalar(const float *x, void *blocks, size_t n) {
    const float inverse = gb_int8_head(blocks, largest_of(x, n));
    uint8_t *q = (uint8_t *)blocks + sizeof(float);
    for (size_t i = 0; i < n; i++) {
        const float t = x[i] * inverse + 12582912.0F;
        q[i] = (uint8_t)(t != t ? 0 : gb_f32_bits(t));
    }
}
