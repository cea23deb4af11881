/* q8_1 in vectors of sixteen bytes: the codes of q8_0 and the sum of the elements. */
#include "kernels/vec16/bytes32.h"

static void encode(const float *x, gb_block_q8_1 *b, size_t blocks) {
    for (size_t k = 0; k < blocks; k++) {
        const float d = gb_round_bytes32(x + k * 32, b[k].qs);
        const int sum = gb_v_byte_sum(gb_v_load(b[k].qs)) + gb_v_byte_sum(gb_v_load(b[k].qs + 16));
        b[k].d = gb_f16_from_f32(d);
        b[k].s = gb_f16_from_scale((float)sum * d); /* NaN where d is infinite */
    }
}
