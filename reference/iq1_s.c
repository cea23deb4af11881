/* iq1_s: 32 groups of eight elements, each one of 2048 points; eight sub-blocks of 32 with a three-bit odd scale and
 * one shift; f16 d. */
#include "reference/iq1.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { SUBS = 8, GROUPS = 4 /* of a sub-block */ };

/* Word j: four times the top three bits of a point, lowest first, then the scale, then the shift. */
static void unpack(const void *block, gb_iq1_block *out) {
    const gb_block_iq1_s *b = block;
    out->d = b->d;
    for (size_t j = 0; j < SUBS; j++) {
        const unsigned word = b->qh[j];
        for (size_t g = 0; g < GROUPS; g++) {
            out->point[GROUPS * j + g] = (uint16_t)(b->qs[GROUPS * j + g] | (word >> (3 * g) & 7U) << 8);
            out->down[GROUPS * j + g] = word >> 15 & 1U;
        }
        out->scale[2 * j] = out->scale[2 * j + 1] = word >> 12 & 7U;
    }
}

static void pack(const gb_iq1_block *in, void *block) {
    gb_block_iq1_s *b = block;
    b->d = in->d;
    for (size_t j = 0; j < SUBS; j++) {
        unsigned word = (unsigned)in->scale[2 * j] << 12 | (unsigned)in->down[GROUPS * j] << 15;
        for (size_t g = 0; g < GROUPS; g++) {
            const unsigned point = in->point[GROUPS * j + g];
            b->qs[GROUPS * j + g] = (uint8_t)point;
            word |= point >> 8 << (3 * g);
        }
        b->qh[j] = (uint16_t)word;
    }
}

static const gb_iq1_format format = {
    .bytes = sizeof(gb_block_iq1_s),
    .sub = 32,
    .unpack = unpack,
    .pack = pack,
    .one_shift = 1,
    .plain_ones = 1,
    .least = 1e-12F,
    .stretch = 1.125F,
};

void gb_ref_iq1_s_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_iq1_quantize(&format, x, blocks, n, importance);
}

void gb_ref_iq1_s_dequantize(const void *blocks, float *x, size_t n) {
    gb_iq1_dequantize(&format, blocks, x, n);
}

float gb_ref_iq1_s_dot(const void *w, const void *a, size_t n) {
    return gb_iq1_dot(&format, w, a, n);
}
