/* The fixed summation pattern of float rows: element i goes to lane i mod 16, each lane sums in ascending order with
 * multiply and add rounded separately, and the lanes are folded 8, 4, 2, 1. Sixteen lanes are one AVX-512 register, two
 * AVX2, four SSE or NEON registers, so every instruction set can keep them without shuffles. */
#ifndef GB_REFERENCE_LANES_H
#define GB_REFERENCE_LANES_H

#include <stddef.h>

enum { GB_LANES = 16 };

static inline float gb_fold_lanes(float lane[GB_LANES]) {
    for (size_t half = GB_LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++) lane[i] = lane[i] + lane[i + half];
    return lane[0];
}

#endif
