/* The eight-bit scales of reference/scale8.h, sixteen at a time: bytes 0..255 in dwords, halved as there. */
#ifndef GB_VEC64_SCALE8_H
#define GB_VEC64_SCALE8_H

#include "kernels/vec64/simd.h"

/* 2^(e - 128): below e = 2 a subnormal number. */
GB_INLINE __m512 gb_e8m0_half(__m512i e) {
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i normal = _mm512_slli_epi32(_mm512_sub_epi32(e, one), 23);
    const __mmask16 small = _mm512_cmple_epi32_mask(e, one);
    return _mm512_castsi512_ps(_mm512_mask_sllv_epi32(normal, small, _mm512_set1_epi32(0x200000), e));
}

/* Exponents are raised in place; exponent 0 counts steps of 2^-10; 0x7f alone is 0. */
GB_INLINE __m512 gb_ue4m3_half(__m512i b) {
    const __m512i bits = _mm512_and_si512(b, _mm512_set1_epi32(0x7f));
    const __m512i normal = _mm512_add_epi32(_mm512_slli_epi32(bits, 20), _mm512_set1_epi32((127 - 8) << 23));
    const __m512 small = _mm512_mul_ps(_mm512_cvtepi32_ps(bits), _mm512_set1_ps(0x1p-10F));
    const __mmask16 subnormal = _mm512_cmplt_epi32_mask(bits, _mm512_set1_epi32(8));
    const __mmask16 number = _mm512_cmpneq_epi32_mask(b, _mm512_set1_epi32(0x7f));
    return _mm512_maskz_mov_ps(number, _mm512_mask_mov_ps(_mm512_castsi512_ps(normal), subnormal, small));
}

#endif
