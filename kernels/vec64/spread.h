/* Nibbles of eight bytes, each in a lane of its own. */
#ifndef GB_VEC64_SPREAD_H
#define GB_VEC64_SPREAD_H

#include "kernels/vec64/simd.h"

/* The first dword in the lower eight lanes, the second in the upper, each lane shifted right by its count: what is
 * above the low four bits are the neighbours. */
GB_INLINE __m512i gb_spread_dwords(const void *p, __m512i shift) {
    const __m512i which = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const __m512i two = _mm512_castsi128_si512(_mm_loadl_epi64(p));
    return _mm512_srlv_epi32(_mm512_permutexvar_epi32(which, two), shift);
}

#endif
