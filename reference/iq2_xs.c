/* iq2_xs: 32 groups of eight elements, each one of 512 points; seven signs for eight elements; sixteen sub-blocks of 16
 * with a four-bit odd scale; f16 d. */
#include "reference/lattice.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { GROUPS = 32, SUBS = 16 };

static void unpack(const void *block, gb_lattice_block *out) {
    const gb_block_iq2_xs *b = block;
    out->d = b->d;
    for (size_t g = 0; g < GROUPS; g++) {
        const unsigned word = gb_load_u16(b->qs, g);
        out->point[g] = word & 511U;
        out->sign[g] = gb_eight_signs(word >> 9);
    }
    for (size_t j = 0; j < SUBS; j++) out->scale[j] = b->scales[j / 2] >> (4 * (j % 2)) & 15;
}

static void pack(const gb_lattice_block *in, void *block) {
    gb_block_iq2_xs *b = block;
    b->d = in->d;
    for (size_t g = 0; g < GROUPS; g++) gb_store_u16(b->qs, g, (uint16_t)(in->point[g] | (in->sign[g] & 127U) << 9));
    for (size_t j = 0; j < SUBS; j += 2) b->scales[j / 2] = (uint8_t)(in->scale[j] | in->scale[j + 1] << 4);
}

static const gb_lattice_format format = {
    .bytes = sizeof(gb_block_iq2_xs),
    .group = 8,
    .sub = 16,
    .grid = gb_grid_iq2_xs,
    .bits = 2,
    .value = {8, 25, 43},
    .unit = 0.125F,
    .unpack = unpack,
    .pack = pack,
    .book = gb_codebook_iq2_xs,
    .sigma = 1.0F,
    .plain_ones = 1,
    .seven_signs = 1,
    .least = 1e-15F,
    .trials = 9,
    .step = 0.1F,
    .again = GB_AGAIN_OFF_GRID,
    .stretch = 1.0F,
};

void gb_ref_iq2_xs_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_lattice_quantize(&format, x, blocks, n, importance);
}

void gb_ref_iq2_xs_dequantize(const void *blocks, float *x, size_t n) {
    gb_lattice_dequantize(&format, blocks, x, n);
}

/* |isum| <= 31 * 43 * 128 * 256 < 2^26. */
float gb_ref_iq2_xs_dot(const void *w, const void *a, size_t n) {
    return gb_lattice_dot(&format, w, a, n);
}
