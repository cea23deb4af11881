/* q5_1 in vectors of 64 bytes: q4_1 with the fifth bits of q5_0. */
#include "kernels/vec64/block32.h"

static const gb_nibble_format layout = {
    sizeof(gb_block_q5_1), offsetof(gb_block_q5_1, qs), offsetof(gb_block_q5_1, qh), NULL, 1, 0};
GB_NIBBLE_FORMAT(q5_1, layout, 0, 1, gb_gather_halves, gb_scale_f16, gb_row_scales)
