/* The i-quants with grids (iq1_*, iq2_*, iq3_*): tables, and for tiers that look up one point after the other
 * magnitudes of eight elements, signs of 32, the scales of a super-block.
 *
 * iq3_xxs has even values only: here they are halved and its scales doubled, which leaves every integer sum and every
 * rounding as it is, and sums of eight products fit sixteen bits. */
#ifndef GB_KERNELS_LATTICE_H
#define GB_KERNELS_LATTICE_H

#include "kernels/formats.h"
#include "reference/number.h"

/* Magnitudes of the elements of every point, in order (kernels/lattice.c). */
extern const uint8_t gb_points_iq2_xxs[256][8];
extern const uint8_t gb_points_iq2_xs[512][8];
extern const uint8_t gb_points_iq2_s[1024][8];
extern const uint8_t gb_points_iq3_xxs[256][4];
extern const uint8_t gb_points_iq3_s[512][4];

/* iq1_*: values in eighths, 8 * level + 1 (or - 1, where "signs" are set), raised by 16 to be positive. Their "signs"
 * are those of all eight elements or none. */
extern const uint8_t gb_points_iq1[2048][8];
enum { GB_RAISED = 16 };

/* Levels of every point, as they are packed in reference/grids/, for tiers that look up many at once: two bits each; of
 * iq3_*, whose levels have three, a nibble each. */
extern const uint16_t gb_words_iq2_xxs[256];
extern const uint16_t gb_words_iq2_xs[512];
extern const uint16_t gb_words_iq2_s[1024];
extern const uint16_t gb_words_iq3_xxs[256];
extern const uint16_t gb_words_iq3_s[512];

/* The eight sign bits for seven: the eighth makes their number even. As words: twice, in both bytes. */
extern const uint8_t gb_even_signs[128];
extern const uint16_t gb_words_signs[128];

/* What the shared loops need to know of a format. */
typedef struct gb_lattice {
    uint64_t (*eight)(const void *block, size_t e);   /* magnitudes of elements 8e .. 8e + 7, the first lowest */
    uint32_t (*signs)(const void *block, size_t j);   /* bit i: element 32j + i is negative */
    void (*scales)(const void *block, int8_t sc[16]); /* of the sub-blocks, in order */
    size_t sub;                                       /* elements of a sub-block: 16, or 32 */
    int raised;                                       /* of iq1_* */
} gb_lattice;

static inline uint64_t gb_one_point(const uint8_t point[8]) {
    uint64_t u;
    memcpy(&u, point, sizeof u);
    return u;
}

static inline uint64_t gb_two_points(const uint8_t first[4], const uint8_t second[4]) {
    return gb_u32_at(first, 0) | (uint64_t)gb_u32_at(second, 0) << 32;
}

/* Four times seven signs, lowest first. */
static inline uint32_t gb_four_signs(uint32_t word) {
    return gb_even_signs[word & 127] | (uint32_t)gb_even_signs[word >> 7 & 127] << 8 |
           (uint32_t)gb_even_signs[word >> 14 & 127] << 16 | (uint32_t)gb_even_signs[word >> 21 & 127] << 24;
}

/* Scales 2c + 1 of 2 * bytes nibbles c. */
static inline void gb_odd_nibbles(const uint8_t *p, size_t bytes, int8_t sc[16]) {
    for (size_t i = 0; i < bytes; i++) {
        sc[2 * i] = (int8_t)((p[i] & 15) << 1 | 1);
        sc[2 * i + 1] = (int8_t)((p[i] >> 4) << 1 | 1);
    }
}

/* Words of four bytes, eight of them at a stride, with c on top: scales (2c + 1) << log2. */
static inline void gb_odd_tops(const uint8_t *p, size_t stride, int log2, int8_t sc[16]) {
    for (size_t j = 0; j < 8; j++) sc[j] = (int8_t)((p[j * stride + 3] >> 4 << 1 | 1) << log2);
}

static inline uint64_t gb_eight_iq2_xxs(const void *block, size_t e) {
    return gb_one_point(gb_points_iq2_xxs[((const gb_block_iq2_xxs *)block)->qs[e / 4 * 8 + e % 4]]);
}

static inline uint32_t gb_signs_iq2_xxs(const void *block, size_t j) {
    return gb_four_signs(gb_u32_at(((const gb_block_iq2_xxs *)block)->qs, 2 * j + 1));
}

static inline void gb_scales_iq2_xxs(const void *block, int8_t sc[16]) {
    gb_odd_tops(((const gb_block_iq2_xxs *)block)->qs + 4, 8, 0, sc);
}

static inline uint64_t gb_eight_iq2_xs(const void *block, size_t e) {
    return gb_one_point(gb_points_iq2_xs[gb_load_u16(((const gb_block_iq2_xs *)block)->qs, e) & 511]);
}

static inline uint32_t gb_signs_iq2_xs(const void *block, size_t j) {
    uint32_t signs = 0;
    for (size_t i = 0; i < 4; i++)
        signs |= (uint32_t)gb_even_signs[gb_load_u16(((const gb_block_iq2_xs *)block)->qs, 4 * j + i) >> 9] << 8 * i;
    return signs;
}

static inline void gb_scales_iq2_xs(const void *block, int8_t sc[16]) {
    gb_odd_nibbles(((const gb_block_iq2_xs *)block)->scales, 8, sc);
}

static inline uint64_t gb_eight_iq2_s(const void *block, size_t e) {
    const gb_block_iq2_s *b = block;
    return gb_one_point(gb_points_iq2_s[b->qs[e] | (b->qh[e / 4] >> (2 * (e % 4)) & 3) << 8]);
}

static inline uint32_t gb_signs_iq2_s(const void *block, size_t j) {
    return gb_u32_at(((const gb_block_iq2_s *)block)->signs, j);
}

static inline void gb_scales_iq2_s(const void *block, int8_t sc[16]) {
    gb_odd_nibbles(((const gb_block_iq2_s *)block)->scales, 8, sc);
}

static inline uint64_t gb_eight_iq3_xxs(const void *block, size_t e) {
    const uint8_t *q = ((const gb_block_iq3_xxs *)block)->qs + 2 * e;
    return gb_two_points(gb_points_iq3_xxs[q[0]], gb_points_iq3_xxs[q[1]]);
}

static inline uint32_t gb_signs_iq3_xxs(const void *block, size_t j) {
    return gb_four_signs(gb_u32_at(((const gb_block_iq3_xxs *)block)->signs_scales, j));
}

static inline void gb_scales_iq3_xxs(const void *block, int8_t sc[16]) {
    gb_odd_tops(((const gb_block_iq3_xxs *)block)->signs_scales, 4, 1, sc);
}

static inline uint64_t gb_eight_iq3_s(const void *block, size_t e) {
    const gb_block_iq3_s *b = block;
    const unsigned top = (unsigned)b->qh[e / 4] << 8 >> 2 * (e % 4);
    return gb_two_points(gb_points_iq3_s[b->qs[2 * e] | (top & 256)],
                         gb_points_iq3_s[b->qs[2 * e + 1] | (top >> 1 & 256)]);
}

static inline uint32_t gb_signs_iq3_s(const void *block, size_t j) {
    return gb_u32_at(((const gb_block_iq3_s *)block)->signs, j);
}

static inline void gb_scales_iq3_s(const void *block, int8_t sc[16]) {
    gb_odd_nibbles(((const gb_block_iq3_s *)block)->scales, 4, sc);
}

/* "Signs" of 32 elements in groups of eight: bit at + g * step of the word is the shift of group g. */
static inline uint32_t gb_four_shifts(uint32_t word, unsigned at, unsigned step) {
    uint32_t signs = 0;
    for (unsigned g = 0; g < 4; g++) signs |= (word >> (at + g * step) & 1) * 255U << 8 * g;
    return signs;
}

static inline uint64_t gb_eight_iq1_s(const void *block, size_t e) {
    const gb_block_iq1_s *b = block;
    return gb_one_point(gb_points_iq1[b->qs[e] | (b->qh[e / 4] >> (3 * (e % 4)) & 7) << 8]);
}

static inline uint32_t gb_signs_iq1_s(const void *block, size_t j) {
    return gb_four_shifts(((const gb_block_iq1_s *)block)->qh[j], 15, 0);
}

static inline void gb_scales_iq1_s(const void *block, int8_t sc[16]) {
    for (size_t j = 0; j < 8; j++) sc[j] = (int8_t)((((const gb_block_iq1_s *)block)->qh[j] >> 12 & 7) << 1 | 1);
}

static inline uint64_t gb_eight_iq1_m(const void *block, size_t e) {
    const gb_block_iq1_m *b = block;
    return gb_one_point(gb_points_iq1[b->qs[e] | (b->qh[e / 2] >> (4 * (e % 2)) & 7) << 8]);
}

static inline uint32_t gb_signs_iq1_m(const void *block, size_t j) {
    return gb_four_shifts(gb_load_u16(((const gb_block_iq1_m *)block)->qh, j), 3, 4);
}

static inline void gb_scales_iq1_m(const void *block, int8_t sc[16]) {
    for (size_t j = 0; j < 16; j++)
        sc[j] = (int8_t)((((const gb_block_iq1_m *)block)->scales[j / 4] >> (3 * (j % 4)) & 7) << 1 | 1);
}

/* The f16 d: the first two bytes but for iq1_m. */
static inline uint16_t gb_first_d(const void *block) {
    return gb_load_u16(block, 0);
}

static inline uint16_t gb_spread_d(const void *block) {
    return gb_iq1_m_d(block);
}

#define GB_D_iq1_s   gb_first_d
#define GB_D_iq1_m   gb_spread_d
#define GB_D_iq2_xxs gb_first_d
#define GB_D_iq2_xs  gb_first_d
#define GB_D_iq2_s   gb_first_d
#define GB_D_iq3_xxs gb_first_d
#define GB_D_iq3_s   gb_first_d

/* Elements of a sub-block; what the finished sum and every product of d and a scale are multiplied with. */
#define GB_SUB_iq1_s    32
#define GB_SUB_iq1_m    16
#define GB_SUB_iq2_xxs  32
#define GB_SUB_iq2_xs   16
#define GB_SUB_iq2_s    16
#define GB_SUB_iq3_xxs  32
#define GB_SUB_iq3_s    32
#define GB_UNIT_iq1_s   0.125F
#define GB_UNIT_iq1_m   0.125F
#define GB_UNIT_iq2_xxs 0.125F
#define GB_UNIT_iq2_xs  0.125F
#define GB_UNIT_iq2_s   0.125F
#define GB_UNIT_iq3_xxs 0.25F
#define GB_UNIT_iq3_s   1.0F

/* Of the scales 2c + 1 beside magnitudes from these tables. */
#define GB_SCALE_LOG2_iq1_s   0
#define GB_SCALE_LOG2_iq1_m   0
#define GB_SCALE_LOG2_iq2_xxs 0
#define GB_SCALE_LOG2_iq2_xs  0
#define GB_SCALE_LOG2_iq2_s   0
#define GB_SCALE_LOG2_iq3_xxs 1
#define GB_SCALE_LOG2_iq3_s   0

#define GB_LATTICE_OF(name, raised_)                                                                                   \
    {                                                                                                                  \
        .eight = gb_eight_##name, .signs = gb_signs_##name, .scales = gb_scales_##name, .sub = GB_SUB_##name,          \
        .raised = (raised_)                                                                                            \
    }

#endif
