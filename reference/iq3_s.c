/* iq3_s: 64 groups of four elements, each one of 512 points; all eight signs; eight sub-blocks of 32 with a four-bit
 * odd scale; f16 d. */
#include "reference/lattice.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { GROUPS = 64, EIGHTS = 32, SUBS = 8, SUB = 32 };

static void unpack(const void *block, gb_lattice_block *out) {
    const gb_block_iq3_s *b = block;
    out->d = b->d;
    for (size_t g = 0; g < GROUPS; g++) out->point[g] = (uint16_t)(b->qs[g] | (b->qh[g / 8] >> (g % 8) & 1) << 8);
    for (size_t e = 0; e < EIGHTS; e++) out->sign[e] = b->signs[e];
    for (size_t j = 0; j < SUBS; j++) out->scale[j] = b->scales[j / 2] >> (4 * (j % 2)) & 15;
}

static void pack(const gb_lattice_block *in, void *block) {
    gb_block_iq3_s *b = block;
    memset(b, 0, sizeof *b);
    b->d = in->d;
    for (size_t g = 0; g < GROUPS; g++) {
        b->qs[g] = (uint8_t)in->point[g];
        b->qh[g / 8] = (uint8_t)(b->qh[g / 8] | in->point[g] >> 8 << (g % 8));
    }
    for (size_t e = 0; e < EIGHTS; e++) b->signs[e] = in->sign[e];
    for (size_t j = 0; j < SUBS; j++) b->scales[j / 2] = (uint8_t)(b->scales[j / 2] | in->scale[j] << (4 * (j % 2)));
}

static const gb_lattice_format format = {
    .bytes = sizeof(gb_block_iq3_s),
    .group = 4,
    .sub = 32,
    .grid = gb_grid_iq3_s,
    .bits = 3,
    .value = {1, 3, 5, 7, 9, 11, 13, 15},
    .unit = 1.0F,
    .unpack = unpack,
    .pack = pack,
    .book = gb_codebook_iq3_s,
    .sigma = 2.0F,
    .trials = 9,
    .step = 0.2F,
    .again = GB_AGAIN_ALL_IF_ANY_OFF,
    .stretch = 1.033F,
};

void gb_ref_iq3_s_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_lattice_quantize(&format, x, blocks, n, importance);
}

static int is_zero(const float *x, size_t n) {
    size_t i = 0;
    while (i < n && x[i] == 0.0F) i++;
    return i == n;
}

/* ggml's encoder forgets to move on in qs and signs where a sub-block is zero, so all that follow of the super-block
 * lie one sub-block too early there, and qh and the scales do not fit them any more. */
void gb_ref_iq3_s_quantize_ggml(const float *x, void *blocks, size_t n, const float *importance) {
    gb_block_iq3_s *b = blocks;
    gb_ref_iq3_s_quantize(x, blocks, n, importance);
    for (size_t k = 0; k < n / GB_LATTICE; k++, b++, x += GB_LATTICE) {
        size_t to = 0;
        for (size_t j = 0; j < SUBS; j++) {
            if (is_zero(x + j * SUB, SUB)) continue;
            memmove(b->qs + 8 * to, b->qs + 8 * j, 8);
            memmove(b->signs + 4 * to, b->signs + 4 * j, 4);
            to++;
        }
        memset(b->qs + 8 * to, 0, 8 * (SUBS - to));
        memset(b->signs + 4 * to, 0, 4 * (SUBS - to));
    }
}

void gb_ref_iq3_s_dequantize(const void *blocks, float *x, size_t n) {
    gb_lattice_dequantize(&format, blocks, x, n);
}

/* |isum| <= 31 * 15 * 128 * 256 < 2^24. */
float gb_ref_iq3_s_dot(const void *w, const void *a, size_t n) {
    return gb_lattice_dot(&format, w, a, n);
}
