/* iq4_nl with VNNI: nibbles choose from a table of levels, which is raised by 128 to be unsigned; the 128 is taken back
 * with the sum of the activation block. */
#include "kernels/avx512vnni/block32.h"

/* levels -127 -104 -83 -65 -49 -35 -22 -10 1 13 25 38 53 69 89 113, each + 128 */
GB_INLINE __m512i levels(__m512i nibbles) {
    const __m128i table = _mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, (char)129, (char)141, (char)153, (char)166,
                                        (char)181, (char)197, (char)217, (char)241);
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), nibbles);
}

static const gb_nibble_format layout = {sizeof(gb_block_iq4_nl), offsetof(gb_block_iq4_nl, qs), 0, levels};
GB_NIBBLE_KERNELS(iq4_nl, layout, 128, 0, gb_gather_halves, gb_scale_f16, gb_row_scales)
