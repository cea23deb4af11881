/* iq4_xs in vectors of 64 bytes: nibbles choose from a table of levels, which is raised by 128 to be unsigned; the 128
 * is taken back with the sums of the activations. */
#include "kernels/iq4_xs.h"
#include "kernels/vec64/gemm_levels.h"
#include "kernels/vec64/levels.h"

/* 32 bytes are two sub-blocks: each sixteen twice in a vector, its low nibbles and its high ones. */
GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {
    const __m512i twice = _mm512_setr_epi64(0, 1, 0, 1, 2, 3, 2, 3);
    const __m512i shift = _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4, 4);
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        const __m512i q = _mm512_castsi256_si512(gb_load256(w + offsetof(gb_block_iq4_xs, qs) + 32 * i));
        const __m512i pairs = _mm512_srlv_epi64(_mm512_permutexvar_epi64(twice, q), shift);
        code[i] = gb_iq4_raised(_mm512_and_si512(pairs, _mm512_set1_epi8(15)));
    }
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    return (gb_super_scales){.sc = _mm_cvtsi64_si128((long long)gb_iq4_xs_scales(w))};
}

GB_SUPER_FORMAT(iq4_xs, .sub = 32, .offset_log2 = 7, .wide = 1, .order = {0, 1, 2, 3, 4, 5, 6, 7}, .scales = scales)

GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    const __m512i nibble = _mm512_set1_epi8(15);
    _Alignas(64) uint64_t sc[GB_ROWS]; /* of each row */
    for (size_t r = 0; r < GB_ROWS; r++) sc[r] = gb_iq4_xs_scales(rows[r] + at);
    const __m512i low = _mm512_load_si512(sc);
    const __m512i high = _mm512_load_si512(sc + 8);
    for (size_t j = 0; j < 8; j++, out += 9 * step) {
        __m512i v[4];
        gb_load_rows(rows, at + offsetof(gb_block_iq4_xs, qs) + 16 * j, v);
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) {
            _mm512_storeu_si512(out + i * step, gb_iq4_raised(_mm512_and_si512(v[i], nibble)));
            _mm512_storeu_si512(out + (4 + i) * step,
                                gb_iq4_raised(_mm512_and_si512(_mm512_srli_epi16(v[i], 4), nibble)));
        }
        const __m512i to_top =
            _mm512_set1_epi64((long long)(56 - 8 * j)); /* byte j to the top, then down with its sign */
        const __m512i a = _mm512_srai_epi64(_mm512_sllv_epi64(low, to_top), 56);
        const __m512i b = _mm512_srai_epi64(_mm512_sllv_epi64(high, to_top), 56);
        _mm256_storeu_si256((__m256i *)(out + 8 * step), _mm512_cvtepi64_epi32(a));
        _mm256_storeu_si256((__m256i *)(out + 8 * step + 32), _mm512_cvtepi64_epi32(b));
    }
    _mm512_storeu_ps(out, gb_row_scales(rows, at + offsetof(gb_block_iq4_xs, d)));
}

static const gb_levels levels = {.subs = 8, .offset = 128, .most = 241};

GB_LEVELS_GEMM(iq4_xs, 8, 0.0F)
