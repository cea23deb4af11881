/* q8_0 in vectors of 32 bytes. Codes are widened to 16 bits before they are multiplied: maddubs would saturate or wrap
 * at -128. */
#include "kernels/vec32/block32.h"

GB_INLINE __m128i half(const void *w, size_t i, size_t h) {
    return gb_load128(((const gb_block_q8_0 *)w)[i].qs + 16 * h);
}

GB_INLINE __m256i codes(const void *w, size_t i) {
    return gb_load256(((const gb_block_q8_0 *)w)[i].qs);
}

static const gb_byte_format format = {
    .bytes = sizeof(gb_block_q8_0), GB_SCALE_F16, .wide = 1, .codes = codes, .half = half};
