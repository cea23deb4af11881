/* q3_K in vectors of 32 bytes. Codes 0..7 times signed bytes by maddubs: a pair is at most 2 * 7 * 128 = 1792. The 4
 * that a code is above its value is taken away through sums of the activation codes. */
#include "kernels/vec32/gemm_super.h"

/* Bits 2i, 2i + 1 of 32 bytes are vector i of their half; bit j of hmask belongs to vector j of the block. */
GB_INLINE void codes(const void *block, size_t half, __m256i code[4]) {
    const gb_block_q3_K *b = block;
    const __m256i two = _mm256_set1_epi8(3);
    const __m256i top = _mm256_set1_epi8(4);
    const __m256i x = gb_load256(b->qs + 32 * half);
    const __m256i h = gb_load256(b->hmask);
    const __m256i low[4] = {x, _mm256_srli_epi16(x, 2), _mm256_srli_epi16(x, 4), _mm256_srli_epi16(x, 6)};
    const __m256i high[4] = {half ? _mm256_srli_epi16(h, 2) : _mm256_slli_epi16(h, 2),
                             half ? _mm256_srli_epi16(h, 3) : _mm256_slli_epi16(h, 1),
                             half ? _mm256_srli_epi16(h, 4) : h,
                             half ? _mm256_srli_epi16(h, 5) : _mm256_srli_epi16(h, 1)};
    for (size_t i = 0; i < 4; i++)
        code[i] = _mm256_or_si256(_mm256_and_si256(low[i], two), _mm256_and_si256(high[i], top));
}

/* Sixteen codes of six bits: nibbles of words 0 and 1, two bits each of word 2 on top. The load begins two bytes before
 * them, so as not to reach past the block. */
GB_INLINE gb_super_scales scales(const void *block) {
    const __m128i x = _mm_srli_si128(gb_load128((const char *)block + offsetof(gb_block_q3_K, scales) - 2), 2);
    const __m128i low = _mm_srlv_epi32(_mm_shuffle_epi32(x, 0x44), _mm_setr_epi32(0, 0, 4, 4));
    const __m128i left = _mm_sllv_epi32(_mm_shuffle_epi32(x, 0xaa), _mm_setr_epi32(4, 2, 0, 0));
    const __m128i top = _mm_srlv_epi32(left, _mm_setr_epi32(0, 0, 0, 2));
    const __m128i code = _mm_or_si128(_mm_and_si128(low, _mm_set1_epi8(15)), _mm_and_si128(top, _mm_set1_epi8(48)));
    const __m128i bytes = _mm_sub_epi8(code, _mm_set1_epi8(32));
    return (gb_super_scales){gb_scales16(bytes), _mm256_cvtepi8_epi16(bytes)};
}

static const gb_super format = {.bytes = sizeof(gb_block_q3_K),
                                .d_at = offsetof(gb_block_q3_K, d),
                                .offset_log2 = 2,
                                .sub = 16,
                                .run = 16,
                                .small = 1, /* 16 * 4 * 128 */
                                .codes = codes,
                                .scales = scales};
