/* q2_K in vectors of 32 bytes. Codes 0..3 times signed bytes by maddubs: a pair is at most 768, the four pairs of a
 * sub-block that meet in one place 3072. */
#include "kernels/vec32/gemm_super.h"

GB_INLINE void codes(const void *block, size_t half, __m256i code[4]) {
    gb_two_bits(((const gb_block_q2_K *)block)->qs + 32 * half, code);
}

GB_INLINE gb_super_scales scales(const void *block) {
    const __m128i x = gb_load128(((const gb_block_q2_K *)block)->scales);
    const __m128i nibble = _mm_set1_epi8(15);
    return (gb_super_scales){gb_scales16(_mm_and_si128(x, nibble)),
                             _mm256_cvtepu8_epi16(_mm_and_si128(_mm_srli_epi16(x, 4), nibble))};
}

static const gb_super format = {.bytes = sizeof(gb_block_q2_K),
                                .d_at = offsetof(gb_block_q2_K, d),
                                .dmin_at = offsetof(gb_block_q2_K, dmin),
                                .mins = 16,
                                .sub = 16,
                                .run = 16,
                                .small = 1, /* 16 * 3 * 128 */
                                .codes = codes,
                                .scales = scales};
