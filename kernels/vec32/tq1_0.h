/* tq1_0 in vectors of 32 bytes. Codes 0..2 times signed bytes by maddubs: a pair is at most 512. The 1 that a code is
 * above its value is taken away through sums of the activation codes. */
#include "kernels/vec32/gemm_super.h"

/* Bytes times 3, modulo 256: the first trit is gone, the next takes its place. */
GB_INLINE __m256i next(__m256i v) {
    return _mm256_add_epi8(v, _mm256_add_epi8(v, v));
}

/* What times 3 carries out of a byte: 1 from 86 on, 2 from 171 on. */
GB_INLINE __m256i trit(__m256i v) {
    const __m256i one = _mm256_cmpeq_epi8(_mm256_max_epu8(v, _mm256_set1_epi8(86)), v);
    const __m256i two = _mm256_cmpeq_epi8(_mm256_max_epu8(v, _mm256_set1_epi8((char)171)), v);
    return _mm256_sub_epi8(_mm256_setzero_si256(), _mm256_add_epi8(one, two));
}

/* The first half are four trits of 32 bytes; the second their fifth, then those of sixteen bytes, two a vector, and
 * those of the last four, which are one quarter of a vector. */
GB_INLINE void codes(const void *block, size_t half, __m256i code[4]) {
    const gb_block_tq1_0 *b = block;
    __m256i v = gb_load256(b->qs);
    for (size_t i = 0; i < 4; i++, v = next(v))
        if (half == 0) code[i] = trit(v);
    if (half == 0) return;
    code[0] = trit(v);
    const __m128i x = gb_load128(b->qs + 32);
    v = _mm256_set_m128i(_mm_add_epi8(x, _mm_add_epi8(x, x)), x);
    code[1] = trit(v);
    v = next(next(v));
    code[2] = trit(v);
    v = next(next(v));
    const __m256i last = _mm256_cvtepu8_epi16(_mm_broadcastd_epi32(_mm_loadu_si32(b->qh)));
    const __m256i powers = _mm256_setr_epi16(1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27);
    const __m256i wide = _mm256_and_si256(_mm256_mullo_epi16(last, powers), _mm256_set1_epi16(255));
    const __m128i rest = _mm_packus_epi16(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    code[3] = trit(_mm256_inserti128_si256(v, rest, 1));
}

static const gb_super format = {.bytes = sizeof(gb_block_tq1_0),
                                .d_at = offsetof(gb_block_tq1_0, d),
                                .sub = 16,
                                .run = 32,
                                .codes = codes,
                                .scales = gb_scales_one};
