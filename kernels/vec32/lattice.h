/* The i-quants with grids in vectors of 32 bytes, as super-blocks of the K-quants' frame: codes are values plus an
 * offset. Points are looked up one by one, with plain loads: with gathers gemv takes 13 to 30 % longer (Zen 4). */
#ifndef GB_VEC32_LATTICE_H
#define GB_VEC32_LATTICE_H

#include "kernels/lattice.h"
#include "kernels/vec32/gemm_super.h"

/* Magnitudes are at most 43 (iq2_*, in pairs (64 + 43) * 128 * 2 = 27392), 31 (iq3_xxs, halved), 15 (iq3_s). Sums of
 * the gemm: 4 * 43 * 128 = 22016, but 8 * 43 * 128 does not fit; 8 * 31 * 128 = 31744. Raised values are 7 to 25. */
#define GB_OFFSET_LOG2_iq1_s   4
#define GB_OFFSET_LOG2_iq1_m   4
#define GB_OFFSET_LOG2_iq2_xxs 6
#define GB_OFFSET_LOG2_iq2_xs  6
#define GB_OFFSET_LOG2_iq2_s   6
#define GB_OFFSET_LOG2_iq3_xxs 5
#define GB_OFFSET_LOG2_iq3_s   4

/* What a format's file says. */
typedef struct {
    const uint8_t *points;
    size_t group;                                                     /* elements of a point: 8, 4 */
    void (*indices)(const void *block, size_t half, uint16_t *index); /* of the points of 128 elements */
    __m128i (*signs)(const void *block, size_t half); /* bit i of byte e: element 128 * half + 8e + i is negative */
    __m128i (*scales)(const void *block);             /* bytes c, one per sixteen elements: 2c + 1 */
    int offset_log2, scale_log2;
    int raised; /* of iq1_* */
} gb_grid_format;

GB_INLINE long long gb_u64_at(const void *row, size_t i) {
    long long u;
    memcpy(&u, (const char *)row + i * sizeof u, sizeof u);
    return u;
}

/* --- signs */

/* Words of seven bits -> bytes, with the eighth that makes their number even: parity of a nibble by table. */
GB_INLINE __m128i gb_even_bytes(__m256i seven) {
    const __m128i words = _mm_packus_epi16(_mm256_castsi256_si128(seven), _mm256_extracti128_si256(seven, 1));
    const __m128i both = _mm_and_si128(_mm_xor_si128(words, _mm_srli_epi16(words, 4)), _mm_set1_epi8(15));
    const __m128i odd = _mm_setr_epi8(0, -128, -128, 0, -128, 0, 0, -128, -128, 0, 0, -128, 0, -128, -128, 0);
    return _mm_or_si128(words, _mm_shuffle_epi8(odd, both));
}

/* Four dwords of four times seven bits: those at 0 and 7, and, shifted, at 14 and 21. */
GB_INLINE __m128i gb_even_fields(__m128i dwords) {
    const __m256i twice =
        _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(dwords), _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
    const __m256i field = _mm256_srlv_epi32(twice, _mm256_set1_epi64x((long long)14 << 32));
    const __m256i both = _mm256_blend_epi16(field, _mm256_slli_epi32(field, 9), 0xaa);
    return gb_even_bytes(_mm256_and_si256(both, _mm256_set1_epi16(127)));
}

/* Three bits at 0, 3, 6 and 9 of each of four words, as words. */
GB_INLINE __m256i gb_three_bits(const void *words) {
    const __m256i order = _mm256_setr_epi8(0, 1, 0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 2, 3, 4, 5, 4, 5, 4, 5, 4, 5, 6, 7,
                                           6, 7, 6, 7, 6, 7);
    const __m256i four = _mm256_broadcastsi128_si256(_mm_loadl_epi64((const __m128i *)words));
    /* to the left by 4, then, in the high half of a product, to the right by 4, 7, 10, 13 */
    const __m256i left = _mm256_slli_epi16(_mm256_shuffle_epi8(four, order), 4);
    const __m256i right = _mm256_mulhi_epu16(left, _mm256_set1_epi64x(0x0008004002001000));
    return _mm256_and_si256(right, _mm256_set1_epi16(7));
}

/* --- scales */

/* The nibbles of eight bytes, in order. */
GB_INLINE __m128i gb_nibbles16(const void *p) {
    const __m128i x = _mm_loadl_epi64((const __m128i *)p);
    return _mm_and_si128(_mm_unpacklo_epi8(x, _mm_srli_epi16(x, 4)), _mm_set1_epi8(15));
}

/* Bytes of 32 elements, twice: of sixteen. */
GB_INLINE __m128i gb_twice8(__m128i bytes) {
    return _mm_unpacklo_epi8(bytes, bytes);
}

/* --- super-blocks */

/* Magnitudes of 32 elements. */
GB_INLINE __m256i gb_points32(const gb_grid_format *f, const uint16_t *index) {
    const void *p = f->points;
    if (f->group == 8)
        return _mm256_setr_epi64x(gb_u64_at(p, index[0]), gb_u64_at(p, index[1]), gb_u64_at(p, index[2]),
                                  gb_u64_at(p, index[3]));
    return _mm256_setr_epi32((int)gb_u32_at(p, index[0]), (int)gb_u32_at(p, index[1]), (int)gb_u32_at(p, index[2]),
                             (int)gb_u32_at(p, index[3]), (int)gb_u32_at(p, index[4]), (int)gb_u32_at(p, index[5]),
                             (int)gb_u32_at(p, index[6]), (int)gb_u32_at(p, index[7]));
}

GB_INLINE void gb_lattice_codes(const gb_grid_format *f, const void *block, size_t half, __m256i code[4]) {
    const __m256i signs = _mm256_broadcastsi128_si256(f->signs(block, half));
    uint16_t index[32];
    f->indices(block, half, index);
    for (size_t i = 0; i < 4; i++) {
        const __m256i magnitude = gb_points32(f, index + 32 / f->group * i);
        const __m256i negative = gb_bits32(signs, 4 * i);
        if (f->raised) {
            code[i] = _mm256_sub_epi8(magnitude, _mm256_and_si256(negative, _mm256_set1_epi8(2)));
            continue;
        }
        const __m256i value = _mm256_sub_epi8(_mm256_xor_si256(magnitude, negative), negative);
        code[i] = _mm256_add_epi8(value, _mm256_set1_epi8((char)(1 << f->offset_log2)));
    }
}

GB_INLINE gb_super_scales gb_lattice_scales(const gb_grid_format *f, const void *block) {
    const __m128i c = f->scales(block);
    const __m128i sc = _mm_slli_epi16(_mm_or_si128(_mm_add_epi8(c, c), _mm_set1_epi8(1)), f->scale_log2);
    return (gb_super_scales){gb_scales16(sc), _mm256_cvtepi8_epi16(sc)};
}

/* The descriptor of a format from indices(), signs() and scales(), and from its points. */
#define GB_LATTICE_FORMAT(name, points_, raised_)                                                                      \
    static const gb_grid_format grid = {.points = (points_)[0],                                                        \
                                        .group = sizeof(points_)[0],                                                   \
                                        .indices = indices,                                                            \
                                        .signs = signs,                                                                \
                                        .scales = scales,                                                              \
                                        .offset_log2 = GB_OFFSET_LOG2_##name,                                          \
                                        .scale_log2 = GB_SCALE_LOG2_##name,                                            \
                                        .raised = (raised_)};                                                          \
    GB_INLINE void codes(const void *block, size_t half, __m256i code[4]) {                                            \
        gb_lattice_codes(&grid, block, half, code);                                                                    \
    }                                                                                                                  \
    GB_INLINE gb_super_scales odd_scales(const void *block) {                                                          \
        return gb_lattice_scales(&grid, block);                                                                        \
    }                                                                                                                  \
    static const gb_super format = {.bytes = sizeof(gb_block_##name),                                                  \
                                    .d = GB_D_##name,                                                                  \
                                    .offset_log2 = GB_OFFSET_LOG2_##name,                                              \
                                    .sub = GB_OFFSET_LOG2_##name == 6 ? 8 : 16,                                        \
                                    .run = GB_SUB_##name,                                                              \
                                    .unit = GB_UNIT_##name,                                                            \
                                    .codes = codes,                                                                    \
                                    .scales = odd_scales}

#endif
