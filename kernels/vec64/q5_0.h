/* q5_0 in vectors of 64 bytes: the fifth bits of four blocks are a mask register of 64 bits. Codes 0..31; the 16 is
 * taken back with the sum of the activation block. */
#include "kernels/vec64/block32.h"

static const gb_nibble_format layout = {
    sizeof(gb_block_q5_0), offsetof(gb_block_q5_0, qs), offsetof(gb_block_q5_0, qh), NULL, 1, 0};
GB_NIBBLE_FORMAT(q5_0, layout, 16, 0, gb_gather_halves, gb_scale_f16, gb_row_scales)
