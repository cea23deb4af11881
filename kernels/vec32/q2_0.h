/* q2_0 in vectors of 32 bytes: two float terms a block. */
#include "kernels/vec32/block32.h"

/* A byte's four codes to the four bytes of its dword. */
GB_INLINE __m256i codes(const void *w, size_t i) {
    const uint8_t *qs = ((const gb_block_q2_0 *)w)[i / 2].qs + 8 * (i % 2);
    const __m256i one = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)qs));
    const __m256i two = _mm256_or_si256(one, _mm256_slli_epi32(one, 12));
    return _mm256_and_si256(_mm256_or_si256(two, _mm256_slli_epi32(two, 6)), _mm256_set1_epi8(3));
}

/* Of four blocks, each twice. */
GB_INLINE __m256 scales(const void *w, size_t stride) {
    return gb_repeat_halves8(w, stride, 2);
}

static const gb_byte_format format = {.bytes = sizeof(gb_block_q2_0),
                                      .per = 2,
                                      .offset = 1,
                                      .codes = codes,
                                      .scales = scales,
                                      .row_scales = gb_row_halves8,
                                      .scale = gb_scale_f16};
