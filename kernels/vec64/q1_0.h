/* q1_0 in vectors of 64 bytes. Codes 0 and 2; the 1 is taken back with the sum of the activation block. */
#include "kernels/vec64/terms.h"

enum { BLOCK = 128, TERMS = 4 };

GB_INLINE void dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q1_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++) {
        const __m512 d = _mm512_set1_ps(gb_half(b[k].d));
        const __m512 minus = _mm512_xor_ps(d, _mm512_set1_ps(-0.0F));
        for (size_t i = 0; i < BLOCK / 16; i++, x += 16) {
            uint16_t bits;
            memcpy(&bits, b[k].qs + 2 * i, sizeof bits);
            _mm512_storeu_ps(x, _mm512_mask_mov_ps(minus, bits, d));
        }
    }
}

/* Two terms a vector: 64 bits are a mask of its bytes. */
GB_INLINE __m512i sums(const uint8_t *w, const gb_act32 *act, size_t b) {
    const __m512i two = _mm512_set1_epi8(2);
    __m512i s[8];
    GB_UNROLL
    for (size_t i = 0; i < 8; i++) {
        __m512i code = _mm512_set1_epi8(1);
        if (w) {
            uint64_t bits;
            memcpy(&bits, ((const gb_block_q1_0 *)w)[i / 2].qs + i % 2 * 8, sizeof bits);
            code = _mm512_maskz_mov_epi8(bits, two);
        }
        s[i] = gb_add_bytes(_mm512_setzero_si512(), code, gb_load512(act->q + 32 * (b + 2 * i)), 2);
    }
    return gb_sum_halves(s);
}

GB_INLINE __m512 scales(const void *p, size_t stride) {
    return gb_repeat_halves(p, stride, TERMS);
}

GB_INLINE __m256i natural(const uint8_t *block, size_t t) {
    const __mmask32 bits = gb_load_u32(block + offsetof(gb_block_q1_0, qs) + 4 * t);
    return _mm256_maskz_mov_epi8(bits, _mm256_set1_epi8(2));
}

static const gb_block32 format = {.bytes = sizeof(gb_block_q1_0),
                                  .per = TERMS,
                                  .code_offset = 1,
                                  .place = gb_place_in_order,
                                  .sums = sums,
                                  .scales = scales,
                                  .natural = natural};

GB_INLINE __m512i unpack_term(const __m512i rows[4], size_t u, size_t i) {
    return _mm512_maskz_mov_epi8(gb_four_bits(rows[u], i), _mm512_set1_epi8(2));
}

GB_INLINE void unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    gb_unpack_terms(unpack_term, TERMS, row, at, out, step);
}

GB_TERM_GEMM(q1_0, TERMS, 0, 2)
