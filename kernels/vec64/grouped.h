/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 in vectors of 64 bytes: unsigned codes; what each group takes off them is
 * taken off its sum with that of the activation block. 32 products of 255 * 128 and 255 times 32 * 128 fit 32 bits many
 * times over. gemm: grouped_gemm.h. */
#include "kernels/vec64/nibbles.h"
#include "kernels/vec64/spread.h"

/* --- activations: first what meets the low nibbles of a block, then what meets the high ones
 * -------------------------- */

/* low, high: which of sixteen elements. */
GB_INLINE void place_by(gb_act32 *act, size_t b, const int8_t *qs, __m128i order) {
    const __m256i sorted = _mm256_shuffle_epi8(gb_load256(qs), _mm256_broadcastsi128_si256(order));
    const __m256i halves = _mm256_permute4x64_epi64(sorted, 0xd8);
    _mm_storeu_si128((__m128i *)(act->q + 16 * b), _mm256_castsi256_si128(halves));
    _mm_storeu_si128((__m128i *)(act->q + 16 * (GB_SPAN + b)), _mm256_extracti128_si256(halves, 1));
}

GB_INLINE void place_pairs(gb_act32 *act, size_t b, const int8_t *qs) {
    place_by(act, b, qs, _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15));
}

/* A word of awq4 holds the elements 0 2 4 6 1 3 5 7. */
GB_INLINE void place_awq(gb_act32 *act, size_t b, const int8_t *qs) {
    place_by(act, b, qs, _mm_setr_epi8(0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15));
}

/* --- scales and zeros of sixteen terms
 * -------------------------------------------------------------------------------- */

/* The first four bytes of four blocks, each for four terms: f16 scale, zero, a code. */
GB_INLINE __m512i heads(const void *p, size_t stride) {
    const uint8_t *at = p;
    const __m128i four = _mm_setr_epi32((int)gb_load_u32(at), (int)gb_load_u32(at + stride),
                                        (int)gb_load_u32(at + 2 * stride), (int)gb_load_u32(at + 3 * stride));
    const __m512i block = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    return _mm512_permutexvar_epi32(block, _mm512_castsi128_si512(four));
}

GB_INLINE __m512 head_scales(const void *p, size_t stride) {
    return gb_halves(heads(p, stride));
}

GB_INLINE __m512i head_zeros(const void *p, size_t stride) {
    return _mm512_and_si512(_mm512_srli_epi32(heads(p, stride), 16), _mm512_set1_epi32(0xff));
}

GB_INLINE __m512 onnx_scales(const void *p, size_t stride) {
    return _mm512_castsi512_ps(gb_gather_dwords(p, stride));
}

GB_INLINE __m512i onnx_zeros(const void *p, size_t stride) {
    const uint8_t *zero = (const uint8_t *)p + offsetof(gb_block_onnx_q4, zero);
    return _mm512_and_si512(gb_gather_dwords(zero, stride), _mm512_set1_epi32(15));
}

/* --- sums
 * ------------------------------------------------------------------------------------------------------------- */

static const gb_nibble_format four_runs = {
    sizeof(gb_block_gptq4), offsetof(gb_block_gptq4, qs), 0, NULL, 4, 0}; /* awq4 too */
static const gb_nibble_format mlc = {sizeof(gb_block_mlc_q4f16_1), offsetof(gb_block_mlc_q4f16_1, qs), 0, NULL, 1, 0};
static const gb_nibble_format onnx = {sizeof(gb_block_onnx_q4), offsetof(gb_block_onnx_q4, qs), 0, NULL, 1, 0};

GB_INLINE __m512i four_runs_sums(const uint8_t *w, const gb_act32 *act, size_t b) {
    return gb_sums_nibbles(&four_runs, w, act, b);
}

GB_INLINE __m512i mlc_sums(const uint8_t *w, const gb_act32 *act, size_t b) {
    return gb_sums_nibbles(&mlc, w, act, b);
}

GB_INLINE __m512i onnx_sums(const uint8_t *w, const gb_act32 *act, size_t b) {
    return gb_sums_nibbles(&onnx, w, act, b);
}

/* Two terms a vector. */
GB_INLINE __m512i byte_sums(const uint8_t *w, const gb_act32 *act, size_t b) {
    __m512i s[8];
    GB_UNROLL
    for (size_t i = 0; i < 8; i++) {
        const __m512i code = w ? gb_load512(((const gb_block_gptq8 *)w)[i / 2].qs + i % 2 * 64) : _mm512_set1_epi8(1);
        s[i] = gb_add_bytes(_mm512_setzero_si512(), code, gb_load512(act->q + 32 * (b + 2 * i)), 255);
    }
    return gb_sum_halves(s);
}

/* --- decoding
 * --------------------------------------------------------------------------------------------------------- */

/* x = (code - zero) * d of sixteen elements. */
GB_INLINE void store(float *x, __m512i code, int zero, float d) {
    const __m512 value = _mm512_cvtepi32_ps(_mm512_sub_epi32(code, _mm512_set1_epi32(zero)));
    _mm512_storeu_ps(x, _mm512_mul_ps(value, _mm512_set1_ps(d)));
}

GB_INLINE void decode_nibbles(const uint8_t *qs, size_t n, __m512i shift, int zero, float d, float *x) {
    for (size_t i = 0; i < n; i += 16)
        store(x + i, _mm512_and_si512(gb_spread_dwords(qs + i / 2, shift), _mm512_set1_epi32(15)), zero, d);
}

GB_INLINE void decode_pairs(const uint8_t *qs, size_t n, int zero, float d, float *x) {
    const __m512i shift = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
    decode_nibbles(qs, n, shift, zero, d, x);
}

GB_INLINE void decode_awq(const uint8_t *qs, size_t n, int zero, float d, float *x) {
    const __m512i shift = _mm512_setr_epi32(0, 16, 4, 20, 8, 24, 12, 28, 0, 16, 4, 20, 8, 24, 12, 28);
    decode_nibbles(qs, n, shift, zero, d, x);
}

GB_INLINE void decode_bytes(const uint8_t *qs, size_t n, int zero, float d, float *x) {
    for (size_t i = 0; i < n; i += 16) store(x + i, _mm512_cvtepu8_epi32(gb_load128(qs + i)), zero, d);
}

/* elems: of a block b; zero_, scale_: of it. */
#define GROUPED(name, elems, decode, zero_, scale_, ...)                                                               \
    static const gb_block32 name##_block = {.bytes = sizeof(gb_block_##name), .per = (elems) / 32, __VA_ARGS__};       \
    GB_INLINE void name##_dequantize(const void *blocks, float *x, size_t n) {                                         \
        const gb_block_##name *b = blocks;                                                                             \
        for (size_t k = 0; k < n; k += (elems), b++) decode(b->qs, elems, zero_, scale_, x + k);                       \
    }

GROUPED(gptq4, 128, decode_pairs, b->zero, gb_half(b->d), .code_offset = 1, .place = place_pairs,
        .sums = four_runs_sums, .scales = head_scales, .zeros = head_zeros)
GROUPED(gptq8, 128, decode_bytes, b->zero, gb_half(b->d), .bytes_wide = 1, .code_offset = 1, .place = gb_place_in_order,
        .sums = byte_sums, .scales = head_scales, .zeros = head_zeros)
GROUPED(awq4, 128, decode_awq, b->zero, gb_half(b->d), .code_offset = 1, .place = place_awq, .sums = four_runs_sums,
        .scales = head_scales, .zeros = head_zeros)
GROUPED(mlc_q4f16_1, 32, decode_pairs, 7, gb_half(b->d), .code_offset = 7, .place = place_pairs, .sums = mlc_sums,
        .scales = gb_gather_halves)
GROUPED(onnx_q4, 32, decode_pairs, b->zero & 15, b->d, .code_offset = 1, .place = place_pairs, .sums = onnx_sums,
        .scales = onnx_scales, .zeros = onnx_zeros)

#define GB_GROUPED_DEQUANTIZE(name, isa)                                                                               \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        name##_dequantize(blocks, x, n);                                                                               \
    }
#define GB_GROUPED_KERNELS(name, isa) GB_BLOCK32_DOTS(name, isa, name##_block)

/* by: one of them */
#define GB_ALL_GROUPED(by, isa) by(gptq4, isa) by(gptq8, isa) by(awq4, isa) by(mlc_q4f16_1, isa) by(onnx_q4, isa)
