/* The sums of products of kernels/vec64/ with VNNI, which adds as it multiplies. */
#ifndef GB_AVX512VNNI_VEC64_H
#define GB_AVX512VNNI_VEC64_H

#include "kernels/vec64/simd.h"

/* sum + four products each of unsigned codes, at most `most`, and signed bytes. */
GB_INLINE __m512i gb_add_bytes(__m512i sum, __m512i code, __m512i q, int most) {
    (void)most;
    return _mm512_dpbusd_epi32(sum, code, q);
}

/* The same of two vectors. */
GB_INLINE __m512i gb_add_two(__m512i sum, const __m512i code[2], __m512i q0, __m512i q1, int most) {
    return gb_add_bytes(gb_add_bytes(sum, code[0], q0, most), code[1], q1, most);
}

/* sum + sums of four signed bytes each. */
GB_INLINE __m128i gb_sum_bytes16(__m128i sum, __m128i q) {
    return _mm_dpbusd_epi32(sum, _mm_set1_epi8(1), q);
}

GB_INLINE __m256i gb_add_bytes32(__m256i sum, __m256i code, __m256i q, int most) {
    (void)most;
    return _mm256_dpbusd_epi32(sum, code, q);
}

/* sum + pairs of products of sixteen bits. */
GB_INLINE __m512i gb_add_pairs(__m512i sum, __m512i a, __m512i b) {
    return _mm512_dpwssd_epi32(sum, a, b);
}

/* The same with the vector at p. As assembly, because gcc 12 copies the accumulator of the intrinsic back and forth in
 * loops and, short of registers, reads other operands again and again. */
GB_INLINE __m512i gb_add_pairs_at(__m512i sum, __m512i a, const void *p) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "m"(*(const __m512i_u *)p));
    return sum;
}

/* Vectors of products that are summed before they have 32 bits. */
GB_INLINE size_t gb_run_of(int most) {
    (void)most;
    return 1;
}

#endif
