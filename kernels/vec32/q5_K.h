/* q5_K in vectors of 32 bytes. Codes 0..31 times signed bytes by maddubs: a pair is at most 2 * 31 * 128 = 7936, so
 * four pairs (31744) fit sixteen bits, and a sum of the gemm takes half a sub-block. */
#include "kernels/vec32/gemm_super.h"

/* The nibbles of q4_K; bit j of qh belongs to vector j. */
GB_INLINE void codes(const void *block, size_t half, __m256i code[4]) {
    const gb_block_q5_K *b = block;
    const __m256i nibble = _mm256_set1_epi8(15);
    const __m256i top = _mm256_set1_epi8(16);
    const __m256i h = gb_load256(b->qh);
    const __m256i q0 = gb_load256(b->qs + 64 * half);
    const __m256i q1 = gb_load256(b->qs + 64 * half + 32);
    const __m256i low[4] = {q0, _mm256_srli_epi16(q0, 4), q1, _mm256_srli_epi16(q1, 4)};
    const __m256i high[4] = {half ? h : _mm256_slli_epi16(h, 4),
                             half ? _mm256_srli_epi16(h, 1) : _mm256_slli_epi16(h, 3),
                             half ? _mm256_srli_epi16(h, 2) : _mm256_slli_epi16(h, 2),
                             half ? _mm256_srli_epi16(h, 3) : _mm256_slli_epi16(h, 1)};
    for (size_t i = 0; i < 4; i++)
        code[i] = _mm256_or_si256(_mm256_and_si256(low[i], nibble), _mm256_and_si256(high[i], top));
}

GB_INLINE gb_super_scales scales(const void *block) {
    return gb_scales_mins(((const gb_block_q5_K *)block)->scales);
}

static const gb_super format = {.bytes = sizeof(gb_block_q5_K),
                                .d_at = offsetof(gb_block_q5_K, d),
                                .dmin_at = offsetof(gb_block_q5_K, dmin),
                                .mins = 8,
                                .sub = 16,
                                .run = 32,
                                .codes = codes,
                                .scales = scales};
