/* Formats whose 32 codes lie in sixteen bytes of nibble pairs (element j low, j + 16 high), perhaps with fifth bits or
 * through a table of levels. Four blocks make one vector of first halves and one of second halves. */
#ifndef GB_VEC64_NIBBLES_H
#define GB_VEC64_NIBBLES_H

#include "kernels/vec64/dot_block32.h"
#include "kernels/vec64/gemm_block32.h"

/* The low or the high nibble of every byte. */
GB_INLINE __m512i gb_low_nibbles(__m512i q) {
    return _mm512_and_si512(q, _mm512_set1_epi8(15));
}

GB_INLINE __m512i gb_high_nibbles(__m512i q) {
    return gb_low_nibbles(_mm512_srli_epi16(q, 4));
}

/* A nibble format: `bytes` a block, its pairs at `qs`. The codes that gb_add_bytes() gets are unsigned: code_of maps
 * nibbles to them, the fifth bits at `qh` (0: none) are added. */
typedef struct gb_nibble_format {
    size_t bytes, qs, qh;
    __m512i (*code_of)(__m512i nibbles); /* NULL: the nibble is the code */
    size_t per;                          /* runs of sixteen bytes in a block: 1, or 4 */
    int most;                            /* the largest code that code_of gives */
} gb_nibble_format;

GB_INLINE int gb_most_nibble(const gb_nibble_format *f) {
    return f->code_of ? f->most : f->qh ? 31 : 15;
}

/* All first halves of the span's blocks, then all second halves. */
GB_INLINE void gb_place_halves(gb_act32 *act, size_t b, const int8_t *qs) {
    memcpy(act->q + 16 * b, qs, 16);
    memcpy(act->q + 16 * (GB_SPAN + b), qs + 16, 16);
}

/* Fifth bits of four blocks: bit i of a block's 32 belongs to element i. */
GB_INLINE void gb_add_fifth_bits(const gb_nibble_format *f, const uint8_t *block, __m512i *low, __m512i *high) {
    uint64_t first = 0;
    uint64_t second = 0;
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        const uint64_t bits = gb_load_u32(block + i * f->bytes + f->qh);
        first |= (bits & 0xffffU) << 16 * i;
        second |= (bits >> 16) << 16 * i;
    }
    const __m512i sixteen = _mm512_set1_epi8(16);
    *low = _mm512_mask_add_epi8(*low, first, *low, sixteen);
    *high = _mm512_mask_add_epi8(*high, second, *high, sixteen);
}

/* Sixteen bytes of each of four blocks. */
GB_INLINE __m512i gb_four_blocks(const uint8_t *qs, size_t bytes) {
    __m512i q = _mm512_castsi128_si512(gb_load128(qs));
    q = _mm512_inserti32x4(q, gb_load128(qs + bytes), 1);
    q = _mm512_inserti32x4(q, gb_load128(qs + 2 * bytes), 2);
    return _mm512_inserti32x4(q, gb_load128(qs + 3 * bytes), 3);
}

/* Lane i = the sum of term b + i, unsigned codes. */
GB_INLINE __m512i gb_sums_nibbles(const gb_nibble_format *f, const uint8_t *w, const gb_act32 *act, size_t b) {
    __m512i s[4];
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        __m512i low = _mm512_set1_epi8(1);
        __m512i high = low;
        if (w) {
            const uint8_t *block = w + 4 * i / f->per * f->bytes;
            const uint8_t *qs = block + f->qs;
            const __m512i q = f->per == 4 ? gb_load512(qs) : gb_four_blocks(qs, f->bytes);
            low = gb_low_nibbles(q);
            high = gb_high_nibbles(q);
            if (f->code_of) {
                low = f->code_of(low);
                high = f->code_of(high);
            }
            if (f->qh) gb_add_fifth_bits(f, block, &low, &high);
        }
        const __m512i code[2] = {low, high};
        s[i] = gb_add_two(_mm512_setzero_si512(), code, gb_load512(act->q + 16 * (b + 4 * i)),
                          gb_load512(act->q + 16 * (GB_SPAN + b + 4 * i)), gb_most_nibble(f));
    }
    return gb_sum_quarters(s);
}

/* Codes of one block of sixteen rows: eight vectors, lane = row, vector i = elements 4i .. 4i + 3. */
GB_INLINE void gb_unpack_nibbles(const gb_nibble_format *f, const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out,
                                 size_t step) {
    __m512i v[4];
    __m512i fifth[4];
    gb_load_rows(row, at + f->qs, v);
    if (f->qh) gb_load_rows(row, at + f->qh, fifth); /* of which the first is used: 32 bits a row */
    GB_UNROLL
    for (size_t i = 0; i < 8; i++) {
        __m512i code = i < 4 ? gb_low_nibbles(v[i]) : gb_high_nibbles(v[i - 4]);
        if (f->code_of) code = f->code_of(code);
        if (f->qh) {
            code = _mm512_mask_add_epi8(code, gb_four_bits(fifth[0], i), code, _mm512_set1_epi8(16));
        }
        _mm512_storeu_si512(out + i * step, code);
    }
}

/* The 32 codes of one block, unsigned, as two vectors of sixteen dwords. */
GB_INLINE void gb_block_codes(const gb_nibble_format *f, const uint8_t *block, __m512i code[2]) {
    const __m128i q = gb_load128(block + f->qs);
    const __m128i half[2] = {_mm_and_si128(q, _mm_set1_epi8(15)),
                             _mm_and_si128(_mm_srli_epi16(q, 4), _mm_set1_epi8(15))};
    GB_UNROLL
    for (size_t i = 0; i < 2; i++) {
        __m512i c = _mm512_castsi128_si512(half[i]);
        if (f->code_of) c = f->code_of(c);
        code[i] = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(c));
        if (f->qh) {
            const __mmask16 fifth = (__mmask16)(gb_load_u32(block + f->qh) >> 16 * i);
            code[i] = _mm512_mask_add_epi32(code[i], fifth, code[i], _mm512_set1_epi32(16));
        }
    }
}

/* The same as bytes: low nibbles are the first half. */
GB_INLINE __m256i gb_block_natural(const gb_nibble_format *f, const uint8_t *block) {
    const __m256i twice = _mm256_broadcastsi128_si256(gb_load128(block + f->qs));
    const __m256i shifted = _mm256_srlv_epi32(twice, _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4));
    __m256i code = _mm256_and_si256(shifted, _mm256_set1_epi8(15));
    if (f->code_of) code = _mm512_castsi512_si256(f->code_of(_mm512_castsi256_si512(code)));
    if (f->qh) code = _mm256_mask_add_epi8(code, gb_load_u32(block + f->qh), code, _mm256_set1_epi8(16));
    return code;
}

/* x = (code - offset) * d, or, affine, code * d + m. */
GB_INLINE void gb_dequantize_nibbles(const gb_nibble_format *f, const gb_block32 *b32, const uint8_t *block, float d,
                                     float *x) {
    __m512i code[2];
    gb_block_codes(f, block, code);
    GB_UNROLL
    for (size_t i = 0; i < 2; i++) {
        const __m512i value = _mm512_sub_epi32(code[i], _mm512_set1_epi32(b32->code_offset));
        __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(value), _mm512_set1_ps(d));
        if (b32->affine) {
            uint16_t m;
            memcpy(&m, block + sizeof m, sizeof m);
            v = _mm512_add_ps(v, _mm512_set1_ps(gb_half(m)));
        }
        _mm512_storeu_ps(x + 16 * i, v);
    }
}

#endif
