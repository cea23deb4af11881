/* q8_K, from what a tier has for it:
 *   extreme(x)                     the first element of the largest magnitude of a block, with its sign; 0: there is
 * none encode_codes(x, inverse, b)    codes of a block, x * inverse to the nearest integer, and their sums of sixteen
 *   decode(b, x, blocks)           of some blocks */
#ifndef GB_Q8_K_H
#define GB_Q8_K_H

#include <string.h>

#include "kernels/kernel.h"

enum { BLOCK = 256 };

/* The code of the extreme is -127; a block without one is all zeros. */
#define GB_Q8_K_KERNELS(isa)                                                                                           \
    static void encode(const float *x, gb_block_q8_K *b) {                                                             \
        const float found = extreme(x);                                                                                \
        if (found == 0.0F) {                                                                                           \
            memset(b, 0, sizeof *b);                                                                                   \
            return;                                                                                                    \
        }                                                                                                              \
        const float inverse = -127.0F / found;                                                                         \
        b->d = 1.0F / inverse;                                                                                         \
        encode_codes(x, inverse, b);                                                                                   \
    }                                                                                                                  \
    void gb_q8_K_quantize_act_##isa(const float *x, void *blocks, size_t n) {                                          \
        for (size_t k = 0; k < n / BLOCK; k++) encode(x + k * BLOCK, (gb_block_q8_K *)blocks + k);                     \
    }                                                                                                                  \
    void gb_q8_K_dequantize_##isa(const void *blocks, float *x, size_t n) {                                            \
        decode(blocks, x, n / BLOCK);                                                                                  \
    }

#endif
