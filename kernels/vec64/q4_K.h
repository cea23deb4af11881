/* q4_K in vectors of 64 bytes. */
#include "kernels/vec64/gemm_scaled.h"

/* The low nibbles of two chunks, then their high ones. */
GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {
    const __m512i nibble = _mm512_set1_epi8(15);
    GB_UNROLL
    for (size_t i = 0; i < 2; i++) {
        const __m512i q = gb_load512_once(w + offsetof(gb_block_q4_K, qs) + 64 * i);
        code[2 * i] = _mm512_and_si512(q, nibble);
        code[2 * i + 1] = _mm512_and_si512(_mm512_srli_epi16(q, 4), nibble);
    }
}

GB_INLINE void natural(const uint8_t *w, __m512i code[4]) {
    GB_UNROLL
    for (size_t v = 0; v < 4; v++)
        code[v] =
            _mm512_and_si512(gb_twice_shifted(w + offsetof(gb_block_q4_K, qs) + 32 * v, 4, 0), _mm512_set1_epi8(15));
}

GB_NIBBLES_K_FORMAT(q4_K)

static const gb_scaled scaled = {.subs = 8, .part = 8, .bias_log2 = 3, .most = 15};

GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    const __m512i nibble = _mm512_set1_epi8(15);
    for (size_t k = 0; k < 8; k++) { /* 16 bytes of each row: 16 elements of two sub-blocks */
        __m512i v[4];
        gb_load_rows(rows, at + offsetof(gb_block_q4_K, qs) + 16 * k, v);
        uint8_t *low = gb_scaled_at(&scaled, out, step, k / 2 * 16 + k % 2 * 4);
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) {
            _mm512_storeu_si512(low + i * step, _mm512_and_si512(v[i], nibble));
            _mm512_storeu_si512(low + (9 + i) * step, _mm512_and_si512(_mm512_srli_epi16(v[i], 4), nibble));
        }
    }
    gb_panel_scales s;
    gb_load_panel_scales(rows, at, &s);
    gb_scaled_mins(&scaled, &s, out, step);
}

GB_SCALED_GEMM(q4_K, 8, 8)
