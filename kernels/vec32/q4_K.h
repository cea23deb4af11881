/* q4_K in vectors of 32 bytes. Codes 0..15 times signed bytes by maddubs: a pair is at most 2 * 15 * 128 = 3840, so the
 * eight pairs of a sub-block that meet in one place (30720) fit sixteen bits. */
#include "kernels/vec32/gemm_super.h"

/* Low nibbles of 32 bytes, then their high ones: a chunk of 64 elements. */
GB_INLINE void codes(const void *block, size_t half, __m256i code[4]) {
    const gb_block_q4_K *b = block;
    for (size_t c = 0; c < 2; c++) {
        const __m256i x = gb_load256(b->qs + 64 * half + 32 * c);
        code[2 * c] = _mm256_and_si256(x, _mm256_set1_epi8(15));
        code[2 * c + 1] = _mm256_and_si256(_mm256_srli_epi16(x, 4), _mm256_set1_epi8(15));
    }
}

GB_INLINE gb_super_scales scales(const void *block) {
    return gb_scales_mins(((const gb_block_q4_K *)block)->scales);
}

static const gb_super format = {.bytes = sizeof(gb_block_q4_K),
                                .d_at = offsetof(gb_block_q4_K, d),
                                .dmin_at = offsetof(gb_block_q4_K, dmin),
                                .mins = 8,
                                .sub = 32,
                                .run = 32,
                                .codes = codes,
                                .scales = scales};
