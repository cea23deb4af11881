/* nvfp4 in vectors of sixteen bytes: levels as in mxfp4, a scale and a float term for every sixteen. */
#include "kernels/vec16/blocks32.h"
#include "reference/e2m1.h"
#include "reference/scale8.h"

/* Two sub-blocks: eight bytes each, whose low nibbles come before the high ones. */
GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    const gb_bytes2 nibble = gb_nibbles32(((const gb_block_nvfp4 *)block)->qs + 16 * i);
    const gb_bytes2 in_order = {
        {gb_v_low64s(nibble.val[0], nibble.val[1]), gb_v_high64s(nibble.val[0], nibble.val[1])}};
    return gb_levels32(gb_e2m1_doubled, in_order);
}

GB_INLINE float scale(const char *block, size_t term) {
    return gb_f32_from_ue4m3_half(((const gb_block_nvfp4 *)block)->d[term]);
}

static const gb_block32 kind = {
    .codes = codes, .scale = scale, .bytes = sizeof(gb_block_nvfp4), .range = GB_BELOW_64, .per = 2, .split = 1};
