/* q6_K in vectors of 64 bytes. Two bits of qh go above each nibble of ql by shifts of whole vectors: the 32 bytes of qh
 * of a half serve its four quarters, each shifted otherwise. */
#include "kernels/vec64/gemm_scaled.h"

/* low's nibbles with, above them, two bits of high. Shifts act on 16-bit lanes; what crosses a byte is masked away. */
GB_INLINE __m512i join(__m512i low, __m512i high) {
    const __m512i nibble = _mm512_set1_epi8(15);
    const __m512i top = _mm512_set1_epi8(0x30);
    return _mm512_or_si512(_mm512_and_si512(low, nibble), _mm512_and_si512(high, top));
}

/* Natural order: quarters 0 and 1 of a half, quarters 2 and 3. The bytes of qh serve both halves of a vector, shifted
 * by different amounts. */
GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {
    const __m512i left = _mm512_inserti64x4(_mm512_set1_epi16(4), _mm256_set1_epi16(2), 1);
    const __m512i right = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi16(2), 1);
    GB_UNROLL
    for (size_t half = 0; half < 2; half++) {
        const __m512i q = gb_load512_once(w + offsetof(gb_block_q6_K, ql) + 64 * half);
        const __m512i h = _mm512_broadcast_i64x4(gb_load256(w + offsetof(gb_block_q6_K, qh) + 32 * half));
        code[2 * half] = join(q, _mm512_sllv_epi16(h, left));
        code[2 * half + 1] = join(_mm512_srli_epi16(q, 4), _mm512_srlv_epi16(h, right));
    }
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    const __m128i sc = gb_load128(w + offsetof(gb_block_q6_K, scales));
    return (gb_super_scales){sc, sc};
}

GB_SUPER_FORMAT(q6_K, .sub = 16, .offset_log2 = 5, .order = {0, 1, 2, 3, 4, 5, 6, 7}, .by_rows = 1, .unaided = 1,
                .scales = scales)

static const gb_scaled scaled = {.subs = 16, .part = 2, .bias_log2 = 5, .most = 63};

GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    for (size_t k = 0; k < 4; k++) { /* 16 bytes of ql twice, 16 of qh: one sub-block of each quarter */
        const size_t ql = at + offsetof(gb_block_q6_K, ql) + k / 2 * 64 + k % 2 * 16;
        __m512i a[4];
        __m512i b[4];
        __m512i h[4];
        gb_load_rows(rows, ql, a);
        gb_load_rows(rows, ql + 32, b);
        gb_load_rows(rows, at + offsetof(gb_block_q6_K, qh) + k * 16, h);
        uint8_t *to = gb_scaled_at(&scaled, out, step, (k / 2 * 8 + k % 2) * 4);
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) {
            _mm512_storeu_si512(to + i * step, join(a[i], _mm512_slli_epi16(h[i], 4)));
            _mm512_storeu_si512(to + (10 + i) * step, join(b[i], _mm512_slli_epi16(h[i], 2)));
            _mm512_storeu_si512(to + (20 + i) * step, join(_mm512_srli_epi16(a[i], 4), h[i]));
            _mm512_storeu_si512(to + (30 + i) * step, join(_mm512_srli_epi16(b[i], 4), _mm512_srli_epi16(h[i], 2)));
        }
    }
    gb_panel_scales s;
    gb_load_rows(rows, at + offsetof(gb_block_q6_K, scales), s.sc);
    s.d = gb_row_scales(rows, at + offsetof(gb_block_q6_K, d));
    gb_scaled_signed(&scaled, &s, out, step);
}

GB_SCALED_GEMM(q6_K, 16, 2)
