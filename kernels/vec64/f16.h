/* f16 rows in vectors of 64 bytes, both sides widened to f32. */
#include "kernels/vec64/lanes16.h"

/* Into a register: compilers merge the conversion with the store, and to memory it takes longer on Zen 4. */
GB_INLINE __m256i convert(__m512 x) {
    __m256i h = _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
    __asm__("" : "+v"(h));
    return h;
}

/* The conversion keeps NaN payloads; the format is defined as sign | 7e00. */
GB_INLINE __m256i to_f16(__m512 x) {
    const __m256i h = convert(x);
    const __m256i nan =
        _mm256_or_si256(_mm256_and_si256(h, _mm256_set1_epi16((short)0x8000)), _mm256_set1_epi16(0x7e00));
    return _mm256_mask_mov_epi16(h, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), nan);
}

enum { STEP = 4 }; /* vectors in which NaN is looked for at once */

GB_INLINE void step(const float *x, const __m512 v[], int nan, uint16_t *h) {
    (void)x;
    GB_UNROLL
    for (size_t j = 0; j < STEP; j++)
        _mm256_storeu_si256((__m256i *)(void *)(h + 16 * j), nan ? to_f16(v[j]) : convert(v[j]));
}

GB_INLINE void to_halves(const float *x, void *blocks, size_t n) {
    gb_convert_row(x, blocks, n, STEP, step, to_f16);
}

/* The product of two f16 (11 + 11 significant bits, exponents far inside the f32 range) is exact in f32. */
static const gb_lanes16 format = {
    .bytes = sizeof(uint16_t), .load = gb_load_f16x16, .load_some = gb_load_some_f16x16, .madd = gb_madd_fused};
