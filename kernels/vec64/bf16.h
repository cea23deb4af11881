/* bf16 rows in vectors of 64 bytes: products can underflow in f32, so multiply and add stay apart where they might. */
#include "kernels/vec64/lanes16.h"

/* Nearest even; a NaN keeps its upper half and is made quiet. */
GB_INLINE __m256i to_bf16(__m512 x) {
    const __m512i u = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd);
    const __m512i quiet = _mm512_or_si512(u, _mm512_set1_epi32(0x400000));
    const __m512i v = _mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), quiet);
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(v, 16));
}

/* The same of two vectors of numbers, in words: the upper half, and one more where the lower half is above 0x8000, or
 * equal and the upper one odd. */
GB_INLINE __m512i numbers_bf16(__m512 x, __m512 y) {
    const __m512i lowers = _mm512_set_epi16(62, 60, 58, 56, 54, 52, 50, 48, 46, 44, 42, 40, 38, 36, 34, 32, 30, 28, 26,
                                            24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i uppers = _mm512_add_epi16(lowers, _mm512_set1_epi16(1));
    const __m512i a = _mm512_castps_si512(x);
    const __m512i b = _mm512_castps_si512(y);
    const __m512i upper = _mm512_permutex2var_epi16(a, uppers, b);
    const __m512i lower = _mm512_permutex2var_epi16(a, lowers, b);
    const __m512i even = _mm512_andnot_si512(upper, _mm512_set1_epi16(1));
    return _mm512_add_epi16(upper, _mm512_srli_epi16(_mm512_subs_epu16(lower, even), 15));
}

enum { STEP = 8 }; /* vectors in which NaN is looked for at once */

GB_INLINE void step(const float *x, const __m512 v[], int nan, uint16_t *h) {
    GB_UNROLL
    for (size_t j = 0; j < STEP; j += 2) _mm512_storeu_si512(h + 16 * j, numbers_bf16(v[j], v[j + 1]));
    if (nan)
        for (size_t j = 0; j < STEP; j++)
            _mm256_storeu_si256((__m256i *)(void *)(h + 16 * j), to_bf16(_mm512_loadu_ps(x + 16 * j)));
}

GB_INLINE void to_halves(const float *x, void *blocks, size_t n) {
    gb_convert_row(x, blocks, n, STEP, step, to_bf16);
}

/* Words to the upper halves of dwords, the order of the words given: one instruction, where widening and a shift are
 * two. */
GB_INLINE __m512 widen(__m256i h, __m512i order) {
    return _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xaaaaaaaaU, order, _mm512_castsi256_si512(h)));
}

GB_INLINE __m512i in_order(void) {
    return _mm512_set_epi16(15, 0, 14, 0, 13, 0, 12, 0, 11, 0, 10, 0, 9, 0, 8, 0, 7, 0, 6, 0, 5, 0, 4, 0, 3, 0, 2, 0, 1,
                            0, 0, 0);
}

/* If clang knows the order, it makes a shuffle of two registers of this, which takes twice as long. */
GB_INLINE __m512 load(const void *p) {
    __m512i order = in_order();
    __asm__("" : "+v"(order));
    return widen(gb_load256(p), order);
}

GB_INLINE __m512 load_some(const void *p, __mmask16 lanes) {
    return widen(_mm256_maskz_loadu_epi16(lanes, p), in_order());
}

/* Is every element 0 or of a magnitude from 2^-64 to below 2^63? Products of two such, of sixteen significant bits, lie
 * between 2^-142 (the last bit) and 2^126: exact in f32. */
GB_INLINE int tame(const uint8_t *row, size_t n) {
    __m512i least = _mm512_set1_epi16(-1);
    __m512i most = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += 32) {
        const __mmask32 words = n - i < 32 ? (1U << (n - i)) - 1 : UINT32_MAX;
        const __m512i v = _mm512_maskz_loadu_epi16(words, row + 2 * i);
        const __m512i magnitude = _mm512_add_epi16(v, v); /* the sign goes; 0 wraps when 1 is taken off */
        most = _mm512_max_epu16(most, magnitude);
        least = _mm512_min_epu16(least, _mm512_sub_epi16(magnitude, _mm512_set1_epi16(1)));
    }
    return _mm512_cmplt_epu16_mask(least, _mm512_set1_epi16((63 << 8) - 1)) == 0 &&
           _mm512_cmpge_epu16_mask(most, _mm512_set1_epi16((int16_t)(190 << 8))) == 0;
}

static const gb_lanes16 format = {
    .bytes = sizeof(uint16_t), .load = load, .load_some = load_some, .madd = gb_madd_separate, .tame = tame};
