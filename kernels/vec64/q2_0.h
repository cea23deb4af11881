/* q2_0 in vectors of 64 bytes. Codes 0..3; the 1 is taken back with the sum of the activation block. */
#include "kernels/vec64/terms.h"

enum { BLOCK = 64, TERMS = 2 };

GB_INLINE void dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q2_0 *b = blocks;
    const __m512i lane = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    for (size_t k = 0; k < n / BLOCK; k++) {
        const __m512 d = _mm512_set1_ps(gb_half(b[k].d));
        GB_UNROLL
        for (size_t i = 0; i < 4; i++, x += 16) {
            const __m512i bits = _mm512_srlv_epi32(gb_broadcast32(b[k].qs + 4 * i), lane);
            const __m512i code = _mm512_and_si512(bits, _mm512_set1_epi32(3));
            const __m512i value = _mm512_sub_epi32(code, _mm512_set1_epi32(1));
            _mm512_storeu_ps(x, _mm512_mul_ps(_mm512_cvtepi32_ps(value), d));
        }
    }
}

/* Plane t: every fourth element, from t on. */
GB_INLINE void place(gb_act32 *act, size_t b, const int8_t *qs) {
    const __m256i within = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 0, 4, 8, 12, 1, 5, 9,
                                            13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m256i by_four = _mm256_shuffle_epi8(gb_load256(qs), within);
    const __m256i planes = _mm256_permutevar8x32_epi32(by_four, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    uint8_t codes[32];
    _mm256_storeu_si256((__m256i *)codes, planes);
    for (size_t t = 0; t < 4; t++) memcpy(gb_plane(act, t, b), codes + 8 * t, 8);
}

GB_INLINE __m512i load(const uint8_t *w, size_t v) {
    const gb_block_q2_0 *b = (const gb_block_q2_0 *)w + 4 * v;
    __m512i q = _mm512_castsi128_si512(gb_load128(b[0].qs));
    q = _mm512_inserti32x4(q, gb_load128(b[1].qs), 1);
    q = _mm512_inserti32x4(q, gb_load128(b[2].qs), 2);
    return _mm512_inserti32x4(q, gb_load128(b[3].qs), 3);
}

GB_INLINE __m512i code(__m512i bytes, size_t t) {
    return _mm512_and_si512(_mm512_srli_epi16(bytes, (gb_shift16)(2 * t)), _mm512_set1_epi8(3));
}

GB_INLINE __m512i sums(const uint8_t *w, const gb_act32 *act, size_t b) {
    static const gb_eights eights = {4, load, code};
    return gb_sums_eights(&eights, w, act, b);
}

GB_INLINE __m512 scales(const void *p, size_t stride) {
    return gb_repeat_halves(p, stride, TERMS);
}

static const gb_block32 format = {
    .bytes = sizeof(gb_block_q2_0), .per = TERMS, .code_offset = 1, .place = place, .sums = sums, .scales = scales};

/* A byte's four codes to the four bytes of its dword. */
GB_INLINE __m512i spread(__m512i byte) {
    const __m512i two = _mm512_or_si512(byte, _mm512_slli_epi32(byte, 12));
    return _mm512_and_si512(_mm512_or_si512(two, _mm512_slli_epi32(two, 6)), _mm512_set1_epi8(3));
}

GB_INLINE __m512i unpack_term(const __m512i rows[4], size_t u, size_t i) {
    const __m512i byte = _mm512_srli_epi32(rows[2 * u + i / 4], (unsigned)(i % 4 * 8));
    return spread(_mm512_and_si512(byte, _mm512_set1_epi32(0xff)));
}

GB_INLINE void unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    gb_unpack_terms(unpack_term, TERMS, row, at, out, step);
}

GB_TERM_GEMM(q2_0, TERMS, 0, 3)
