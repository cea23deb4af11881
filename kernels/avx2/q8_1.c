/* q8_1, AVX2: the codes of q8_0 and the sum of the elements. */
#include "kernels/vec32/quant.h"

static void encode(const float *x, gb_block_q8_1 *b, size_t blocks) {
    for (size_t k = 0; k < blocks; k++) {
        const float d = gb_round_bytes32(x + k * 32, b[k].qs);
        b[k].d = gb_to_half(d);
        b[k].s = gb_f16_from_scale((float)gb_byte_sum32(gb_load256(b[k].qs)) * d); /* NaN where d is infinite */
    }
}

GB_Q8_1_KERNELS(avx2)
