/* q4_K: 256 codes of four bits; eight sub-blocks of 32 with six-bit scale and min; f16 d and dmin. */
#include "reference/kquant.h"
#include "reference/number.h"
#include "reference/reference.h"

static void unpack(const void *block, gb_k_mins *out) {
    const gb_block_q4_K *b = block;
    out->d = b->d;
    out->dmin = b->dmin;
    gb_get_scales_mins(b->scales, out->sc, out->mn);
    for (size_t i = 0; i < GB_SUPER; i++) out->code[i] = (uint8_t)gb_get_nibble(b->qs, i);
}

static void pack(const gb_k_mins *in, void *block) {
    gb_block_q4_K *b = block;
    b->d = in->d;
    b->dmin = in->dmin;
    gb_set_scales_mins(in->sc, in->mn, b->scales);
    gb_set_nibbles(in->code, b->qs);
}

static const gb_k_mins_format format = {
    .bytes = sizeof(gb_block_q4_K),
    .sub = 32,
    .top_scale = 63,
    .rms = 1,
    .plain = {.top = 15, .r0 = -1.0F, .dr = 0.1F, .steps = 20, .squared = 1},
    .sigma = 2.0F,
    .limit = {63, 255},
    .unpack = unpack,
    .pack = pack,
};

void gb_ref_q4_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_k_mins_quantize(&format, x, blocks, n, importance);
}

void gb_ref_q4_K_dequantize(const void *blocks, float *x, size_t n) {
    gb_k_mins_dequantize(&format, blocks, x, n);
}

/* |isum| <= 63 * 15 * 128 * 256 < 2^25, |msum| <= 63 * 2048 * 16 < 2^21. */
float gb_ref_q4_K_dot(const void *w, const void *a, size_t n) {
    return gb_k_mins_dot(&format, w, a, n);
}
