/* q4_0 in vectors of 64 bytes. Codes 0..15 are the unsigned operand of gb_add_bytes(); the 8 is taken back with the sum
 * of the activation block. */
#include "kernels/vec64/block32.h"

static const gb_nibble_format layout = {sizeof(gb_block_q4_0), offsetof(gb_block_q4_0, qs), 0, NULL, 1, 0};
GB_NIBBLE_FORMAT(q4_0, layout, 8, 0, gb_gather_halves, gb_scale_f16, gb_row_scales)
