/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 in vectors of 32 bytes: what each group takes off its codes is taken off
 * its sum with that of the activation block. */
#include "kernels/vec32/block32.h"

/* --- codes in order
 * --------------------------------------------------------------------------------------------------- */

/* Low nibbles between high ones. */
GB_INLINE __m256i pairs(const uint8_t *qs) {
    const __m256i apart = gb_nibbles32(qs);
    const __m128i low = _mm256_castsi256_si128(apart);
    const __m128i high = _mm256_extracti128_si256(apart, 1);
    return _mm256_set_m128i(_mm_unpackhi_epi8(low, high), _mm_unpacklo_epi8(low, high));
}

GB_INLINE __m256i gptq4_codes(const void *w, size_t i) {
    return pairs(((const gb_block_gptq4 *)w)[i / 4].qs + i % 4 * 16);
}

/* A word of awq4 holds the elements 0 2 4 6 1 3 5 7. */
GB_INLINE __m256i awq4_codes(const void *w, size_t i) {
    const __m128i order = _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    const __m256i words = pairs(((const gb_block_awq4 *)w)[i / 4].qs + i % 4 * 16);
    return _mm256_shuffle_epi8(words, _mm256_broadcastsi128_si256(order));
}

GB_INLINE __m256i mlc_codes(const void *w, size_t i) {
    return pairs(((const gb_block_mlc_q4f16_1 *)w)[i].qs);
}

GB_INLINE __m256i onnx_codes(const void *w, size_t i) {
    return pairs(((const gb_block_onnx_q4 *)w)[i].qs);
}

/* Bytes 0..255 lowered by 128, and so are their zeros. */
GB_INLINE __m256i gptq8_codes(const void *w, size_t i) {
    return _mm256_xor_si256(gb_load256(((const gb_block_gptq8 *)w)[i / 4].qs + i % 4 * 32), _mm256_set1_epi8(INT8_MIN));
}

GB_INLINE __m128i gptq8_half(const void *w, size_t i, size_t h) {
    const uint8_t *qs = ((const gb_block_gptq8 *)w)[i / 4].qs + i % 4 * 32 + 16 * h;
    return _mm_xor_si128(gb_load128(qs), _mm_set1_epi8(INT8_MIN));
}

/* --- scales and zeros
 * ------------------------------------------------------------------------------------------------- */

GB_INLINE int head_zero(const void *w) {
    return ((const uint8_t *)w)[offsetof(gb_block_gptq4, zero)];
}

GB_INLINE int gptq8_zero(const void *w) {
    return head_zero(w) - 128;
}

GB_INLINE __m256i two_zeros(int first, int second) {
    return _mm256_set_m128i(_mm_set1_epi32(second), _mm_set1_epi32(first));
}

GB_INLINE __m256i head_zeros(const void *w, size_t stride) {
    return two_zeros(head_zero(w), head_zero((const char *)w + stride));
}

GB_INLINE __m256i gptq8_zeros(const void *w, size_t stride) {
    return two_zeros(gptq8_zero(w), gptq8_zero((const char *)w + stride));
}

GB_INLINE float onnx_scale(const void *at) {
    return gb_load_f32(at, 0);
}

GB_INLINE __m256 onnx_row_scales(const char *const row[8], size_t offset) {
    float d[8];
    for (size_t r = 0; r < 8; r++) d[r] = onnx_scale(row[r] + offset);
    return _mm256_loadu_ps(d);
}

GB_INLINE __m256 onnx_scales(const void *w, size_t stride) {
    float d[8];
    for (size_t i = 0; i < 8; i++) d[i] = onnx_scale((const char *)w + i * stride);
    return _mm256_loadu_ps(d);
}

GB_INLINE int onnx_zero(const void *w) {
    return ((const gb_block_onnx_q4 *)w)->zero & 15;
}

GB_INLINE __m256i onnx_zeros(const void *w, size_t stride) {
    const __m256i zero = gb_bytes8((const char *)w + offsetof(gb_block_onnx_q4, zero), stride);
    return _mm256_and_si256(zero, _mm256_set1_epi32(15));
}

/* --- the formats
 * ------------------------------------------------------------------------------------------------------ */

static const gb_byte_format gptq4 = {.bytes = sizeof(gb_block_gptq4),
                                     GB_SCALE_F16_BY_4,
                                     .offset = 1,
                                     .codes = gptq4_codes,
                                     .zeros = head_zeros,
                                     .zero = head_zero};
static const gb_byte_format gptq8 = {.bytes = sizeof(gb_block_gptq8),
                                     GB_SCALE_F16_BY_4,
                                     .wide = 1,
                                     .codes = gptq8_codes,
                                     .half = gptq8_half,
                                     .zeros = gptq8_zeros,
                                     .zero = gptq8_zero};
static const gb_byte_format awq4 = {.bytes = sizeof(gb_block_awq4),
                                    GB_SCALE_F16_BY_4,
                                    .offset = 1,
                                    .codes = awq4_codes,
                                    .zeros = head_zeros,
                                    .zero = head_zero};
static const gb_byte_format mlc = {
    .bytes = sizeof(gb_block_mlc_q4f16_1), GB_SCALE_F16, .offset = 7, .codes = mlc_codes};
static const gb_byte_format onnx = {.bytes = sizeof(gb_block_onnx_q4),
                                    .per = 1,
                                    .offset = 1,
                                    .codes = onnx_codes,
                                    .scales = onnx_scales,
                                    .row_scales = onnx_row_scales,
                                    .scale = onnx_scale,
                                    .zeros = onnx_zeros,
                                    .zero = onnx_zero};

/* by: GB_BYTE_KERNELS or GB_BYTE_DEQUANTIZE */
#define GB_ALL_GROUPED(by, isa)                                                                                        \
    by(gptq4, isa, gptq4) by(gptq8, isa, gptq8) by(awq4, isa, awq4) by(mlc_q4f16_1, isa, mlc) by(onnx_q4, isa, onnx)
