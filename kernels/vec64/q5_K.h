/* q5_K in vectors of 64 bytes: q4_K and a fifth bit. */
#include "kernels/vec64/gemm_scaled.h"

/* low's nibbles with, above them, the bits of high that `top` (0x10 in every byte) selects. */
GB_INLINE __m512i join(__m512i low, __m512i high) {
    const __m512i nibble = _mm512_set1_epi8(15);
    const __m512i top = _mm512_set1_epi8(16);
    return _mm512_or_si512(_mm512_and_si512(low, nibble), _mm512_and_si512(high, top));
}

/* Elements as q4_K's. Sub-block j has bit j of qh, which goes to bit 4: other shifts in the two halves of a vector. */
GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {
    const __m512i h = _mm512_broadcast_i64x4(gb_load256(w + offsetof(gb_block_q5_K, qh)));
    const __m512i left[2] = {_mm512_inserti64x4(_mm512_set1_epi16(4), _mm256_set1_epi16(2), 1),
                             _mm512_inserti64x4(_mm512_set1_epi16(3), _mm256_set1_epi16(1), 1)};
    const __m512i right[2] = {_mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi16(2), 1),
                              _mm512_inserti64x4(_mm512_set1_epi16(1), _mm256_set1_epi16(3), 1)};
    const __m512i q0 = gb_load512(w + offsetof(gb_block_q5_K, qs));
    const __m512i q1 = gb_load512(w + offsetof(gb_block_q5_K, qs) + 64);
    code[0] = join(q0, _mm512_sllv_epi16(h, left[0]));
    code[1] = join(_mm512_srli_epi16(q0, 4), _mm512_sllv_epi16(h, left[1]));
    code[2] = join(q1, _mm512_srlv_epi16(h, right[0]));
    code[3] = join(_mm512_srli_epi16(q1, 4), _mm512_srlv_epi16(h, right[1]));
}

GB_INLINE void natural(const uint8_t *w, __m512i code[4]) {
    GB_UNROLL
    for (size_t v = 0; v < 4; v++)
        code[v] = gb_join_bits(gb_twice_shifted(w + offsetof(gb_block_q5_K, qs) + 32 * v, 4, 0), 15,
                               gb_bits_of_runs(w + offsetof(gb_block_q5_K, qh), v, 4), 16);
}

GB_NIBBLES_K_FORMAT(q5_K)

static const gb_scaled scaled = {.subs = 8, .part = 4, .bias_log2 = 4, .most = 31};

/* Bit j of each byte at bit 4. */
GB_INLINE __m512i fifth_bit(__m512i h, size_t j) {
    return j < 4 ? _mm512_slli_epi16(h, (gb_shift16)(4 - j)) : _mm512_srli_epi16(h, (gb_shift16)(j - 4));
}

GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    GB_UNROLL
    for (size_t s = 0; s < 2; s++) { /* the two sixteens of a sub-block */
        __m512i h[4];
        gb_load_rows(rows, at + offsetof(gb_block_q5_K, qh) + 16 * s, h);
        GB_UNROLL
        for (size_t c = 0; c < 4; c++) {
            __m512i v[4];
            gb_load_rows(rows, at + offsetof(gb_block_q5_K, qs) + 32 * c + 16 * s, v);
            uint8_t *low = gb_scaled_at(&scaled, out, step, 16 * c + 4 * s);
            GB_UNROLL
            for (size_t i = 0; i < 4; i++) {
                _mm512_storeu_si512(low + i * step, join(v[i], fifth_bit(h[i], 2 * c)));
                _mm512_storeu_si512(low + (9 + i) * step, join(_mm512_srli_epi16(v[i], 4), fifth_bit(h[i], 2 * c + 1)));
            }
        }
    }
    gb_panel_scales s;
    gb_load_panel_scales(rows, at, &s);
    gb_scaled_mins(&scaled, &s, out, step);
}

GB_SCALED_GEMM(q5_K, 8, 4)
