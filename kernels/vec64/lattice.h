/* The i-quants with grids as super-blocks of the K-quants' frame. Points are looked up 32 at a time by vpermi2w
 * in tables of words (kernels/lattice.h), levels become codes, values plus an offset, by vpshufb, and a code with the
 * other sign is twice the offset minus it.
 *
 * What falls out of a word of levels is not in natural order. Four planes of 64 codes, group g of elements in word
 * g % 32: of two-bit levels, byte b of plane p is element 4b + p; of nibbles, byte b of plane p is element
 * 128 (p / 2) + 2b + p % 2. gemv takes them so, with activations brought into that order once for all rows: every dword
 * of products then lies in one sub-block, the products of all planes are summed first, and scaled by one
 * multiplication.
 */
#ifndef GB_VEC64_LATTICE_H
#define GB_VEC64_LATTICE_H

#include "kernels/lattice.h"
#include "kernels/vec64/gemm_levels.h"

enum { GB_OFFSET_LOG2 = 6, GB_OFFSET = 1 << GB_OFFSET_LOG2 };

/* --- looking points up: bits 0-5 of each word select within two vectors, the others among these */

GB_INLINE __m512i gb_find64(const uint16_t *table, __m512i index) {
    return _mm512_permutex2var_epi16(gb_load512(table), index, gb_load512(table + 32));
}

GB_INLINE __m512i gb_find256(const uint16_t *table, __m512i index) {
    const __mmask32 sixth = _mm512_test_epi16_mask(index, _mm512_set1_epi16(64));
    const __mmask32 seventh = _mm512_test_epi16_mask(index, _mm512_set1_epi16(128));
    const __m512i low = _mm512_mask_mov_epi16(gb_find64(table, index), sixth, gb_find64(table + 64, index));
    const __m512i high = _mm512_mask_mov_epi16(gb_find64(table + 128, index), sixth, gb_find64(table + 192, index));
    return _mm512_mask_mov_epi16(low, seventh, high);
}

GB_INLINE __m512i gb_find512(const uint16_t *table, __m512i index, __mmask32 eighth) {
    return _mm512_mask_mov_epi16(gb_find256(table, index), eighth, gb_find256(table + 256, index));
}

/* --- looking points up one by one, where the tables are too many: eight elements each, in natural order */

/* Four points, whose indices are the words of `index`, by masked broadcasts. */
GB_INLINE __m256i gb_four_points(const uint8_t table[][8], uint64_t index) {
    const __m128i *point[4]; /* of which the first half is read */
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) point[i] = (const __m128i *)(const void *)table[index >> 16 * i & 0xffff];
    __m256i p = _mm256_castsi128_si256(_mm_loadl_epi64(point[0]));
    p = _mm256_mask_broadcastq_epi64(p, 2, _mm_loadl_epi64(point[1]));
    p = _mm256_mask_broadcastq_epi64(p, 4, _mm_loadl_epi64(point[2]));
    return _mm256_mask_broadcastq_epi64(p, 8, _mm_loadl_epi64(point[3]));
}

/* Quarter v. */
GB_INLINE __m128i gb_quarter(__m512i x, size_t v) {
    return v == 0   ? _mm512_castsi512_si128(x)
           : v == 1 ? _mm512_extracti32x4_epi32(x, 1)
           : v == 2 ? _mm512_extracti32x4_epi32(x, 2)
                    : _mm512_extracti32x4_epi32(x, 3);
}

/* The points of quarter v of the words. */
GB_INLINE __m512i gb_eight_points(const uint8_t table[][8], __m512i index, size_t v) {
    const __m128i eight = gb_quarter(index, v);
    uint64_t low = (uint64_t)_mm_cvtsi128_si64(eight);
    uint64_t high = (uint64_t)_mm_extract_epi64(eight, 1);
    __asm__("" : "+r"(low), "+r"(high)); /* or gcc extracts all words from the vector, which takes twice the time */
    return _mm512_inserti64x4(_mm512_castsi256_si512(gb_four_points(table, low)), gb_four_points(table, high), 1);
}

/* --- signs */

/* Byte 0 of every word in both its bytes. */
GB_INLINE __m512i gb_twice_low_bytes(__m512i words) {
    const __m128i order = _mm_setr_epi8(0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14);
    return _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(order));
}

/* Seven bits at the bottom of each word -> eight signs, in both its bytes; seventh: the words whose bit 6 is set. */
GB_INLINE __m512i gb_even_words(__m512i seven, __mmask32 seventh) {
    return _mm512_mask_mov_epi16(gb_find64(gb_words_signs, seven), seventh, gb_find64(gb_words_signs + 64, seven));
}

/* The same for dwords in pairs alike, each with four times seven bits: those at 0 and 7 of the first, at 14 and 21 of
 * the second. */
GB_INLINE __m512i gb_even_fields(__m512i twice) {
    const __m512i field = _mm512_srlv_epi32(twice, _mm512_set1_epi64((long long)14 << 32));
    const __m512i seven = _mm512_mask_mov_epi16(field, 0xaaaaaaaaU, _mm512_slli_epi32(field, 9));
    return gb_even_words(seven, _mm512_test_epi16_mask(seven, _mm512_set1_epi16(64)));
}

GB_INLINE __m512i gb_signed(__m512i code, __mmask64 negative) {
    return _mm512_mask_sub_epi8(code, negative, _mm512_set1_epi8((char)(2 * GB_OFFSET)), code);
}

/* --- planes */

/* Words of eight two-bit levels; in both bytes of each word of `signs` those of its eight elements. for_natural: pairs
 * of words change places first, so that bytes and words need only be interleaved afterwards. */
GB_INLINE void gb_planes_of_2(__m512i words, __m512i signs, int for_natural, __m512i code[4]) {
    enum { A = GB_OFFSET + 8, B = GB_OFFSET + 25, C = GB_OFFSET + 43 }; /* there is no fourth level */
    const __m512i even = _mm512_broadcast_i32x4(_mm_setr_epi8(A, B, C, C, A, B, C, C, A, B, C, C, A, B, C, C));
    const __m512i odd = _mm512_broadcast_i32x4(_mm_setr_epi8(A, A, A, A, B, B, B, B, C, C, C, C, C, C, C, C));
    const __m512i nibble = _mm512_set1_epi8(15);
    if (for_natural) {
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        words = _mm512_permutexvar_epi32(order, words);
        signs = _mm512_permutexvar_epi32(order, signs);
    }
    const __m512i low = _mm512_and_si512(words, nibble);
    const __m512i high = _mm512_and_si512(_mm512_srli_epi16(words, 4), nibble);
    code[0] = _mm512_shuffle_epi8(even, low);
    code[1] = _mm512_shuffle_epi8(odd, low);
    code[2] = _mm512_shuffle_epi8(even, high);
    code[3] = _mm512_shuffle_epi8(odd, high);
    GB_UNROLL
    for (size_t p = 0; p < 4; p++)
        code[p] = gb_signed(code[p], _mm512_test_epi8_mask(signs, _mm512_set1_epi16((int16_t)(0x1001 << p))));
}

/* Words of four levels, a nibble each with its top bit clear; in all bytes of each dword of `signs` those of its eight
 * elements. */
GB_INLINE void gb_planes_of_4(__m512i words, __m128i map, __m512i signs, __m512i code[2]) {
    const __m512i values = _mm512_broadcast_i32x4(map);
    code[0] = _mm512_shuffle_epi8(values, words);
    code[1] = _mm512_shuffle_epi8(values, _mm512_srli_epi16(words, 4));
    code[0] = gb_signed(code[0], _mm512_test_epi8_mask(signs, _mm512_set1_epi32(0x40100401)));
    code[1] = gb_signed(code[1], _mm512_test_epi8_mask(signs, _mm512_set1_epi32((int)0x80200802U)));
}

/* Planes -> natural order; of two-bit levels, planes that were made for it. */
GB_INLINE void gb_natural_of_2(const __m512i p[4], __m512i code[4]) {
    GB_INTERLEAVE(p, 8, 16, code);
}

GB_INLINE void gb_natural_of_4(const __m512i p[4], __m512i code[4]) {
    GB_UNROLL
    for (size_t h = 0; h < 4; h += 2) {
        const __m512i low = _mm512_unpacklo_epi8(p[h], p[h + 1]);
        const __m512i high = _mm512_unpackhi_epi8(p[h], p[h + 1]);
        code[h] = _mm512_permutex2var_epi64(low, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), high);
        code[h + 1] = _mm512_permutex2var_epi64(low, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), high);
    }
}

/* --- scales */

/* 2c + 1 of bytes c. */
GB_INLINE gb_super_scales gb_odd_scales(__m128i c) {
    const __m128i sc = _mm_or_si128(_mm_add_epi8(c, c), _mm_set1_epi8(1));
    return (gb_super_scales){sc, sc};
}

/* The same of the nibbles of eight bytes, in order. */
GB_INLINE gb_super_scales gb_odd_scales_of_nibbles(__m128i nibbles) {
    const __m128i low = _mm_and_si128(nibbles, _mm_set1_epi8(15));
    const __m128i high = _mm_and_si128(_mm_srli_epi16(nibbles, 4), _mm_set1_epi8(15));
    return gb_odd_scales(_mm_unpacklo_epi8(low, high));
}

/* --- gemv */

/* Here scales are one for sixteen elements.
 *
 * Sums start at minus the offset times the sum of their activation codes: bsums belong to the dwords of a plane of
 * two-bit levels, or, of nibbles, to every second one. */
GB_INLINE void gb_prepare_of_2(gb_act_k *act, size_t k, const gb_block_q8_K *a) {
    const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    for (size_t i = 0; i < 16; i++) {
        uint32_t four[4];
        _mm_storeu_si128((__m128i *)(void *)four, _mm_shuffle_epi8(gb_load128(a->qs + 16 * i), order));
        for (size_t p = 0; p < 4; p++) memcpy(act->q[k] + 64 * p + 4 * i, &four[p], sizeof four[p]);
        act->start[k][i] = -GB_OFFSET * a->bsums[i];
    }
}

GB_INLINE void gb_prepare_of_4(gb_act_k *act, size_t k, const gb_block_q8_K *a) {
    const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    for (size_t i = 0; i < 16; i++) {
        uint64_t two[2];
        _mm_storeu_si128((__m128i *)(void *)two, _mm_shuffle_epi8(gb_load128(a->qs + 16 * i), order));
        for (size_t p = 0; p < 2; p++) memcpy(act->q[k] + 128 * (i / 8) + 64 * p + 8 * (i % 8), &two[p], sizeof two[p]);
        act->start[k][2 * i] = -GB_OFFSET * a->bsums[i];
        act->start[k][2 * i + 1] = 0;
    }
}

GB_INLINE int32_t gb_sum_of_2(const __m512i code[4], __m128i scales, const gb_act_k *act, size_t k) {
    const int8_t *q = act->q[k];
    __m512i sum = gb_add_bytes(gb_load512(act->start[k]), code[0], gb_load512(q), 127);
    __m512i more = gb_add_bytes(_mm512_setzero_si512(), code[1], gb_load512(q + 64), 127);
    sum = gb_add_bytes(sum, code[2], gb_load512(q + 128), 127);
    more = gb_add_bytes(more, code[3], gb_load512(q + 192), 127);
    return _mm512_reduce_add_epi32(_mm512_mullo_epi32(_mm512_add_epi32(sum, more), _mm512_cvtepu8_epi32(scales)));
}

GB_INLINE int32_t gb_sum_of_4(const __m512i code[4], __m128i scales, const gb_act_k *act, size_t k) {
    const __m512i pairs = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const __m512i sc = _mm512_cvtepu8_epi32(scales);
    __m512i total = _mm512_setzero_si512();
    GB_UNROLL
    for (size_t h = 0; h < 2; h++) {
        const int8_t *q = act->q[k] + 128 * h;
        __m512i sum = gb_add_bytes(gb_load512(act->start[k] + 16 * h), code[2 * h], gb_load512(q), 127);
        sum = gb_add_bytes(sum, code[2 * h + 1], gb_load512(q + 64), 127);
        const __m512i which = _mm512_add_epi32(pairs, _mm512_set1_epi32((int)(8 * h)));
        total = _mm512_add_epi32(total, _mm512_mullo_epi32(sum, _mm512_permutexvar_epi32(which, sc)));
    }
    return _mm512_reduce_add_epi32(total);
}

/* --- gemm */

GB_INLINE void gb_lattice_unpack(const gb_super *f, const gb_levels *levels, const uint8_t *const rows[GB_ROWS],
                                 size_t at, uint8_t *out, size_t step) {
    uint8_t scales[GB_ROWS][16];
    uint16_t d[GB_ROWS];
    const uint8_t *row[GB_ROWS];
    __m512i v[4];
    for (size_t r = 0; r < GB_ROWS; r++) {
        _mm_storeu_si128((__m128i *)(void *)scales[r], f->scales(rows[r] + at).sc);
        d[r] = gb_super_d(f, rows[r] + at);
        row[r] = scales[r];
    }
    gb_unpack_codes(f, rows, at, GB_QUADS / levels->subs, out, step);
    gb_load_rows(row, 0, v);
    GB_UNROLL
    for (size_t j = 0; j < levels->subs; j++) {
        const __m512i scale =
            _mm512_and_si512(_mm512_srli_epi32(v[j / 4], (unsigned)(j % 4 * 8)), _mm512_set1_epi32(255));
        _mm512_storeu_si512(out + (gb_levels_at(levels, (j + 1) * GB_QUADS / levels->subs) - 1) * step, scale);
    }
    _mm512_storeu_ps(out + gb_levels_at(levels, GB_QUADS) * step, _mm512_cvtph_ps(gb_load256(d)));
}

#define GB_LATTICE_GEMM(name, offset_)                                                                                 \
    static const gb_levels levels = {.subs = GB_BLOCK / GB_SUB_##name, .offset = (offset_), .most = 127};              \
    GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {                  \
        gb_lattice_unpack(&format, &levels, rows, at, out, step);                                                      \
    }                                                                                                                  \
    GB_LEVELS_GEMM(name, GB_BLOCK / GB_SUB_##name, GB_UNIT_##name)

/* What the operations of a format are made of, from planes() and scales(); bits: 2, or 4 where levels are nibbles. */
#define GB_LATTICE_FORMAT(name, bits, natural_)                                                                        \
    GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {                                                          \
        __m512i p[4];                                                                                                  \
        planes(w, 1, p);                                                                                               \
        gb_natural_of_##bits(p, code);                                                                                 \
    }                                                                                                                  \
    GB_INLINE void prepare(gb_act_k *act, size_t k, const gb_block_q8_K *a) {                                          \
        gb_prepare_of_##bits(act, k, a);                                                                               \
    }                                                                                                                  \
    GB_INLINE int32_t sum(const uint8_t *w, const gb_act_k *act, size_t k) {                                           \
        const __m128i sc = scales(w).sc;                                                                               \
        __m512i p[4];                                                                                                  \
        planes(w, 0, p);                                                                                               \
        return gb_sum_of_##bits(p, GB_SUB_##name == 32 ? _mm_unpacklo_epi8(sc, sc) : sc, act, k);                      \
    }                                                                                                                  \
    static const gb_super format = {.bytes = sizeof(gb_block_##name),                                                  \
                                    .d = GB_D_##name,                                                                  \
                                    .sub = GB_SUB_##name,                                                              \
                                    .offset_log2 = GB_OFFSET_LOG2,                                                     \
                                    .unit = GB_UNIT_##name,                                                            \
                                    .order = {0, 1, 2, 3, 4, 5, 6, 7},                                                 \
                                    .codes = codes,                                                                    \
                                    .natural = natural_,                                                               \
                                    .scales = scales,                                                                  \
                                    .prepare = prepare,                                                                \
                                    .sum = sum};                                                                       \
    GB_LATTICE_GEMM(name, GB_OFFSET)

#endif
