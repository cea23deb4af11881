/* The encoder of q4_0, from what a tier has for it:
 *   extreme(x)                the first element of the largest magnitude of a block, with its sign; 0: there is none
 *   encode_codes(x, id, qs)   trunc(x * id + 8.5), at most 15, where a NaN counts as 0: elements j and j + 16 in byte j
 *   search                    the encoder with importance
 *   to_half                   gb_f16_from_f32() or its like */
#ifndef GB_Q4_0_H
#define GB_Q4_0_H

#include "kernels/kernel.h"
#include "reference/number.h"

/* The code of the extreme is 0; d is -0 for a block of zeros. Without importance nothing is searched. */
#define GB_Q4_0_ENCODER(isa, search, to_half)                                                                          \
    static void encode(const float *x, gb_block_q4_0 *b) {                                                             \
        const float d = extreme(x) / -8.0F;                                                                            \
        encode_codes(x, gb_finite_or_zero(1.0F / d), b->qs);                                                           \
        b->d = to_half(d);                                                                                             \
    }                                                                                                                  \
    void gb_q4_0_quantize_##isa(const float *x, void *blocks, size_t n, const float *importance) {                     \
        gb_block_q4_0 *b = blocks;                                                                                     \
        if (importance)                                                                                                \
            search(x, blocks, n, importance);                                                                          \
        else                                                                                                           \
            for (size_t k = 0; k < n / 32; k++) encode(x + k * 32, &b[k]);                                             \
    }

#endif
