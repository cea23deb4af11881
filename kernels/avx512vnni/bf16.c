/* bf16 rows: products can underflow in f32, so multiply and add stay separate. */
#include "kernels/avx512vnni/lanes16.h"

static inline __m256i to_bf16(__m512 x) {
    const __m512i u = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(u, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __m512i quiet = _mm512_or_si512(u, _mm512_set1_epi32(0x400000));
    const __m512i v = _mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), quiet);
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(v, 16));
}

GB_INLINE __m512 widen(__m256i h) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}

GB_INLINE __m512 load(const void *p) {
    return widen(gb_load256(p));
}

GB_INLINE __m512 load_some(const void *p, __mmask16 lanes) {
    return widen(_mm256_maskz_loadu_epi16(lanes, p));
}

void gb_bf16_quantize_act_avx512vnni(const float *x, void *blocks, size_t n) {
    uint16_t *h = blocks; /* any address: only vector stores go through it */
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        _mm256_mask_storeu_epi16(h + i, lanes, to_bf16(_mm512_maskz_loadu_ps(lanes, x + i)));
    }
}

void gb_bf16_dequantize_avx512vnni(const void *blocks, float *x, size_t n) {
    const uint16_t *h = blocks;
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        _mm512_mask_storeu_ps(x + i, lanes, load_some(h + i, lanes));
    }
}

static const gb_lanes16 format = {
    .bytes = sizeof(uint16_t), .load = load, .load_some = load_some, .madd = gb_madd_separate};

float gb_bf16_dot_avx512vnni(const void *w, const void *a, size_t n) {
    return gb_lanes_dot(&format, w, a, n);
}

void gb_bf16_gemv_avx512vnni(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_lanes_gemv(&format, w, w_stride, rows, a, n, y);
}

void gb_bf16_gemm_avx512vnni(const gb_gemm_args *g) {
    gb_lanes_gemm(&format, g);
}
