/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 on AMX: unsigned codes; a row's zero, times the sum of the activation
 * block, is taken off its sum: at most 255 * 32 * 128 < 2^20 either way. */
#include "kernels/amx_int8/gemm_terms.h"

/* Eight elements of a dword as four and four bytes: nibbles in order, ... */
GB_INLINE void pairs(__m512i v, __m512i four[2]) {
    const __m512i half = _mm512_set1_epi32(0xffff);
    GB_UNROLL
    for (size_t i = 0; i < 2; i++) {
        const __m512i x = i ? _mm512_srli_epi32(v, 16) : _mm512_and_si512(v, half);
        const __m512i bytes = _mm512_and_si512(_mm512_or_si512(x, _mm512_slli_epi32(x, 8)), _mm512_set1_epi16(0xff));
        four[i] = _mm512_and_si512(_mm512_or_si512(bytes, _mm512_slli_epi32(bytes, 4)), _mm512_set1_epi8(15));
    }
}

/* ... and elements 0 2 4 6 1 3 5 7. */
GB_INLINE void woven(__m512i v, __m512i four[2]) {
    GB_UNROLL
    for (size_t i = 0; i < 2; i++) {
        const __m512i x = i ? _mm512_srli_epi32(v, 8) : v;
        const __m512i first = _mm512_and_si512(x, _mm512_set1_epi32(0x0000000f));
        const __m512i second = _mm512_and_si512(_mm512_srli_epi32(x, 8), _mm512_set1_epi32(0x00000f00));
        const __m512i third = _mm512_and_si512(_mm512_slli_epi32(x, 12), _mm512_set1_epi32(0x000f0000));
        const __m512i fourth = _mm512_and_si512(_mm512_slli_epi32(x, 4), _mm512_set1_epi32(0x0f000000));
        four[i] = _mm512_or_si512(_mm512_or_si512(first, second), _mm512_or_si512(third, fourth));
    }
}

/* 32 codes at `at`, of nibbles in sixteen bytes. */
GB_INLINE void nibbles(void (*order)(__m512i v, __m512i four[2]), const uint8_t *const row[GB_ROWS], size_t at,
                       uint8_t *panel) {
    __m512i v[4];
    gb_load_rows(row, at, v);
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        __m512i four[2];
        order(v[i], four);
        _mm512_storeu_si512(panel + 128 * i, four[0]);
        _mm512_storeu_si512(panel + 128 * i + 64, four[1]);
    }
}

GB_INLINE void bytes(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *panel) {
    GB_UNROLL
    for (size_t half = 0; half < 2; half++) {
        __m512i v[4];
        gb_load_rows(row, at + 16 * half, v);
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) _mm512_storeu_si512(panel + 256 * half + 64 * i, v[i]);
    }
}

/* Minus the zeros, in the low halves of lanes. */
GB_INLINE void scales_zeros(__m512 d, __m512i zero, uint8_t *panel) {
    const __m512i minus = _mm512_sub_epi32(_mm512_setzero_si512(), zero);
    _mm512_storeu_ps(panel + 512, d);
    _mm512_storeu_si512(panel + 576, _mm512_and_si512(minus, _mm512_set1_epi32(0xffff)));
}

/* Byte `at` of sixteen rows. */
GB_INLINE __m512i row_bytes(const uint8_t *const row[GB_ROWS], size_t at) {
    uint8_t byte[GB_ROWS];
    GB_UNROLL
    for (size_t i = 0; i < GB_ROWS; i++) byte[i] = row[i][at];
    return _mm512_cvtepu8_epi32(gb_load128(byte));
}

GB_INLINE __m512 row_floats(const uint8_t *const row[GB_ROWS], size_t at) {
    float d[GB_ROWS];
    GB_UNROLL
    for (size_t i = 0; i < GB_ROWS; i++) memcpy(&d[i], row[i] + at, sizeof d[i]);
    return _mm512_loadu_ps(d);
}

enum { TERM = GB_TERMS_PANEL(32, GB_TERMS_ZERO), TERMS = 4 };

#define QS(name) offsetof(gb_block_##name, qs)

/* A group of 128: d, zero, codes. */
#define GROUP(name, term_bytes, unpack_term)                                                                           \
    const __m512 d = gb_row_scales(row, at);                                                                           \
    const __m512i zero = row_bytes(row, at + offsetof(gb_block_##name, zero));                                         \
    for (size_t u = 0; u < TERMS; u++, panel += TERM) {                                                                \
        const size_t codes = at + QS(name) + (term_bytes)*u;                                                           \
        unpack_term;                                                                                                   \
        scales_zeros(d, zero, panel);                                                                                  \
    }

GB_AMX_TERMS_OF(gptq4, avx2, TERMS, 32, GB_TERMS_ZERO, GROUP(gptq4, 16, nibbles(pairs, row, codes, panel)))
GB_AMX_TERMS_OF(gptq8, avx2, TERMS, 32, GB_TERMS_ZERO, GROUP(gptq8, 32, bytes(row, codes, panel)))
GB_AMX_TERMS_OF(awq4, avx2, TERMS, 32, GB_TERMS_ZERO, GROUP(awq4, 16, nibbles(woven, row, codes, panel)))
GB_AMX_TERMS_OF(mlc_q4f16_1, avx2, 1, 32, GB_TERMS_ZERO, {
    nibbles(pairs, row, at + QS(mlc_q4f16_1), panel);
    scales_zeros(gb_row_scales(row, at), _mm512_set1_epi32(7), panel);
})
GB_AMX_TERMS_OF(onnx_q4, avx2, 1, 32, GB_TERMS_ZERO, {
    const __m512i zero = row_bytes(row, at + offsetof(gb_block_onnx_q4, zero));
    nibbles(pairs, row, at + QS(onnx_q4), panel);
    scales_zeros(row_floats(row, at), _mm512_and_si512(zero, _mm512_set1_epi32(15)), panel);
})
