/* nvfp4 in vectors of 32 bytes: levels as in mxfp4, a scale and a float term for every sixteen. */
#include "kernels/vec32/block32.h"
#include "kernels/vec32/levels.h"
#include "kernels/vec32/scale8.h"

/* Two sub-blocks: eight bytes each, whose low nibbles come before the high ones. */
GB_INLINE __m256i codes(const void *w, size_t i) {
    const __m128i q = gb_load128(((const gb_block_nvfp4 *)w)[i / 2].qs + 16 * (i % 2));
    const __m128i high = _mm_srli_epi16(q, 4);
    const __m256i pairs = _mm256_set_m128i(_mm_unpackhi_epi64(q, high), _mm_unpacklo_epi64(q, high));
    return gb_e2m1_raised(_mm256_and_si256(pairs, _mm256_set1_epi8(15)));
}

/* Of two blocks. */
GB_INLINE __m256 scales(const void *w, size_t stride) {
    const __m128i first = _mm_loadu_si32(w);
    const __m128i second = _mm_loadu_si32((const char *)w + stride);
    return gb_ue4m3_half(_mm256_cvtepu8_epi32(_mm_unpacklo_epi32(first, second)));
}

GB_INLINE __m256 row_scales(const char *const row[8], size_t offset) {
    return gb_ue4m3_half(gb_row_bytes8(row, offset));
}

GB_INLINE float scale(const void *at) {
    return gb_f32_from_ue4m3_half(*(const uint8_t *)at);
}

static const gb_byte_format format = {.bytes = sizeof(gb_block_nvfp4),
                                      .per = 2,
                                      .split = 1,
                                      .offset = GB_E2M1_LARGEST,
                                      .codes = codes,
                                      .scales = scales,
                                      .row_scales = row_scales,
                                      .scale = scale};
