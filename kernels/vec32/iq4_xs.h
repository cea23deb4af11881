/* iq4_xs in vectors of 32 bytes: nibbles choose from a table of signed levels. In the gemm these are multiplied by
 * their scales when they are unpacked: at most 127 * 32 = 4064 in magnitude. */
#include "kernels/iq4_xs.h"
#include "kernels/vec32/gemm_super.h"
#include "kernels/vec32/gemm_wide.h"
#include "kernels/vec32/levels.h"

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

GB_INLINE __m256i levels(const char *row, size_t k) {
    const gb_block_iq4_xs *b = (const gb_block_iq4_xs *)(const void *)row + k / 8;
    return gb_iq4_levels32(b->qs + 16 * (k % 8));
}

/* factor[j]: scale j of every row. The order of the rows is undone by the unpacking. */
GB_INLINE void factors(const char *const row[8], size_t k, __m256i factor[8]) {
    static const size_t order[8] = {0, 1, 4, 5, 2, 3, 6, 7};
    uint64_t sc[8];
    for (size_t i = 0; i < 8; i++)
        sc[i] = gb_iq4_xs_scales((const gb_block_iq4_xs *)(const void *)row[order[i]] + k / 8);
    __m256i byte = _mm256_set1_epi64x(0x0880088000800080); /* 80: a zero */
    for (size_t j = 0; j < 8; j++) {
        factor[j] = _mm256_unpacklo_epi64(_mm256_shuffle_epi8(gb_load256(sc), byte),
                                          _mm256_shuffle_epi8(gb_load256(sc + 4), byte));
        byte = _mm256_add_epi16(byte, _mm256_set1_epi16(0x0100));
    }
}

GB_INLINE __m256 row_scales(const char *const row[8], size_t k, size_t m) {
    (void)m; /* no minima */
    return gb_row_halves8(row, k * sizeof(gb_block_iq4_xs) + offsetof(gb_block_iq4_xs, d));
}

#define GB_IQ4_XS_KERNELS(isa)                                                                                         \
    GB_SUPER_DOTS(iq4_xs, isa)                                                                                         \
    GB_WIDE_GEMM(iq4_xs, isa, GB_BLOCK, 0, levels, row_scales, 0, NULL, factors)
