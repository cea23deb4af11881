/* q8_0 on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/q8_0.h"

static void encode(const float *x, gb_block_q8_0 *b, size_t blocks) {
    for (size_t k = 0; k < blocks; k++) b[k].d = gb_to_half(gb_round_bytes32(x + k * GB_BLOCK32, b[k].qs));
}

GB_Q8_0_ENCODERS(avx2)
GB_DECODE_BYTES32(q8_0, avx2)
GB_BYTE_KERNELS(q8_0, avx2, format)
