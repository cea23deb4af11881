/* q2_K in vectors of 64 bytes. In the gemm codes are multiplied by their scales when they are unpacked: at most 3 * 15
 * = 45. */
#include "kernels/vec64/gemm_flat.h"

GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {
    gb_two_bits(w + offsetof(gb_block_q2_K, qs), code);
}

GB_INLINE void natural(const uint8_t *w, __m512i code[4]) {
    gb_two_bits_natural(w + offsetof(gb_block_q2_K, qs), code);
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    const __m128i x = gb_load128(w + offsetof(gb_block_q2_K, scales));
    const __m128i nibble = _mm_set1_epi8(15);
    return (gb_super_scales){_mm_and_si128(x, nibble), _mm_and_si128(_mm_srli_epi16(x, 4), nibble)};
}

GB_SUPER_FORMAT(q2_K, .sub = 16, .mins = 1, .order = {0, 4, 1, 5, 2, 6, 3, 7}, .natural = natural, .by_rows = 1,
                .scales = scales)

static const gb_flat flat = {.mins = 1, .most = 45};

GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    const __m512i nibble = _mm512_set1_epi8(15);
    const __m512i two = _mm512_set1_epi8(3);
    __m512i both[4];
    __m512i sc[4];
    __m512i d[4]; /* in the last vector */
    gb_load_rows(rows, at + offsetof(gb_block_q2_K, scales), both);
    gb_load_rows(rows, at + offsetof(gb_block_q2_K, d) - 12, d);
    uint8_t *tail = out + GB_QUADS * step;
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        const __m512i mn = _mm512_and_si512(_mm512_srli_epi16(both[i], 4), nibble);
        sc[i] = _mm512_and_si512(both[i], nibble);
        _mm512_storeu_si512(tail + 2 * i * step, gb_byte_pair(mn, 0));
        _mm512_storeu_si512(tail + (2 * i + 1) * step, gb_byte_pair(mn, 1));
    }
    _mm512_storeu_ps(tail + 8 * step, gb_halves(d[3]));
    _mm512_storeu_ps(tail + 9 * step, gb_halves(_mm512_srli_epi32(d[3], 16)));
    GB_UNROLL
    for (size_t k = 0; k < 4; k++) { /* 16 bytes of a half: one sub-block of each quarter */
        __m512i v[4];
        gb_load_rows(rows, at + offsetof(gb_block_q2_K, qs) + 16 * k, v);
        GB_UNROLL
        for (size_t q = 0; q < 4; q++) {
            const size_t j = k / 2 * 8 + 2 * q + k % 2;
            const __m512i scale = gb_both_halves(sc, j);
            GB_UNROLL
            for (size_t i = 0; i < 4; i++) {
                const __m512i code = _mm512_and_si512(_mm512_srli_epi16(v[i], (gb_shift16)(2 * q)), two);
                /* two bytes at a time: neither product passes its byte */
                _mm512_storeu_si512(out + (4 * j + i) * step, _mm512_mullo_epi16(code, scale));
            }
        }
    }
}

GB_FLAT_GEMM(q2_K, 1)
