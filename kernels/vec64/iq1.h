/* iq1_s and iq1_m in vectors of 64 bytes: 2048 points are too many for look-ups by permutation, so points of eight
 * elements are loaded one by one, in natural order, and go through the frame of the K-quants as they are. */
#ifndef GB_VEC64_IQ1_H
#define GB_VEC64_IQ1_H

#include "kernels/vec64/lattice.h"

/* Of eight words four fields each, `step` bits apart, as words. */
GB_INLINE __m512i gb_iq1_fields(__m128i words, int step) {
    const __m512i four =
        _mm512_set_epi64(0x0007000700070007, 0x0006000600060006, 0x0005000500050005, 0x0004000400040004,
                         0x0003000300030003, 0x0002000200020002, 0x0001000100010001, 0);
    const __m512i right =
        _mm512_set1_epi64((long long)(3 * step) << 48 | (long long)(2 * step) << 32 | (long long)step << 16);
    return _mm512_srlv_epi16(_mm512_permutexvar_epi16(four, _mm512_castsi128_si512(words)), right);
}

/* Values in eighths raised by 16. qs: low bits of the points; fields: their top three bits; down: the groups that are
 * moved down, whose eight bytes, 9 to 25, become two less each. */
GB_INLINE void gb_iq1_codes(const uint8_t *qs, __m512i fields, __mmask32 down, __m512i code[4]) {
    const __m512i top = _mm512_slli_epi16(_mm512_and_si512(fields, _mm512_set1_epi16(7)), 8);
    const __m512i index = _mm512_or_si512(_mm512_cvtepu8_epi16(gb_load256(qs)), top);
    GB_UNROLL
    for (size_t v = 0; v < 4; v++) {
        const __m512i up = gb_eight_points(gb_points_iq1, index, v);
        code[v] = _mm512_mask_sub_epi64(up, (__mmask8)(down >> 8 * v), up, _mm512_set1_epi8(2));
    }
}

/* What the operations of a format are made of, from codes() and scales(). */
#define GB_IQ1_FORMAT(name)                                                                                            \
    static const gb_super format = {.bytes = sizeof(gb_block_##name),                                                  \
                                    .d = GB_D_##name,                                                                  \
                                    .sub = GB_SUB_##name,                                                              \
                                    .offset_log2 = 4,                                                                  \
                                    .unit = GB_UNIT_##name,                                                            \
                                    .order = {0, 1, 2, 3, 4, 5, 6, 7},                                                 \
                                    .codes = codes,                                                                    \
                                    .scales = scales};                                                                 \
    GB_LATTICE_GEMM(name, GB_RAISED)

#endif
