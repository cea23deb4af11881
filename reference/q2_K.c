/* q2_K: 256 codes of two bits; sixteen sub-blocks of 16 with four-bit scale and min; f16 d and dmin. */
#include "reference/kquant.h"
#include "reference/number.h"
#include "reference/reference.h"

static void unpack(const void *block, gb_k_mins *out) {
    const gb_block_q2_K *b = block;
    out->d = b->d;
    out->dmin = b->dmin;
    for (size_t j = 0; j < 16; j++) {
        out->sc[j] = b->scales[j] & 15;
        out->mn[j] = b->scales[j] >> 4;
    }
    for (size_t i = 0; i < GB_SUPER; i++) out->code[i] = (uint8_t)gb_get_two_bits(b->qs, i);
}

static void pack(const gb_k_mins *in, void *block) {
    gb_block_q2_K *b = block;
    b->d = in->d;
    b->dmin = in->dmin;
    for (size_t j = 0; j < 16; j++) b->scales[j] = (uint8_t)(in->sc[j] | in->mn[j] << 4);
    gb_set_two_bits(in->code, b->qs);
}

/* The error that the search without importance minimizes is that of magnitudes, the only format with that. */
static const gb_k_mins_format format = {
    .bytes = sizeof(gb_block_q2_K),
    .sub = 16,
    .top_scale = 15,
    .rms = 0,
    .plain = {.top = 3, .r0 = -0.5F, .dr = 0.1F, .steps = 15, .squared = 0},
    .sigma = 1.0F,
    .limit = {255, 255},
    .unpack = unpack,
    .pack = pack,
};

void gb_ref_q2_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_k_mins_quantize(&format, x, blocks, n, importance);
}

void gb_ref_q2_K_dequantize(const void *blocks, float *x, size_t n) {
    gb_k_mins_dequantize(&format, blocks, x, n);
}

/* |isum| <= 15 * 3 * 128 * 256 < 2^21, |msum| <= 15 * 2048 * 16 < 2^19: both are exact as floats, too. */
float gb_ref_q2_K_dot(const void *w, const void *a, size_t n) {
    return gb_k_mins_dot(&format, w, a, n);
}
