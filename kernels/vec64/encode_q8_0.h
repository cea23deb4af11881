/* The encoders of q8_0 in vectors of 64 bytes: weights and activations are encoded alike. */
#include "kernels/vec64/bytes32.h"

GB_INLINE void encode_some(const float *x, gb_block_q8_0 *b, size_t count) {
    uint16_t d[GB_BYTES_BLOCKS];
    const __m256 scales = gb_round_blocks(x, count, b->qs, sizeof *b);
    _mm_storeu_si128((__m128i *)(void *)d, _mm256_cvtps_ph(scales, _MM_FROUND_TO_NEAREST_INT));
    for (size_t i = 0; i < count; i++) b[i].d = d[i];
}

GB_ENCODE_BY_EIGHTS(q8_0)
