/* q8_1 in vectors of 64 bytes: the codes of q8_0 and the sum of the elements. */
#include "kernels/vec64/bytes32.h"
#include "kernels/vec64/dot_block32.h"

/* The sum is that of the codes times the unrounded scale; NaN where that is infinite. */
GB_INLINE void encode_some(const float *x, gb_block_q8_1 *b, size_t count) {
    uint16_t d[2][GB_BYTES_BLOCKS];
    __m256i sum[GB_BYTES_BLOCKS];
    const __m256 scales = gb_round_blocks(x, count, b->qs, sizeof *b);
    GB_UNROLL
    for (size_t i = 0; i < GB_BYTES_BLOCKS; i++)
        sum[i] = i < count ? gb_add_bytes32(_mm256_setzero_si256(), _mm256_set1_epi8(1), gb_load256(b[i].qs), 1)
                           : _mm256_setzero_si256();
    const __m256 s = _mm256_mul_ps(_mm256_cvtepi32_ps(gb_fold_eight(sum)), scales);
    const __mmask8 nan = _mm256_cmp_ps_mask(s, s, _CMP_UNORD_Q);
    const __m128i half = _mm256_cvtps_ph(s, _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128((__m128i *)(void *)d[0], _mm256_cvtps_ph(scales, _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128((__m128i *)(void *)d[1], _mm_mask_mov_epi16(half, nan, _mm_set1_epi16((short)0xfe00)));
    for (size_t i = 0; i < count; i++) {
        b[i].d = d[0][i];
        b[i].s = d[1][i];
    }
}

GB_ENCODE_BY_EIGHTS(q8_1)
