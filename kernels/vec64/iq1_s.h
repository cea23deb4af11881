/* iq1_s in vectors of 64 bytes. */
#include "kernels/vec64/iq1.h"

GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {
    const __m128i words = gb_load128(w + offsetof(gb_block_iq1_s, qh));
    const __m512i shifts = gb_iq1_fields(words, 0);
    gb_iq1_codes(w + offsetof(gb_block_iq1_s, qs), gb_iq1_fields(words, 3), _mm512_movepi16_mask(shifts), code);
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    const __m128i words = gb_load128(w + offsetof(gb_block_iq1_s, qh));
    const __m128i c = _mm_and_si128(_mm_srli_epi16(words, 12), _mm_set1_epi16(7));
    return gb_odd_scales(_mm_packus_epi16(c, c));
}

GB_IQ1_FORMAT(iq1_s)
