/* The levels that iq4_nl and iq4_xs share, each raised by 128: the unsigned operand of vpdpbusd. */
#ifndef GB_VEC64_IQ4_LEVELS_H
#define GB_VEC64_IQ4_LEVELS_H

#include "kernels/vec64/simd.h"

/* levels -127 -104 -83 -65 -49 -35 -22 -10 1 13 25 38 53 69 89 113, each + 128 */
GB_INLINE __m512i gb_iq4_raised(__m512i nibbles) {
    const __m128i table = _mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, (char)129, (char)141, (char)153, (char)166,
                                        (char)181, (char)197, (char)217, (char)241);
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), nibbles);
}

#endif
