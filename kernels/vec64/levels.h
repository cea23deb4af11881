/* Levels that nibbles choose from, raised to be the unsigned operand of products of bytes: by 12 those of four-bit
 * floats, by 128 those of iq4_nl and iq4_xs. */
#ifndef GB_VEC64_LEVELS_H
#define GB_VEC64_LEVELS_H

#include "kernels/vec64/simd.h"
#include "reference/e2m1.h"
#include "reference/iq4.h"

GB_INLINE __m512i gb_raised_levels(const int8_t levels[16], int by, __m512i nibbles) {
    const __m128i raised = _mm_add_epi8(gb_load128(levels), _mm_set1_epi8((char)by)); /* a constant */
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(raised), nibbles);
}

GB_INLINE __m512i gb_e2m1_raised(__m512i nibbles) {
    return gb_raised_levels(gb_e2m1_doubled, GB_E2M1_LARGEST, nibbles);
}

GB_INLINE __m512i gb_iq4_raised(__m512i nibbles) {
    return gb_raised_levels(gb_iq4_levels, 128, nibbles);
}

#endif
