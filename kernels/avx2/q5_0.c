/* q5_0, AVX2: nibbles and fifth bits make codes 0..31, of which 16 is taken away with the sum of the activations. */
#include "kernels/avx2/block32.h"

GB_INLINE __m256i codes(const void *block) {
    const gb_block_q5_0 *b = block;
    return _mm256_or_si256(gb_nibbles32(b->qs), gb_fifth_bits32(b->qh));
}

static const gb_byte_format format = {sizeof(gb_block_q5_0), 0, 16, 0, codes, NULL, gb_halves8, gb_row_halves8};
GB_BYTE_KERNELS(q5_0, format)
