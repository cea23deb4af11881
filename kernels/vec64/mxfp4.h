/* mxfp4 in vectors of 64 bytes: nibbles choose from a table of levels; what raises them is taken back with the sum of
 * the activation block. */
#include "kernels/vec64/block32.h"
#include "kernels/vec64/levels.h"
#include "kernels/vec64/scale8.h"
#include "reference/scale8.h"

GB_INLINE __m512 scales(const void *p, size_t stride) {
    return gb_e8m0_half(_mm512_and_si512(gb_gather_dwords(p, stride), _mm512_set1_epi32(0xff)));
}

GB_INLINE __m256 scale8(const uint8_t *block, size_t count) {
    __m128i e = _mm_setzero_si128();
    uint64_t u = 0;
    GB_UNROLL
    for (size_t i = 0; i < 8; i++) u |= (uint64_t)block[gb_min(i, count - 1) * sizeof(gb_block_mxfp4)] << 8 * i;
    e = _mm_cvtsi64_si128((long long)u);
    return _mm512_castps512_ps256(gb_e8m0_half(_mm512_cvtepu8_epi32(e)));
}

GB_INLINE float scale(const void *block) {
    return gb_f32_from_e8m0_half(((const gb_block_mxfp4 *)block)->e);
}

GB_INLINE __m512 row_scales(const uint8_t *const row[GB_ROWS], size_t at) {
    uint8_t e[GB_ROWS];
    GB_UNROLL
    for (size_t i = 0; i < GB_ROWS; i++) e[i] = row[i][at];
    return gb_e8m0_half(_mm512_cvtepu8_epi32(gb_load128(e)));
}

static const gb_nibble_format layout = {sizeof(gb_block_mxfp4), offsetof(gb_block_mxfp4, qs), 0, gb_e2m1_raised, 1, 24};
GB_NIBBLE_FORMAT(mxfp4, layout, GB_E2M1_LARGEST, 0, scales, scale, row_scales)
