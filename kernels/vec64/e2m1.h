/* Doubled levels of four-bit floats, each raised by 12 to be the unsigned operand of vpdpbusd. */
#ifndef GB_VEC64_E2M1_H
#define GB_VEC64_E2M1_H

#include "kernels/vec64/simd.h"

enum { GB_E2M1_OFFSET = 12 };

/* levels 0 1 2 3 4 6 8 12 0 -1 -2 -3 -4 -6 -8 -12, each + 12 */
GB_INLINE __m512i gb_e2m1_raised(__m512i nibbles) {
    const __m128i table = _mm_setr_epi8(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0);
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), nibbles);
}

#endif
