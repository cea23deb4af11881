/* q4_0 in vectors of 32 bytes. Codes stay unsigned (0..15): a pair of products is at most 2 * 15 * 128 = 3840, eight
 * pairs 30720, which fits sixteen bits. The 8 that a code is above its value is taken away through sums of the
 * activation codes. The gemv is not that of block32.h: blocks lie two to a vector. */
#include "kernels/vec32/gemv.h"

enum { BLOCK = 32 };

/* Blocks 2p and 2p + 1 share two vectors: first halves in one, second halves in the other. */
typedef struct {
    __m256i half[GB_GEMV_BLOCKS / 2][2];
    int32_t sum8[GB_GEMV_BLOCKS]; /* 8 * sum of the block's codes */
    float d[GB_GEMV_BLOCKS];
} activations;

static void prepare(const void *row, size_t count, void *out) {
    static const gb_block_q8_0 zero;
    const gb_block_q8_0 *a = row;
    activations *act = out;
    for (size_t k = 0; k < (count + 7) / 8 * 8; k += 2) {
        const gb_block_q8_0 *even = k < count ? &a[k] : &zero;
        const gb_block_q8_0 *odd = k + 1 < count ? &a[k + 1] : &zero;
        const __m256i x = gb_load256(even->qs);
        const __m256i y = gb_load256(odd->qs);
        act->half[k / 2][0] = _mm256_permute2x128_si256(x, y, 0x20);
        act->half[k / 2][1] = _mm256_permute2x128_si256(x, y, 0x31);
        act->sum8[k] = 8 * gb_byte_sum32(x);
        act->sum8[k + 1] = 8 * gb_byte_sum32(y);
        act->d[k] = gb_half(even->d);
        act->d[k + 1] = gb_half(odd->d);
    }
}

/* Two blocks, one per 128-bit half -> four 32-bit partial sums each, at most 8 * 15 * 128 = 15360; on the way, without
 * VNNI, sums of four products in sixteen bits. */
GB_INLINE __m256i two_blocks(const gb_block_q4_0 *b, const __m256i half[2]) {
    const __m256i mask = _mm256_set1_epi8(15);
    const __m256i x = _mm256_set_m128i(gb_load128(b[1].qs), gb_load128(b[0].qs));
    const __m256i low = _mm256_and_si256(x, mask);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(x, 4), mask);
    if (GB_SUMS_BYTES) return gb_add_bytes(gb_add_bytes(_mm256_setzero_si256(), low, half[0]), high, half[1]);
    const __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(low, half[0]), _mm256_maddubs_epi16(high, half[1]));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/* Neighbouring sums added, both inputs within sixteen bits: cheaper than a horizontal add. */
GB_INLINE __m256i add_pairs(__m256i x, __m256i y) {
    return _mm256_madd_epi16(_mm256_packs_epi32(x, y), _mm256_set1_epi16(1));
}

GB_INLINE __m256 terms(const void *w, const void *prepared, size_t k) {
    const gb_block_q4_0 *b = w;
    const activations *act = prepared;
    const __m256i(*half)[2] = act->half + k / 2;
    /* first level at most 30720, second 61440 in 32 bits; even blocks end in the lower half, odd ones in the upper */
    const __m256i s0 = add_pairs(two_blocks(b, half[0]), two_blocks(b + 2, half[1]));
    const __m256i s1 = add_pairs(two_blocks(b + 4, half[2]), two_blocks(b + 6, half[3]));
    __m256i sum = gb_pack_order(add_pairs(s0, s1));
    sum = _mm256_sub_epi32(sum, gb_load256(act->sum8 + k));
    const __m256 d = _mm256_mul_ps(gb_halves8(b, sizeof *b), _mm256_loadu_ps(act->d + k));
    return _mm256_mul_ps(d, _mm256_cvtepi32_ps(sum));
}

#define GB_Q4_0_DOTS(isa)                                                                                              \
    void gb_q4_0_gemv_##isa(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {          \
        static const gb_gemv_format gemv = {.block_bytes = sizeof(gb_block_q4_0),                                      \
                                            .block_terms = 1,                                                          \
                                            .elems = BLOCK,                                                            \
                                            .a_bytes = sizeof(gb_block_q8_0),                                          \
                                            .prepare = prepare,                                                        \
                                            .terms = terms};                                                           \
        activations act;                                                                                               \
        gb_block32_gemv(&gemv, w, w_stride, rows, a, n, y, &act);                                                      \
    }                                                                                                                  \
    float gb_q4_0_dot_##isa(const void *w, const void *a, size_t n) {                                                  \
        float y = 0.0F;                                                                                                \
        gb_q4_0_gemv_##isa(w, 0, 1, a, n, &y);                                                                         \
        return y;                                                                                                      \
    }
