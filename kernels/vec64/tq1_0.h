/* tq1_0 in vectors of 64 bytes: trits without scales, raised by 1. */
#include "kernels/vec64/gemm_flat.h"

/* Bytes times 3, modulo 256: the first trit is gone, the next takes its place. */
GB_INLINE __m256i next(__m256i v) {
    return _mm256_add_epi8(v, _mm256_add_epi8(v, v));
}

/* What times 3 carries out of a byte: 1 from 86 on, 2 from 171 on. */
GB_INLINE __m256i trit(__m256i v) {
    const __m256i one = _mm256_set1_epi8(1);
    const __m256i first = _mm256_min_epu8(_mm256_subs_epu8(v, _mm256_set1_epi8(85)), one);
    const __m256i second = _mm256_min_epu8(_mm256_subs_epu8(v, _mm256_set1_epi8((char)170)), one);
    return _mm256_add_epi8(first, second);
}

GB_INLINE __m512i join(__m256i low, __m256i high) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* The last four bytes, times 1, 3, 9, 27. */
GB_INLINE __m128i powers(const uint8_t *qh) {
    const __m256i bytes = _mm256_cvtepu8_epi16(_mm_set1_epi32((int)gb_load_u32(qh)));
    const __m256i factor = _mm256_setr_epi16(1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27);
    return _mm256_cvtepi16_epi8(_mm256_mullo_epi16(bytes, factor));
}

/* Five trits of 32 bytes; then those of sixteen, two at a time; the last of them and of the four bytes. In halves:
 * whole vectors would have to be put in order. */
GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {
    const gb_block_tq1_0 *b = (const gb_block_tq1_0 *)w;
    const __m128i x = gb_load128(b->qs + 32);
    __m256i v[8];
    v[0] = gb_load256(b->qs);
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) v[i + 1] = next(v[i]);
    v[5] = _mm256_inserti128_si256(_mm256_castsi128_si256(x), _mm_add_epi8(x, _mm_add_epi8(x, x)), 1);
    v[6] = next(next(v[5]));
    v[7] = _mm256_inserti128_si256(next(next(v[6])), powers(b->qh), 1);
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) code[i] = join(trit(v[2 * i]), trit(v[2 * i + 1]));
}

GB_SUPER_FORMAT(tq1_0, .sub = 32, .ones = 1, .order = {0, 1, 2, 3, 4, 5, 6, 7}, .by_rows = 1, .scales = gb_scales_one)

static const gb_flat flat = {.base = 1, .most = 2};

GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    gb_flat_unpack(&format, rows, at, out, step);
}

GB_FLAT_GEMM(tq1_0, 0)
