/* gemm of gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4: panels of unsigned codes and minus the zeros of the rows, which
 * meet the sums of the activations: at most 255 * 32 * 128 < 2^20 either way. */
#ifndef GB_VEC64_GROUPED_GEMM_H
#define GB_VEC64_GROUPED_GEMM_H

#include "kernels/vec64/terms.h"

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

/* 32 codes at `at` -> eight vectors: of nibbles in sixteen bytes, ... */
GB_INLINE void nibbles(void (*order)(__m512i v, __m512i four[2]), const uint8_t *const row[GB_ROWS], size_t at,
                       uint8_t *out, size_t step) {
    __m512i v[4];
    gb_load_rows(row, at, v);
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        __m512i four[2];
        order(v[i], four);
        _mm512_storeu_si512(out + 2 * i * step, four[0]);
        _mm512_storeu_si512(out + (2 * i + 1) * step, four[1]);
    }
}

/* ... of bytes. */
GB_INLINE void whole_bytes(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    GB_UNROLL
    for (size_t half = 0; half < 2; half++) {
        __m512i v[4];
        gb_load_rows(row, at + 16 * half, v);
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) _mm512_storeu_si512(out + (4 * half + i) * step, v[i]);
    }
}

/* Behind the codes: scales, and minus the zeros in the low halves of lanes. */
GB_INLINE void scales_zeros(__m512 d, __m512i zero, uint8_t *out, size_t step) {
    const __m512i minus = _mm512_sub_epi32(_mm512_setzero_si512(), zero);
    _mm512_storeu_ps(out + 8 * step, d);
    _mm512_storeu_si512(out + 9 * step, _mm512_and_si512(minus, _mm512_set1_epi32(0xffff)));
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

/* unpack of a group of 128: d, zero, codes, of which `term_bytes` are a term. */
#define GROUP(name, term_bytes, unpack_term)                                                                           \
    GB_INLINE void name##_unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step) {            \
        const __m512 d = gb_row_scales(row, at);                                                                       \
        const __m512i zero = row_bytes(row, at + offsetof(gb_block_##name, zero));                                     \
        for (size_t u = 0; u < 4; u++, out += 10 * step) {                                                             \
            const size_t codes = at + offsetof(gb_block_##name, qs) + (term_bytes)*u;                                  \
            unpack_term;                                                                                               \
            scales_zeros(d, zero, out, step);                                                                          \
        }                                                                                                              \
    }

GROUP(gptq4, 16, nibbles(pairs, row, codes, out, step))
GROUP(gptq8, 32, whole_bytes(row, codes, out, step))
GROUP(awq4, 16, nibbles(woven, row, codes, out, step))

GB_INLINE void mlc_q4f16_1_unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    nibbles(pairs, row, at + offsetof(gb_block_mlc_q4f16_1, qs), out, step);
    scales_zeros(gb_row_scales(row, at), _mm512_set1_epi32(7), out, step);
}

GB_INLINE void onnx_q4_unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    const __m512i zero = row_bytes(row, at + offsetof(gb_block_onnx_q4, zero));
    nibbles(pairs, row, at + offsetof(gb_block_onnx_q4, qs), out, step);
    scales_zeros(row_floats(row, at), _mm512_and_si512(zero, _mm512_set1_epi32(15)), out, step);
}

#define GB_GROUPED_GEMM(name, isa, terms, most)                                                                        \
    GB_INLINE void name##_pack(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {                           \
        gb_pack_terms(col, at, terms, 0, -1, out);                                                                     \
    }                                                                                                                  \
    GB_INLINE void name##_multiply(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups,            \
                                   __m512 acc[GB_GROUPS][GB_COLS]) {                                                   \
        gb_multiply32(panel, tile, blocks *(terms), groups, 8, GB_ZEROS, most, acc);                                   \
    }                                                                                                                  \
    void gb_##name##_gemm_##isa(const gb_gemm_args *g) {                                                               \
        static const gb_tile tile = {.elems = 32 * (terms),                                                            \
                                     .w_bytes = sizeof(gb_block_##name),                                               \
                                     .a_bytes = sizeof(gb_block_q8_0) * (terms),                                       \
                                     .panel_bytes = GB_PANEL32_ZEROS * (terms),                                        \
                                     .tile_bytes = GB_TILE32 * (terms),                                                \
                                     .unpack = name##_unpack,                                                          \
                                     .pack = name##_pack,                                                              \
                                     .multiply = name##_multiply};                                                     \
        gb_gemm_tiles(&tile, g);                                                                                       \
    }

/* gptq8's codes of eight bits are for tiers with VNNI. */
#define GB_GROUPED_NIBBLES_GEMM(isa)                                                                                   \
    GB_GROUPED_GEMM(gptq4, isa, 4, 15)                                                                                 \
    GB_GROUPED_GEMM(awq4, isa, 4, 15)                                                                                  \
    GB_GROUPED_GEMM(mlc_q4f16_1, isa, 1, 15)                                                                           \
    GB_GROUPED_GEMM(onnx_q4, isa, 1, 15)

#endif
