/* The sums of products of kernels/vec32/ with AVX-VNNI, which adds as it multiplies, in 32 bits. */
#ifndef GB_AVXVNNI_VEC32_H
#define GB_AVXVNNI_VEC32_H

#include "kernels/vec32/simd.h"

#ifdef GB_STAND_IN

/* The same sums with AVX2: bytes, even and odd ones, in sixteen bits. */
GB_INLINE __m256i gb_add_pairs(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

GB_INLINE __m256i gb_add_bytes(__m256i sum, __m256i code, __m256i q) {
    const __m256i even = _mm256_and_si256(code, _mm256_set1_epi16(255));
    const __m256i odd = _mm256_srli_epi16(code, 8);
    sum = gb_add_pairs(sum, even, _mm256_srai_epi16(_mm256_slli_epi16(q, 8), 8));
    return gb_add_pairs(sum, odd, _mm256_srai_epi16(q, 8));
}

#else

/* sum + pairs of products of sixteen bits. */
GB_INLINE __m256i gb_add_pairs(__m256i sum, __m256i a, __m256i b) {
    return _mm256_dpwssd_avx_epi32(sum, a, b);
}

/* sum + four products each of unsigned codes and signed bytes, any of them. */
GB_INLINE __m256i gb_add_bytes(__m256i sum, __m256i code, __m256i q) {
    return _mm256_dpbusd_avx_epi32(sum, code, q);
}

#endif

/* Sums of bytes have 32 bits; columns of a tile of super-blocks; the gemm of blocks of 32. */
enum { GB_SUMS_BYTES = 1, GB_K_COLS = 4 };
#define GB_BYTE_GEMM GB_BYTE_GEMM_BYTES

#endif
