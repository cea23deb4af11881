/* iq4_nl in vectors of 64 bytes: nibbles choose from a table of levels, which is raised by 128 to be unsigned; the 128
 * is taken back with the sum of the activation block. */
#include "kernels/vec64/block32.h"
#include "kernels/vec64/levels.h"

static const gb_nibble_format layout = {
    sizeof(gb_block_iq4_nl), offsetof(gb_block_iq4_nl, qs), 0, gb_iq4_raised, 1, 241};
GB_NIBBLE_FORMAT(iq4_nl, layout, 128, 0, gb_gather_halves, gb_scale_f16, gb_row_scales)
