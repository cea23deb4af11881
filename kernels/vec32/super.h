/* The K-quants (and, by lattice.h, i-quants) in vectors of 32 bytes: super-blocks of 256 codes that are the unsigned
 * operand of maddubs, with integer scales of sub-blocks. A format file unpacks codes and scales; all operations follow
 * from its descriptor. Here: the descriptor, what unpacking is made of, and dequantize; gemv and dot are in
 * gemv_super.h, gemm is in gemm_super.h. */
#ifndef GB_VEC32_SUPER_H
#define GB_VEC32_SUPER_H

#include "kernels/vec32/quant.h"

enum { GB_BLOCK = 256 };

/* Sixteen-bit integers of a block. sc: those of vector j of 32 codes, lower half: its first sixteen, upper half: its
 * last sixteen elements. by_sum: factors of the sums of activation codes in natural order, mins or (formats with an
 * offset) the scales once more. */
typedef struct {
    __m256i sc, by_sum;
} gb_super_scales;

typedef struct {
    size_t bytes, d_at, dmin_at; /* of a block; of its f16 scales */
    size_t mins;                 /* 8, 16, or 0: a value is its code minus `offset`, a power of two */
    int offset_log2;
    int levels; /* or codes are the values: signed bytes of at most 127; then the gemm is that of gemm_wide.h */
    size_t sub; /* elements of one 16-bit sum of the gemm: 32, or 16 where 32 do not fit or the scale changes, or 8 */
    size_t run; /* elements of one scale: 16, 32 */
    int small;  /* sums of a run, less the offset, fit sixteen bits */
    float unit; /* a power of two on the finished sum and on d * sc; 0: there is none */
    uint16_t (*d)(const void *block);                               /* where d is not at one place; otherwise NULL */
    void (*codes)(const void *block, size_t half, __m256i code[4]); /* 128 codes in natural order */
    gb_super_scales (*scales)(const void *block);
} gb_super;

GB_INLINE uint16_t gb_super_d(const gb_super *f, const void *block) {
    return f->d ? f->d(block) : gb_load_u16((const char *)block + f->d_at, 0);
}

/* Eight bytes of scales, then eight of mins (q4_K, q5_K): the layout of reference/kquant.c, four bytes a word. */
GB_INLINE gb_super_scales gb_scales_mins(const uint8_t packed[12]) {
    uint32_t u[3];
    memcpy(u, packed, sizeof u);
    const uint32_t high_sc = (u[2] & 0x0f0f0f0fU) | (u[0] >> 2 & 0x30303030U);
    const uint32_t high_mn = (u[2] >> 4 & 0x0f0f0f0fU) | (u[1] >> 2 & 0x30303030U);
    const __m128i bytes =
        _mm_set_epi32((int)high_mn, (int)(u[1] & 0x3f3f3f3fU), (int)high_sc, (int)(u[0] & 0x3f3f3f3fU));
    return (gb_super_scales){_mm256_broadcastsi128_si256(_mm_cvtepu8_epi16(bytes)),
                             _mm256_zextsi128_si256(_mm_cvtepu8_epi16(_mm_srli_si128(bytes, 8)))};
}

/* One signed byte per sixteen elements, in order: even ones below, odd ones above. */
GB_INLINE __m256i gb_scales16(__m128i bytes) {
    const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    return _mm256_cvtepi8_epi16(_mm_shuffle_epi8(bytes, order));
}

/* Bits 2i, 2i + 1 of 32 bytes are vector i. */
GB_INLINE void gb_two_bits(const void *bytes, __m256i code[4]) {
    const __m256i two = _mm256_set1_epi8(3);
    const __m256i x = gb_load256(bytes);
    code[0] = _mm256_and_si256(x, two);
    code[1] = _mm256_and_si256(_mm256_srli_epi16(x, 2), two);
    code[2] = _mm256_and_si256(_mm256_srli_epi16(x, 4), two);
    code[3] = _mm256_and_si256(_mm256_srli_epi16(x, 6), two);
}

/* For formats without sub-blocks: all scales are 1. */
GB_INLINE gb_super_scales gb_scales_one(const void *block) {
    (void)block;
    return (gb_super_scales){_mm256_set1_epi16(1), _mm256_set1_epi16(1)};
}

/* Sums of 32 activation codes, from the sums of sixteen: at most 4096. */
GB_INLINE __m128i gb_sums32(const gb_block_q8_K *a) {
    return _mm_hadd_epi16(gb_load128(a->bsums), gb_load128(a->bsums + 8));
}

/* --- dequantize */

/* scale * (float)v for sixteen integers. */
GB_INLINE void gb_scaled16(float scale, __m256i v, float out[16]) {
    const __m256 low = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(v)));
    const __m256 high = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_extracti128_si256(v, 1)));
    _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_set1_ps(scale), low));
    _mm256_storeu_ps(out + 8, _mm256_mul_ps(_mm256_set1_ps(scale), high));
}

GB_INLINE void gb_super_dequantize(const gb_super *f, const void *blocks, float *x, size_t n) {
    const char *b = blocks;
    const int8_t offset = (int8_t)(f->mins || f->levels ? 0 : 1 << f->offset_log2);
    for (size_t k = 0; k < n / GB_BLOCK; k++, b += f->bytes) {
        const gb_super_scales s = f->scales(b);
        int8_t q[GB_BLOCK];
        float ds[16];
        float dm[16];
        gb_scaled16(gb_half(gb_super_d(f, b)), s.sc, ds);
        if (f->mins) gb_scaled16(gb_half(gb_load_u16(b + f->dmin_at, 0)), s.by_sum, dm);
        for (size_t j = 0; f->unit > 0.0F && j < 16; j++) ds[j] = ds[j] * f->unit;
        for (size_t half = 0; half < 2; half++) {
            __m256i code[4];
            f->codes(b, half, code);
            for (size_t i = 0; i < 4; i++)
                gb_store256(q + 128 * half + 32 * i, _mm256_sub_epi8(code[i], _mm256_set1_epi8(offset)));
        }
        for (size_t j = 0; j < 16; j++, x += 16) {
            for (size_t i = 0; i < 16; i += 8) {
                __m256 v = _mm256_mul_ps(_mm256_set1_ps(ds[j / 2 + j % 2 * 8]), gb_floats8_s8(q + 16 * j + i));
                if (f->mins) v = _mm256_sub_ps(v, _mm256_set1_ps(dm[f->mins == 16 ? j : j / 2]));
                _mm256_storeu_ps(x + i, v);
            }
        }
    }
}

/* dequantize of a format from its descriptor `format`. */
#define GB_SUPER_DEQUANTIZE(name, isa)                                                                                 \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        gb_super_dequantize(&format, blocks, x, n);                                                                    \
    }

#endif
