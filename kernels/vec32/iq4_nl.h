/* iq4_nl in vectors of 32 bytes: nibbles choose from a table of signed levels. */
#include "kernels/vec32/block32.h"
#include "kernels/vec32/levels.h"

GB_INLINE __m256i codes(const void *w, size_t i) {
    return gb_iq4_levels32(((const gb_block_iq4_nl *)w)[i].qs);
}

GB_INLINE __m128i half(const void *w, size_t i, size_t h) {
    const __m128i pairs = gb_load128(((const gb_block_iq4_nl *)w)[i].qs);
    return _mm_shuffle_epi8(gb_load128(gb_iq4_levels),
                            _mm_and_si128(h ? _mm_srli_epi16(pairs, 4) : pairs, _mm_set1_epi8(15)));
}

static const gb_byte_format format = {
    .bytes = sizeof(gb_block_iq4_nl), GB_SCALE_F16, .wide = 1, .codes = codes, .half = half};
