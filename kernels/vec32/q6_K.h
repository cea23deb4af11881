/* q6_K in vectors of 32 bytes. Codes 0..63 times signed bytes by maddubs: a pair is at most 2 * 63 * 128 = 16128. The
 * 32 that a code is above its value is taken away through sums of the activation codes. */
#include "kernels/vec32/gemm_super.h"

/* The four quarters of a half: low nibbles of two vectors, then their high nibbles, each with two bits of qh on top. */
GB_INLINE void codes(const void *block, size_t half, __m256i code[4]) {
    const gb_block_q6_K *b = block;
    const __m256i nibble = _mm256_set1_epi8(15);
    const __m256i top = _mm256_set1_epi8(48);
    const __m256i ql0 = gb_load256(b->ql + 64 * half);
    const __m256i ql1 = gb_load256(b->ql + 64 * half + 32);
    const __m256i qh = gb_load256(b->qh + 32 * half);
    code[0] = _mm256_or_si256(_mm256_and_si256(ql0, nibble), _mm256_and_si256(_mm256_slli_epi16(qh, 4), top));
    code[1] = _mm256_or_si256(_mm256_and_si256(ql1, nibble), _mm256_and_si256(_mm256_slli_epi16(qh, 2), top));
    code[2] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(ql0, 4), nibble), _mm256_and_si256(qh, top));
    code[3] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(ql1, 4), nibble),
                              _mm256_and_si256(_mm256_srli_epi16(qh, 2), top));
}

GB_INLINE gb_super_scales scales(const void *block) {
    const __m128i bytes = gb_load128(((const gb_block_q6_K *)block)->scales);
    return (gb_super_scales){gb_scales16(bytes), _mm256_cvtepi8_epi16(bytes)};
}

static const gb_super format = {.bytes = sizeof(gb_block_q6_K),
                                .d_at = offsetof(gb_block_q6_K, d),
                                .offset_log2 = 5,
                                .sub = 16,
                                .run = 16,
                                .codes = codes,
                                .scales = scales};
