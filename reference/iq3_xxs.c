/* iq3_xxs: 64 groups of four elements, each one of 256 points, so one byte; seven signs for eight elements; eight
 * sub-blocks of 32 with a four-bit odd scale; f16 d. */
#include "reference/lattice.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { GROUPS = 64, SUBS = 8 };

static void unpack(const void *block, gb_lattice_block *out) {
    const gb_block_iq3_xxs *b = block;
    out->d = b->d;
    for (size_t g = 0; g < GROUPS; g++) out->point[g] = b->qs[g];
    for (size_t j = 0; j < SUBS; j++) out->scale[j] = gb_get_signs_scale(b->signs_scales + 4 * j, out->sign + 4 * j);
}

static void pack(const gb_lattice_block *in, void *block) {
    gb_block_iq3_xxs *b = block;
    b->d = in->d;
    for (size_t g = 0; g < GROUPS; g++) b->qs[g] = (uint8_t)in->point[g];
    for (size_t j = 0; j < SUBS; j++) gb_set_signs_scale(in->sign + 4 * j, in->scale[j], b->signs_scales + 4 * j);
}

static const gb_lattice_format format = {
    .bytes = sizeof(gb_block_iq3_xxs),
    .group = 4,
    .sub = 32,
    .grid = gb_grid_iq3_xxs,
    .bits = 3,
    .value = {4, 12, 20, 28, 36, 44, 52, 62},
    .unit = 0.25F,
    .unpack = unpack,
    .pack = pack,
    .book = gb_codebook_iq3_xxs,
    .sigma = 2.0F,
    .seven_signs = 1,
    .least = 1e-8F,
    .trials = 15,
    .step = 0.2F,
    .again = GB_AGAIN_OFF_GRID,
    .stretch = 1.0125F,
};

void gb_ref_iq3_xxs_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_lattice_quantize(&format, x, blocks, n, importance);
}

void gb_ref_iq3_xxs_dequantize(const void *blocks, float *x, size_t n) {
    gb_lattice_dequantize(&format, blocks, x, n);
}

/* |isum| <= 31 * 62 * 128 * 256 < 2^26. */
float gb_ref_iq3_xxs_dot(const void *w, const void *a, size_t n) {
    return gb_lattice_dot(&format, w, a, n);
}
