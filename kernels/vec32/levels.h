/* Levels that nibbles choose from: those of iq4_nl and iq4_xs, signed, and those of four-bit floats, raised by 12 to be
 * the unsigned operand of maddubs. */
#ifndef GB_VEC32_LEVELS_H
#define GB_VEC32_LEVELS_H

#include "kernels/vec32/simd.h"
#include "reference/e2m1.h"
#include "reference/iq4.h"

GB_INLINE __m256i gb_choose(__m128i levels, __m256i nibbles) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(levels), nibbles);
}

/* Sixteen bytes of nibble pairs -> levels in natural order. */
GB_INLINE __m256i gb_iq4_levels32(const void *qs) {
    return gb_choose(gb_load128(gb_iq4_levels), gb_nibbles32(qs));
}

GB_INLINE __m256i gb_e2m1_raised(__m256i nibbles) {
    const __m128i raised = _mm_add_epi8(gb_load128(gb_e2m1_doubled), _mm_set1_epi8(GB_E2M1_LARGEST)); /* a constant */
    return gb_choose(raised, nibbles);
}

#endif
