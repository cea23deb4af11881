/* The sums of products of kernels/vec32/ with AVX2, which adds in a step of its own. */
#ifndef GB_AVX2_VEC32_H
#define GB_AVX2_VEC32_H

#include "kernels/vec32/simd.h"

/* sum + pairs of products of sixteen bits. */
GB_INLINE __m256i gb_add_pairs(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

/* sum + four products each of unsigned codes below 128 and signed bytes: pairs are at most 2 * 127 * 128. */
GB_INLINE __m256i gb_add_bytes(__m256i sum, __m256i code, __m256i q) {
    return gb_add_pairs(sum, _mm256_maddubs_epi16(code, q), _mm256_set1_epi16(1));
}

/* Sums of bytes stay in sixteen bits as long as they fit; columns of a tile of super-blocks; the gemm of blocks of 32.
 */
enum { GB_SUMS_BYTES = 0, GB_K_COLS = 2 };
#define GB_BYTE_GEMM GB_BYTE_GEMM_WIDE

#endif
