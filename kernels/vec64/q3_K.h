/* q3_K in vectors of 64 bytes. In the gemm values are multiplied by their scales when they are unpacked: 31 * -4 = -124
 * to -32 * -4 = 128, stored as bytes 0 .. 252. */
#include "kernels/vec64/gemm_flat.h"

enum { BASE = 124 };

GB_INLINE __m512i join(__m512i low, __m512i high) {
    const __m512i two = _mm512_set1_epi8(3);
    const __m512i top = _mm512_set1_epi8(4);
    return _mm512_or_si512(_mm512_and_si512(low, two), _mm512_and_si512(high, top));
}

/* Vector i: bits 2i, 2i + 1 of both halves of qs, bits i and 4 + i of hmask. */
GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {
    const __m512i q = gb_load512_once(w + offsetof(gb_block_q3_K, qs));
    const __m512i mask = _mm512_broadcast_i64x4(gb_load256(w + offsetof(gb_block_q3_K, hmask)));
    /* bits 0-3 of every byte: those of its half; what comes from the next byte lies above them */
    const __m512i h = _mm512_srlv_epi16(mask, _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi16(4), 1));
    code[0] = join(q, _mm512_slli_epi16(h, 2));
    code[1] = join(_mm512_srli_epi16(q, 2), _mm512_slli_epi16(h, 1));
    code[2] = join(_mm512_srli_epi16(q, 4), h);
    code[3] = join(_mm512_srli_epi16(q, 6), _mm512_srli_epi16(h, 1));
}

GB_INLINE void natural(const uint8_t *w, __m512i code[4]) {
    GB_UNROLL
    for (size_t v = 0; v < 4; v++)
        code[v] = gb_join_bits(gb_twice_shifted(w + offsetof(gb_block_q3_K, qs) + 32 * (v / 2), 2, v % 2), 3,
                               gb_bits_of_runs(w + offsetof(gb_block_q3_K, hmask), v, 2), 4);
}

/* Sixteen codes of six bits: nibbles of words 0 and 1, two bits each of word 2 on top. The load begins two bytes before
 * them, so as not to reach past the block. */
GB_INLINE gb_super_scales scales(const uint8_t *w) {
    const __m128i x = _mm_srli_si128(gb_load128(w + offsetof(gb_block_q3_K, scales) - 2), 2);
    const __m128i low = _mm_srlv_epi32(_mm_shuffle_epi32(x, 0x44), _mm_setr_epi32(0, 0, 4, 4));
    const __m128i top = _mm_rolv_epi32(_mm_shuffle_epi32(x, 0xaa), _mm_setr_epi32(4, 2, 0, 30));
    const __m128i code = _mm_or_si128(_mm_and_si128(low, _mm_set1_epi8(15)), _mm_and_si128(top, _mm_set1_epi8(48)));
    const __m128i sc = _mm_sub_epi8(code, _mm_set1_epi8(32));
    return (gb_super_scales){sc, sc};
}

GB_SUPER_FORMAT(q3_K, .sub = 16, .offset_log2 = 2, .order = {0, 4, 1, 5, 2, 6, 3, 7}, .natural = natural, .by_rows = 1,
                .scales = scales)

static const gb_flat flat = {.base = BASE, .most = 252};

/* The scale codes 0..63 of sixteen rows, and their d: sixteen bytes from two bytes before the scales on. */
GB_INLINE void load_scales(const uint8_t *const rows[GB_ROWS], size_t at, __m512i sc[4], __m512 *d) {
    const __m512i nibble = _mm512_set1_epi8(15);
    const __m512i top = _mm512_set1_epi8(48);
    __m512i v[4];
    gb_load_rows(rows, at + offsetof(gb_block_q3_K, scales) - 2, v);
    __m512i u[3];
    GB_UNROLL
    for (size_t i = 0; i < 3; i++) u[i] = _mm512_or_si512(_mm512_srli_epi32(v[i], 16), _mm512_slli_epi32(v[i + 1], 16));
    sc[0] = _mm512_or_si512(_mm512_and_si512(u[0], nibble), _mm512_and_si512(_mm512_slli_epi32(u[2], 4), top));
    sc[1] = _mm512_or_si512(_mm512_and_si512(u[1], nibble), _mm512_and_si512(_mm512_slli_epi32(u[2], 2), top));
    sc[2] = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi32(u[0], 4), nibble), _mm512_and_si512(u[2], top));
    sc[3] = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi32(u[1], 4), nibble),
                            _mm512_and_si512(_mm512_srli_epi32(u[2], 2), top));
    *d = gb_halves(_mm512_srli_epi32(v[3], 16));
}

/* Bit j of each byte at bit 2. */
GB_INLINE __m512i third_bit(__m512i h, size_t j) {
    return j < 2 ? _mm512_slli_epi16(h, (gb_shift16)(2 - j)) : _mm512_srli_epi16(h, (gb_shift16)(j - 2));
}

GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    __m512i sc[4];
    __m512 d;
    load_scales(rows, at, sc, &d);
    _mm512_storeu_ps(out + GB_QUADS * step, d);
    GB_UNROLL
    for (size_t s = 0; s < 2; s++) { /* the sixteens of 32 elements */
        __m512i h[4];
        gb_load_rows(rows, at + offsetof(gb_block_q3_K, hmask) + 16 * s, h);
        GB_UNROLL
        for (size_t half = 0; half < 2; half++) {
            __m512i v[4];
            gb_load_rows(rows, at + offsetof(gb_block_q3_K, qs) + 32 * half + 16 * s, v);
            GB_UNROLL
            for (size_t q = 0; q < 4; q++) {
                const size_t j = 8 * half + 2 * q + s;
                /* scale * code + (BASE - 4 * scale), two bytes at a time: each lies in 0 .. 252, so that nothing passes
                 * from the low byte to the high one */
                const __m512i scale = _mm512_sub_epi16(gb_both_halves(sc, j), _mm512_set1_epi16(32));
                const __m512i rest = _mm512_sub_epi16(_mm512_set1_epi16(BASE), _mm512_slli_epi16(scale, 2));
                const __m512i base = _mm512_or_si512(rest, _mm512_slli_epi16(rest, 8));
                GB_UNROLL
                for (size_t i = 0; i < 4; i++) {
                    const __m512i high = third_bit(h[i], 4 * half + q);
                    const __m512i code = join(_mm512_srli_epi16(v[i], (gb_shift16)(2 * q)), high);
                    _mm512_storeu_si512(out + (4 * j + i) * step,
                                        _mm512_add_epi16(_mm512_mullo_epi16(code, scale), base));
                }
            }
        }
    }
}

GB_FLAT_GEMM(q3_K, 0)
