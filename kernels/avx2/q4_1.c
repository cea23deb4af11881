/* q4_1, AVX2: unsigned codes 0..15; the minimum meets the sum that q8_1 holds. */
#include "kernels/avx2/block32.h"

GB_INLINE __m256i codes(const void *block) {
    return gb_nibbles32(((const gb_block_q4_1 *)block)->qs);
}

static const gb_byte_format format = {sizeof(gb_block_q4_1), 0, 0, 1, codes, NULL, gb_halves8, gb_row_halves8};
GB_BYTE_KERNELS(q4_1, format)
