/* iq1_m: 32 groups of eight elements, each one of 2048 points with a shift of its own; sixteen sub-blocks of 16 with a
 * three-bit odd scale; the f16 d is spread over the words of the scales. */
#include "reference/iq1.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { SUBS = 16 };

/* Nibble g of qh: the top three bits of point g, then its shift. */
static void unpack(const void *block, gb_iq1_block *out) {
    const gb_block_iq1_m *b = block;
    out->d = gb_iq1_m_d(b);
    for (size_t g = 0; g < GB_IQ1_GROUPS; g++) {
        const unsigned nibble = (unsigned)b->qh[g / 2] >> (4 * (g % 2)) & 15U;
        out->point[g] = (uint16_t)(b->qs[g] | (nibble & 7U) << 8);
        out->down[g] = (uint8_t)(nibble >> 3);
    }
    for (size_t j = 0; j < SUBS; j++) out->scale[j] = b->scales[j / 4] >> (3 * (j % 4)) & 7;
}

static void pack(const gb_iq1_block *in, void *block) {
    gb_block_iq1_m *b = block;
    memset(b, 0, sizeof *b);
    for (size_t g = 0; g < GB_IQ1_GROUPS; g++) {
        const unsigned nibble = (unsigned)in->point[g] >> 8 | (unsigned)in->down[g] << 3;
        b->qs[g] = (uint8_t)in->point[g];
        b->qh[g / 2] = (uint8_t)(b->qh[g / 2] | nibble << (4 * (g % 2)));
    }
    for (size_t j = 0; j < SUBS; j++) b->scales[j / 4] = (uint16_t)(b->scales[j / 4] | in->scale[j] << (3 * (j % 4)));
    gb_iq1_m_set_d(b, in->d);
}

static const gb_iq1_format format = {
    .bytes = sizeof(gb_block_iq1_m),
    .sub = 16,
    .unpack = unpack,
    .pack = pack,
    .least = 1e-7F,
    .refit = 1,
    .stretch = 1.1125F,
};

void gb_ref_iq1_m_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_iq1_quantize(&format, x, blocks, n, importance);
}

void gb_ref_iq1_m_dequantize(const void *blocks, float *x, size_t n) {
    gb_iq1_dequantize(&format, blocks, x, n);
}

float gb_ref_iq1_m_dot(const void *w, const void *a, size_t n) {
    return gb_iq1_dot(&format, w, a, n);
}
