#include "kernels/lattice.h"

/* Level i of a packed point: two bits each (iq2_*), or three (iq3_*). */
#define GB_2(p, i)          ((p) >> (2 * (i)) & 3)
#define GB_3(p, i)          ((p) >> (3 * (i)) & 7)
#define GB_IQ2(p, i)        (GB_2(p, i) == 0 ? 8 : GB_2(p, i) == 1 ? 25 : 43)
#define GB_HALF_IQ3(p, i)   (GB_3(p, i) == 7 ? 31 : 4 * GB_3(p, i) + 2)
#define GB_RAISED_IQ1(p, i) (9 + 8 * GB_2(p, i))
#define GB_ODD(p, i)        (2 * GB_3(p, i) + 1)
#define GB_EIGHT(value, p)                                                                                             \
    {value(p, 0), value(p, 1), value(p, 2), value(p, 3), value(p, 4), value(p, 5), value(p, 6), value(p, 7)},
#define GB_FOUR(value, p) {value(p, 0), value(p, 1), value(p, 2), value(p, 3)},

#define GB_PT(p) GB_EIGHT(GB_IQ2, p)
const uint8_t gb_points_iq2_xxs[256][8] = {
#include "reference/grids/iq2_xxs.def"
};
const uint8_t gb_points_iq2_xs[512][8] = {
#include "reference/grids/iq2_xs.def"
};
const uint8_t gb_points_iq2_s[1024][8] = {
#include "reference/grids/iq2_s.def"
};
#undef GB_PT

#define GB_PT(p) GB_EIGHT(GB_RAISED_IQ1, p)
const uint8_t gb_points_iq1[2048][8] = {
#include "reference/grids/iq1.def"
};
#undef GB_PT

#define GB_PT(p) GB_FOUR(GB_HALF_IQ3, p)
const uint8_t gb_points_iq3_xxs[256][4] = {
#include "reference/grids/iq3_xxs.def"
};
#undef GB_PT

#define GB_PT(p) GB_FOUR(GB_ODD, p)
const uint8_t gb_points_iq3_s[512][4] = {
#include "reference/grids/iq3_s.def"
};
#undef GB_PT

#define GB_PT(p) p,
_Alignas(64) const uint16_t gb_words_iq2_xxs[256] = {
#include "reference/grids/iq2_xxs.def"
};
_Alignas(64) const uint16_t gb_words_iq2_xs[512] = {
#include "reference/grids/iq2_xs.def"
};
_Alignas(64) const uint16_t gb_words_iq2_s[1024] = {
#include "reference/grids/iq2_s.def"
};
#undef GB_PT

#define GB_PT(p) GB_3(p, 0) | GB_3(p, 1) << 4 | GB_3(p, 2) << 8 | GB_3(p, 3) << 12,
_Alignas(64) const uint16_t gb_words_iq3_xxs[256] = {
#include "reference/grids/iq3_xxs.def"
};
_Alignas(64) const uint16_t gb_words_iq3_s[512] = {
#include "reference/grids/iq3_s.def"
};
#undef GB_PT

#define GB_ODD_ONES(s) (((s) ^ (s) >> 1 ^ (s) >> 2 ^ (s) >> 3 ^ (s) >> 4 ^ (s) >> 5 ^ (s) >> 6) & 1)
#define GB_EVEN(s)     ((s) | GB_ODD_ONES(s) << 7)
#define GB_EVEN_4(s)   GB_EVEN(s), GB_EVEN((s) + 1), GB_EVEN((s) + 2), GB_EVEN((s) + 3)
#define GB_EVEN_16(s)  GB_EVEN_4(s), GB_EVEN_4((s) + 4), GB_EVEN_4((s) + 8), GB_EVEN_4((s) + 12)
#define GB_EVEN_64(s)  GB_EVEN_16(s), GB_EVEN_16((s) + 16), GB_EVEN_16((s) + 32), GB_EVEN_16((s) + 48)
const uint8_t gb_even_signs[128] = {GB_EVEN_64(0), GB_EVEN_64(64)};

#define GB_TWICE(s)    (GB_EVEN(s) * 0x101)
#define GB_TWICE_4(s)  GB_TWICE(s), GB_TWICE((s) + 1), GB_TWICE((s) + 2), GB_TWICE((s) + 3)
#define GB_TWICE_16(s) GB_TWICE_4(s), GB_TWICE_4((s) + 4), GB_TWICE_4((s) + 8), GB_TWICE_4((s) + 12)
#define GB_TWICE_64(s) GB_TWICE_16(s), GB_TWICE_16((s) + 16), GB_TWICE_16((s) + 32), GB_TWICE_16((s) + 48)
_Alignas(64) const uint16_t gb_words_signs[128] = {GB_TWICE_64(0), GB_TWICE_64(64)};
