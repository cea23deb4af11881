/* q8_K, from encode() of one block and decode() of some. */
#ifndef GB_Q8_K_H
#define GB_Q8_K_H

#include "kernels/kernel.h"

enum { BLOCK = 256 };

#define GB_Q8_K_KERNELS(isa)                                                                                           \
    void gb_q8_K_quantize_act_##isa(const float *x, void *blocks, size_t n) {                                          \
        for (size_t k = 0; k < n / BLOCK; k++) encode(x + k * BLOCK, (gb_block_q8_K *)blocks + k);                     \
    }                                                                                                                  \
    void gb_q8_K_dequantize_##isa(const void *blocks, float *x, size_t n) {                                            \
        decode(blocks, x, n / BLOCK);                                                                                  \
    }

#endif
