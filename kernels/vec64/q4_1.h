/* q4_1 in vectors of 64 bytes: codes are unsigned already, and the minimum meets the sum that q8_1 holds. */
#include "kernels/vec64/block32.h"

static const gb_nibble_format layout = {sizeof(gb_block_q4_1), offsetof(gb_block_q4_1, qs), 0, NULL, 1, 0};
GB_NIBBLE_FORMAT(q4_1, layout, 0, 1, gb_gather_halves, gb_scale_f16, gb_row_scales)
