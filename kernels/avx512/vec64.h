/* The sums of products of kernels/vec64/ without VNNI: pairs of products have sixteen bits. */
#ifndef GB_AVX512_VEC64_H
#define GB_AVX512_VEC64_H

#include "kernels/vec64/simd.h"

/* sum + pairs of products of sixteen bits. */
GB_INLINE __m512i gb_add_pairs(__m512i sum, __m512i a, __m512i b) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
}

/* The same with the vector at p. */
GB_INLINE __m512i gb_add_pairs_at(__m512i sum, __m512i a, const void *p) {
    return gb_add_pairs(sum, a, gb_load512(p));
}

/* sum + four products each of unsigned codes, at most `most`, and signed bytes. Pairs fit sixteen bits up to 127:
 * 2 * 127 * 128. Above that, even bytes and odd ones are widened. */
GB_INLINE __m512i gb_add_bytes(__m512i sum, __m512i code, __m512i q, int most) {
    if (most <= 127) return gb_add_pairs(sum, _mm512_maddubs_epi16(code, q), _mm512_set1_epi16(1));
    const __m512i even = _mm512_and_si512(code, _mm512_set1_epi16(255));
    sum = gb_add_pairs(sum, even, _mm512_srai_epi16(_mm512_slli_epi16(q, 8), 8));
    return gb_add_pairs(sum, _mm512_srli_epi16(code, 8), _mm512_srai_epi16(q, 8));
}

/* The same of two vectors. */
GB_INLINE __m512i gb_add_two(__m512i sum, const __m512i code[2], __m512i q0, __m512i q1, int most) {
    if (most > 63) return gb_add_bytes(gb_add_bytes(sum, code[0], q0, most), code[1], q1, most);
    const __m512i pairs = _mm512_add_epi16(_mm512_maddubs_epi16(code[0], q0), _mm512_maddubs_epi16(code[1], q1));
    return gb_add_pairs(sum, pairs, _mm512_set1_epi16(1));
}

GB_INLINE __m256i gb_add_pairs32(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

GB_INLINE __m256i gb_add_bytes32(__m256i sum, __m256i code, __m256i q, int most) {
    if (most <= 127) return gb_add_pairs32(sum, _mm256_maddubs_epi16(code, q), _mm256_set1_epi16(1));
    const __m256i even = _mm256_and_si256(code, _mm256_set1_epi16(255));
    sum = gb_add_pairs32(sum, even, _mm256_srai_epi16(_mm256_slli_epi16(q, 8), 8));
    return gb_add_pairs32(sum, _mm256_srli_epi16(code, 8), _mm256_srai_epi16(q, 8));
}

/* sum + sums of four signed bytes each. */
GB_INLINE __m128i gb_sum_bytes16(__m128i sum, __m128i q) {
    return _mm_add_epi32(sum, _mm_madd_epi16(_mm_maddubs_epi16(_mm_set1_epi8(1), q), _mm_set1_epi16(1)));
}

/* Vectors of pairs of products that fit sixteen bits together. */
GB_INLINE size_t gb_run_of(int most) {
    return most <= 63 ? (size_t)(INT16_MAX / (2 * 128 * most)) : 1;
}

#endif
