/* iq2_s: 32 groups of eight elements, each one of 1024 points; all eight signs; sixteen sub-blocks of 16 with a
 * four-bit odd scale; f16 d. */
#include "reference/lattice.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { GROUPS = 32, SUBS = 16 };

static void unpack(const void *block, gb_lattice_block *out) {
    const gb_block_iq2_s *b = block;
    out->d = b->d;
    for (size_t g = 0; g < GROUPS; g++) {
        out->point[g] = (uint16_t)(b->qs[g] | (b->qh[g / 4] >> (2 * (g % 4)) & 3) << 8);
        out->sign[g] = b->signs[g];
    }
    for (size_t j = 0; j < SUBS; j++) out->scale[j] = b->scales[j / 2] >> (4 * (j % 2)) & 15;
}

static void pack(const gb_lattice_block *in, void *block) {
    gb_block_iq2_s *b = block;
    memset(b, 0, sizeof *b);
    b->d = in->d;
    for (size_t g = 0; g < GROUPS; g++) {
        b->qs[g] = (uint8_t)in->point[g];
        b->qh[g / 4] = (uint8_t)(b->qh[g / 4] | in->point[g] >> 8 << (2 * (g % 4)));
        b->signs[g] = in->sign[g];
    }
    for (size_t j = 0; j < SUBS; j += 2) b->scales[j / 2] = (uint8_t)(in->scale[j] | in->scale[j + 1] << 4);
}

static const gb_lattice_format format = {
    .bytes = sizeof(gb_block_iq2_s),
    .group = 8,
    .sub = 16,
    .grid = gb_grid_iq2_s,
    .bits = 2,
    .value = {8, 25, 43},
    .unit = 0.125F,
    .unpack = unpack,
    .pack = pack,
    .book = gb_codebook_iq2_s,
    .sigma = 2.0F,
    .plain_sigma = 0.25F,
    .least = 1e-8F,
    .trials = 9,
    .step = 0.1F,
    .again = GB_AGAIN_OFF_GRID,
    .stretch = 0.9875F,
};

void gb_ref_iq2_s_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_lattice_quantize(&format, x, blocks, n, importance);
}

void gb_ref_iq2_s_dequantize(const void *blocks, float *x, size_t n) {
    gb_lattice_dequantize(&format, blocks, x, n);
}

/* |isum| <= 31 * 43 * 128 * 256 < 2^26. */
float gb_ref_iq2_s_dot(const void *w, const void *a, size_t n) {
    return gb_lattice_dot(&format, w, a, n);
}
