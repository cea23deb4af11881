/* The levels that iq4_nl and iq4_xs share. */
#ifndef GB_VEC32_IQ4_LEVELS_H
#define GB_VEC32_IQ4_LEVELS_H

#include "kernels/vec32/simd.h"
#include "reference/iq4.h"

/* Sixteen bytes of nibble pairs -> levels in natural order. */
GB_INLINE __m256i gb_iq4_levels32(const void *qs) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(gb_load128(gb_iq4_levels)), gb_nibbles32(qs));
}

#endif
