/* Shared by the kernels in vectors of 32 bytes: loads, transposes, horizontal sums, masks for the ends of float rows.
 */
#ifndef GB_VEC32_SIMD_H
#define GB_VEC32_SIMD_H

#include <immintrin.h>

#include "kernels/compiler.h"
#include "kernels/kernel.h"
#include "reference/number.h"

GB_INLINE __m256i gb_load256(const void *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}

GB_INLINE __m128i gb_load128(const void *p) {
    return _mm_loadu_si128((const __m128i *)p);
}

GB_INLINE void gb_store256(void *p, __m256i v) {
    _mm256_storeu_si256((__m256i *)p, v);
}

/* Keeps a running sum in one register: without it compilers reassociate or rotate the integer sums of an unrolled tile
 * until accumulators spill (gcc 12, clang 14: up to a third of the speed). No instruction is emitted. */
GB_INLINE __m256i gb_pin(__m256i v) {
    __asm__("" : "+x"(v));
    return v;
}

/* Four bytes at any address in all eight lanes. */
GB_INLINE __m256i gb_broadcast32(const void *p) {
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm256_set1_epi32(v);
}

GB_INLINE __m256 gb_broadcast_f32(const void *p) {
    return _mm256_set1_ps(gb_load_f32(p, 0));
}

GB_INLINE float gb_half(uint16_t h) {
    return _cvtsh_ss(h);
}

/* Nearest even, subnormals, overflow to infinity; for a NaN the payload is kept (callers pass none). */
GB_INLINE uint16_t gb_to_half(float x) {
    return (uint16_t)_cvtss_sh(x, 0);
}

/* f16 values at a stride of `stride` bytes, as eight floats. */
GB_INLINE __m256 gb_halves8(const void *p, size_t stride) {
    const char *c = p;
    __m128i h = _mm_cvtsi32_si128(gb_load_u16(c, 0));
    h = _mm_insert_epi16(h, gb_load_u16(c + stride, 0), 1);
    h = _mm_insert_epi16(h, gb_load_u16(c + 2 * stride, 0), 2);
    h = _mm_insert_epi16(h, gb_load_u16(c + 3 * stride, 0), 3);
    h = _mm_insert_epi16(h, gb_load_u16(c + 4 * stride, 0), 4);
    h = _mm_insert_epi16(h, gb_load_u16(c + 5 * stride, 0), 5);
    h = _mm_insert_epi16(h, gb_load_u16(c + 6 * stride, 0), 6);
    h = _mm_insert_epi16(h, gb_load_u16(c + 7 * stride, 0), 7);
    return _mm256_cvtph_ps(h);
}

/* Bytes at p, p + stride, ..., as dwords. */
GB_INLINE __m256i gb_bytes8(const void *p, size_t stride) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8; i++) word |= (uint64_t)((const uint8_t *)p)[i * stride] << 8 * i;
    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)word));
}

/* The first `count` lanes of eight; none for count <= 0. */
GB_INLINE __m256i gb_lane_mask(ptrdiff_t count) {
    const int n = count > 8 ? 8 : count < 0 ? 0 : (int)count;
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* 8 x 8 matrix of floats: m[i] lane j <-> m[j] lane i. */
GB_INLINE void gb_transpose8(__m256 m[8]) {
    const __m256 a0 = _mm256_unpacklo_ps(m[0], m[1]);
    const __m256 a1 = _mm256_unpackhi_ps(m[0], m[1]);
    const __m256 a2 = _mm256_unpacklo_ps(m[2], m[3]);
    const __m256 a3 = _mm256_unpackhi_ps(m[2], m[3]);
    const __m256 a4 = _mm256_unpacklo_ps(m[4], m[5]);
    const __m256 a5 = _mm256_unpackhi_ps(m[4], m[5]);
    const __m256 a6 = _mm256_unpacklo_ps(m[6], m[7]);
    const __m256 a7 = _mm256_unpackhi_ps(m[6], m[7]);
    const __m256 b0 = _mm256_shuffle_ps(a0, a2, 0x44);
    const __m256 b1 = _mm256_shuffle_ps(a0, a2, 0xee);
    const __m256 b2 = _mm256_shuffle_ps(a1, a3, 0x44);
    const __m256 b3 = _mm256_shuffle_ps(a1, a3, 0xee);
    const __m256 b4 = _mm256_shuffle_ps(a4, a6, 0x44);
    const __m256 b5 = _mm256_shuffle_ps(a4, a6, 0xee);
    const __m256 b6 = _mm256_shuffle_ps(a5, a7, 0x44);
    const __m256 b7 = _mm256_shuffle_ps(a5, a7, 0xee);
    m[0] = _mm256_permute2f128_ps(b0, b4, 0x20);
    m[1] = _mm256_permute2f128_ps(b1, b5, 0x20);
    m[2] = _mm256_permute2f128_ps(b2, b6, 0x20);
    m[3] = _mm256_permute2f128_ps(b3, b7, 0x20);
    m[4] = _mm256_permute2f128_ps(b0, b4, 0x31);
    m[5] = _mm256_permute2f128_ps(b1, b5, 0x31);
    m[6] = _mm256_permute2f128_ps(b2, b6, 0x31);
    m[7] = _mm256_permute2f128_ps(b3, b7, 0x31);
}

/* Lane i of the result = sum of the eight lanes of v[i]. */
GB_INLINE __m256i gb_sum8(const __m256i v[8]) {
    __m256i x[4]; /* lower half: v[i], upper half: v[i + 4] */
    for (int i = 0; i < 4; i++)
        x[i] =
            _mm256_add_epi32(_mm256_blend_epi32(v[i], v[i + 4], 0xf0), _mm256_permute2x128_si256(v[i], v[i + 4], 0x21));
    return _mm256_hadd_epi32(_mm256_hadd_epi32(x[0], x[1]), _mm256_hadd_epi32(x[2], x[3]));
}

/* Sixteen bytes of nibble pairs -> 32 codes: low nibbles in the lower half, high nibbles in the upper. */
GB_INLINE __m256i gb_nibbles32(const void *p) {
    const __m128i x = gb_load128(p);
    return _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(x, 4), x), _mm256_set1_epi8(15));
}

/* 32 bits, from byte `first` of both halves on -> ones in every byte whose bit is set: byte first + i / 8 of the bits
 * under byte i, which tests its own. */
GB_INLINE __m256i gb_bits32(__m256i bits, size_t first) {
    const __m256i order = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i mine = _mm256_set1_epi64x((long long)0x8040201008040201U);
    const __m256i under = _mm256_shuffle_epi8(bits, _mm256_add_epi8(order, _mm256_set1_epi8((char)first)));
    return _mm256_cmpeq_epi8(_mm256_and_si256(under, mine), mine);
}

/* 32 bits -> `value` in every byte whose bit is set. */
GB_INLINE __m256i gb_flags32(const void *p, char value) {
    return _mm256_and_si256(gb_bits32(gb_broadcast32(p), 0), _mm256_set1_epi8(value));
}

/* Sixteen-bit sums of neighbouring 8-bit pairs in the dword layout of the gemm tiles: every dword of eight bytes
 * becomes (sum of elements 0, 1 mod 4, sum of elements 2, 3 mod 4) of those; |sum| <= 4 * 128. */
GB_INLINE __m256i gb_pair_sums8(__m256i bytes) {
    const __m256i s = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
    return _mm256_add_epi16(s, _mm256_shuffle_epi32(s, 0xb1));
}

/* The same of the sixteen bytes of each 128-bit half; |sum| <= 8 * 128. */
GB_INLINE __m256i gb_pair_sums16(__m256i bytes) {
    const __m256i s = gb_pair_sums8(bytes);
    return _mm256_add_epi16(s, _mm256_shuffle_epi32(s, 0x4e));
}

/* Sum of 32 signed bytes. */
GB_INLINE int32_t gb_byte_sum32(__m256i bytes) {
    const __m256i s = _mm256_madd_epi16(gb_pair_sums16(bytes), _mm256_set1_epi16(1));
    return _mm256_extract_epi32(s, 0) + _mm256_extract_epi32(s, 4);
}

/* Four vectors of eight codes -> 32 bytes in order; keep: low byte of each lane, which must be -128..127 or 0..255. */
GB_INLINE __m256i gb_pack_order(__m256i bytes) {
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

#endif
