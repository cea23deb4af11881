/* The scales of iq4_xs, for all tiers: eight times six bits, less 32. */
#ifndef GB_KERNELS_IQ4_XS_H
#define GB_KERNELS_IQ4_XS_H

#include <stdint.h>
#include <string.h>

#include "kernels/formats.h"

/* Eight signed bytes, -32..31, the first in the lowest: low bits from nibbles, two bits each of scales_h on top. Both
 * are spread by halves: each step moves the upper half of every group away from the lower. */
static inline uint64_t gb_iq4_xs_scales(const void *block) {
    const gb_block_iq4_xs *b = block;
    uint32_t nibbles;
    memcpy(&nibbles, b->scales_l, sizeof nibbles);
    uint64_t low = (nibbles | (uint64_t)nibbles << 16) & 0x0000ffff0000ffffU;
    low = (low | low << 8) & 0x00ff00ff00ff00ffU;
    low = (low | low << 4) & 0x0f0f0f0f0f0f0f0fU;
    uint64_t high = (b->scales_h | (uint64_t)b->scales_h << 24) & 0x000000ff000000ffU;
    high = (high | high << 12) & 0x000f000f000f000fU;
    high = (high | high << 6) & 0x0303030303030303U;
    const uint64_t code = low | high << 4;
    /* code - 32 in every byte without a borrow: a code below 32 has the three top bits of its byte set */
    const uint64_t below = ~code & 0x2020202020202020U;
    return (code & 0x1f1f1f1f1f1f1f1fU) | below | below << 1 | below << 2;
}

static inline void gb_iq4_xs_store_scales(const void *block, int8_t sc[8]) {
    const uint64_t bytes = gb_iq4_xs_scales(block);
    for (unsigned j = 0; j < 8; j++) sc[j] = (int8_t)(uint8_t)(bytes >> 8 * j);
}

#endif
