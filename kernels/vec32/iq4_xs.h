/* iq4_xs in vectors of 32 bytes: nibbles choose from a table of signed levels. In the gemm these are multiplied by
 * their scales when they are unpacked: at most 127 * 32 = 4064 in magnitude. */
#include "kernels/iq4_xs.h"
#include "kernels/vec32/gemm_wide.h"
#include "kernels/vec32/iq4_levels.h"
#include "kernels/vec32/super.h"

GB_INLINE void codes(const void *block, size_t half, __m256i code[4]) {
    const gb_block_iq4_xs *b = block;
    for (size_t i = 0; i < 4; i++) code[i] = gb_iq4_levels32(b->qs + 64 * half + 16 * i);
}

GB_INLINE gb_super_scales scales(const void *block) {
    const __m128i bytes = _mm_cvtsi64_si128((long long)gb_iq4_xs_scales(block));
    return (gb_super_scales){.sc = _mm256_broadcastsi128_si256(_mm_cvtepi8_epi16(bytes))};
}

static const gb_super format = {.bytes = sizeof(gb_block_iq4_xs),
                                .d_at = offsetof(gb_block_iq4_xs, d),
                                .levels = 1,
                                .run = 32,
                                .codes = codes,
                                .scales = scales};

GB_INLINE void values(const char *row, size_t k, __m256i half[2]) {
    const gb_block_iq4_xs *b = (const gb_block_iq4_xs *)(const void *)row + k / 8;
    const __m256i level = gb_iq4_levels32(b->qs + 16 * (k % 8));
    const int8_t sc = (int8_t)(uint8_t)(gb_iq4_xs_scales(b) >> k % 8 * 8);
    const __m256i scale = _mm256_set1_epi16(sc);
    half[0] = _mm256_mullo_epi16(_mm256_cvtepi8_epi16(_mm256_castsi256_si128(level)), scale);
    half[1] = _mm256_mullo_epi16(_mm256_cvtepi8_epi16(_mm256_extracti128_si256(level, 1)), scale);
}

GB_INLINE __m256 row_scales(const char *const row[8], size_t k, size_t m) {
    (void)m; /* no minima */
    return gb_row_halves8(row, k * sizeof(gb_block_iq4_xs) + offsetof(gb_block_iq4_xs, d));
}

#define GB_IQ4_XS_KERNELS(isa)                                                                                         \
    GB_SUPER_DOTS(iq4_xs, isa)                                                                                         \
    GB_WIDE_GEMM(iq4_xs, isa, GB_BLOCK, 0, values, row_scales)
