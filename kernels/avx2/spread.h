/* Nibbles of four bytes, each in a lane of its own. */
#ifndef GB_AVX2_SPREAD_H
#define GB_AVX2_SPREAD_H

#include "kernels/vec32/simd.h"

/* The dword in all lanes, each shifted right by its count: what is above the low four bits are the neighbours. */
GB_INLINE __m256i gb_spread_dword(const void *p, __m256i shift) {
    return _mm256_srlv_epi32(gb_broadcast32(p), shift);
}

#endif
