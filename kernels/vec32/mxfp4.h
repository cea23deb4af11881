/* mxfp4 in vectors of 32 bytes: nibbles choose from a table of levels, raised by 12 to be the unsigned operand of
 * maddubs. */
#include "kernels/vec32/block32.h"
#include "kernels/vec32/levels.h"
#include "kernels/vec32/scale8.h"

GB_INLINE __m256i codes(const void *w, size_t i) {
    return gb_e2m1_raised(gb_nibbles32(((const gb_block_mxfp4 *)w)[i].qs));
}

GB_INLINE __m256 scales(const void *w, size_t stride) {
    return gb_e8m0_half(gb_bytes8(w, stride));
}

GB_INLINE __m256 row_scales(const char *const row[8], size_t offset) {
    return gb_e8m0_half(gb_row_bytes8(row, offset));
}

GB_INLINE float scale(const void *at) {
    return gb_f32_from_e8m0_half(*(const uint8_t *)at);
}

static const gb_byte_format format = {.bytes = sizeof(gb_block_mxfp4),
                                      .per = 1,
                                      .offset = GB_E2M1_LARGEST,
                                      .codes = codes,
                                      .scales = scales,
                                      .row_scales = row_scales,
                                      .scale = scale};
