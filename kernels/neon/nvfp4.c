/* nvfp4 on NEON: levels as in mxfp4, a scale and a float term for every sixteen. */
#include "kernels/neon/blocks32.h"
#include "reference/e2m1.h"
#include "reference/scale8.h"

/* Two sub-blocks: eight bytes each, whose low nibbles come before the high ones. */
GB_NEON_INLINE int8x16x2_t codes(const char *block, size_t i) {
    const uint8x16x2_t nibble = gb_neon_nibbles(((const gb_block_nvfp4 *)block)->qs + 16 * i);
    const uint64x2_t low = vreinterpretq_u64_u8(nibble.val[0]);
    const uint64x2_t high = vreinterpretq_u64_u8(nibble.val[1]);
    const uint8x16x2_t in_order = {
        {vreinterpretq_u8_u64(vzip1q_u64(low, high)), vreinterpretq_u8_u64(vzip2q_u64(low, high))}};
    return gb_neon_levels(gb_e2m1_doubled, in_order);
}

GB_NEON_INLINE float scale(const char *block, size_t term) {
    return gb_f32_from_ue4m3_half(((const gb_block_nvfp4 *)block)->d[term]);
}

static const gb_neon_block32 kind = {
    .codes = codes, .scale = scale, .bytes = sizeof(gb_block_nvfp4), .per = 2, .narrow = 1, .split = 1};
GB_NEON_BLOCK32_KERNELS(nvfp4, kind)
