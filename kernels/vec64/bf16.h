/* bf16 rows in vectors of 64 bytes: products can underflow in f32, so multiply and add stay separate. */
#include "kernels/vec64/lanes16.h"

/* Rounded numbers, their upper halves still in place; not of NaN. */
static inline __m512i rounded(__m512 x) {
    const __m512i u = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    return _mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd);
}

static inline __m256i to_bf16(__m512 x) {
    const __m512i quiet = _mm512_or_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x400000));
    const __m512i v = _mm512_mask_mov_epi32(rounded(x), _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), quiet);
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(v, 16));
}

/* Words to the upper halves of dwords: one instruction, where widening and a shift are two. */
GB_INLINE __m512 widen(__m256i h) {
    const __m512i upper = _mm512_set_epi16(15, 0, 14, 0, 13, 0, 12, 0, 11, 0, 10, 0, 9, 0, 8, 0, 7, 0, 6, 0, 5, 0, 4, 0,
                                           3, 0, 2, 0, 1, 0, 0, 0);
    return _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xaaaaaaaaU, upper, _mm512_castsi256_si512(h)));
}

GB_INLINE __m512 load(const void *p) {
    return widen(gb_load256(p));
}

GB_INLINE __m512 load_some(const void *p, __mmask16 lanes) {
    return widen(_mm256_maskz_loadu_epi16(lanes, p));
}

/* Looks for NaN in 32 elements at once. */
GB_INLINE void to_halves(const float *x, void *blocks, size_t n) {
    const __m512i uppers = _mm512_set_epi16(63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33, 31, 29, 27,
                                            25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    uint16_t *h = blocks; /* any address: only vector stores go through it */
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        const __m512 v[2] = {_mm512_loadu_ps(x + i), _mm512_loadu_ps(x + i + 16)};
        if (_mm512_cmp_ps_mask(v[0], v[1], _CMP_UNORD_Q) == 0) {
            _mm512_storeu_si512(h + i, _mm512_permutex2var_epi16(rounded(v[0]), uppers, rounded(v[1])));
            continue;
        }
        for (size_t j = 0; j < 2; j++) _mm256_storeu_si256((__m256i *)(void *)(h + i + 16 * j), to_bf16(v[j]));
    }
    for (; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        _mm256_mask_storeu_epi16(h + i, lanes, to_bf16(_mm512_maskz_loadu_ps(lanes, x + i)));
    }
}

static const gb_lanes16 format = {
    .bytes = sizeof(uint16_t), .load = load, .load_some = load_some, .madd = gb_madd_separate};
