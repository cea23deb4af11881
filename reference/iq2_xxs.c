/* iq2_xxs: 32 groups of eight elements, each one of 256 points, so one byte; seven signs for eight elements; eight
 * sub-blocks of 32 with a four-bit odd scale; f16 d. */
#include "reference/lattice.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { SUBS = 8, GROUPS = 4 /* of a sub-block */ };

/* Sub-block j: four bytes of points, then the word of signs and scale. */
static void unpack(const void *block, gb_lattice_block *out) {
    const gb_block_iq2_xxs *b = block;
    out->d = b->d;
    for (size_t j = 0; j < SUBS; j++) {
        for (size_t g = 0; g < GROUPS; g++) out->point[GROUPS * j + g] = b->qs[8 * j + g];
        out->scale[j] = gb_get_signs_scale(b->qs + 8 * j + 4, out->sign + GROUPS * j);
    }
}

static void pack(const gb_lattice_block *in, void *block) {
    gb_block_iq2_xxs *b = block;
    b->d = in->d;
    for (size_t j = 0; j < SUBS; j++) {
        for (size_t g = 0; g < GROUPS; g++) b->qs[8 * j + g] = (uint8_t)in->point[GROUPS * j + g];
        gb_set_signs_scale(in->sign + GROUPS * j, in->scale[j], b->qs + 8 * j + 4);
    }
}

static const gb_lattice_format format = {
    .bytes = sizeof(gb_block_iq2_xxs),
    .group = 8,
    .sub = 32,
    .grid = gb_grid_iq2_xxs,
    .bits = 2,
    .value = {8, 25, 43},
    .unit = 0.125F,
    .unpack = unpack,
    .pack = pack,
    .book = gb_codebook_iq2_xxs,
    .sigma = 1.0F,
    .plain_ones = 1,
    .seven_signs = 1,
    .least = 1e-15F,
    .trials = 6,
    .step = 0.1F,
    .span_by_fit = 1,
    .again = GB_AGAIN_ALL,
    .stretch = 1.0F,
};

void gb_ref_iq2_xxs_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_lattice_quantize(&format, x, blocks, n, importance);
}

void gb_ref_iq2_xxs_dequantize(const void *blocks, float *x, size_t n) {
    gb_lattice_dequantize(&format, blocks, x, n);
}

/* |isum| <= 31 * 43 * 128 * 256 < 2^26. */
float gb_ref_iq2_xxs_dot(const void *w, const void *a, size_t n) {
    return gb_lattice_dot(&format, w, a, n);
}
