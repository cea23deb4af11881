/* q8_0 and q8_1, blocks of 32 signed bytes, from what a tier has for them:
 *   encode(x, b, blocks)                 blocks of the format
 *   gb_dequantize_bytes32(qs, half, x)   x = q * d of one block */
#ifndef GB_BYTES32_H
#define GB_BYTES32_H

#include "kernels/kernel.h"

#define GB_ENCODE_BYTES32(name, isa)                                                                                   \
    void gb_##name##_quantize_act_##isa(const float *x, void *blocks, size_t n) {                                      \
        encode(x, blocks, n / 32);                                                                                     \
    }

#define GB_DECODE_BYTES32(name, isa)                                                                                   \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        const gb_block_##name *b = blocks;                                                                             \
        for (size_t k = 0; k < n / 32; k++) gb_dequantize_bytes32(b[k].qs, b[k].d, x + k * 32);                        \
    }

/* Weights are encoded as activations are: nothing is searched. */
#define GB_Q8_0_ENCODERS(isa)                                                                                          \
    GB_ENCODE_BYTES32(q8_0, isa)                                                                                       \
    void gb_q8_0_quantize_##isa(const float *x, void *blocks, size_t n, const float *importance) {                     \
        (void)importance;                                                                                              \
        gb_q8_0_quantize_act_##isa(x, blocks, n);                                                                      \
    }

#define GB_Q8_1_KERNELS(isa)                                                                                           \
    GB_ENCODE_BYTES32(q8_1, isa)                                                                                       \
    GB_DECODE_BYTES32(q8_1, isa)

#endif
