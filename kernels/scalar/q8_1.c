/* q8_1, plain C: the codes of q8_0 and the sum of the elements. */
#include "kernels/scalar/bytes32.h"

enum { BLOCK = 32 };

static void encode(const float *x, gb_block_q8_1 *b, size_t blocks) {
    for (size_t k = 0; k < blocks; k++) {
        const float d = gb_round_bytes32(x + k * BLOCK, b[k].qs);
        int sum = 0;
        for (size_t j = 0; j < BLOCK; j++) sum += b[k].qs[j];
        b[k].d = gb_f16_from_f32(d);
        b[k].s = gb_f16_from_scale((float)sum * d); /* NaN where d is infinite */
    }
}

GB_Q8_1_KERNELS(scalar)
