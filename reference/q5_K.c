/* q5_K: q4_K with a fifth bit: 256 codes of five bits in two planes; eight sub-blocks of 32 with six-bit scale and min;
 * f16 d and dmin. */
#include "reference/kquant.h"
#include "reference/number.h"
#include "reference/reference.h"

/* The top bit of element 32j + l is bit j of qh[l]. */
static void unpack(const void *block, gb_k_mins *out) {
    const gb_block_q5_K *b = block;
    out->d = b->d;
    out->dmin = b->dmin;
    gb_get_scales_mins(b->scales, out->sc, out->mn);
    for (size_t i = 0; i < GB_SUPER; i++)
        out->code[i] = (uint8_t)(gb_get_nibble(b->qs, i) | ((unsigned)b->qh[i % 32] >> i / 32 & 1U) << 4);
}

static void pack(const gb_k_mins *in, void *block) {
    gb_block_q5_K *b = block;
    b->d = in->d;
    b->dmin = in->dmin;
    gb_set_scales_mins(in->sc, in->mn, b->scales);
    gb_set_nibbles(in->code, b->qs);
    memset(b->qh, 0, sizeof b->qh);
    for (size_t i = 0; i < GB_SUPER; i++) b->qh[i % 32] = (uint8_t)(b->qh[i % 32] | in->code[i] >> 4 << i / 32);
}

static const gb_k_mins_format format = {
    .bytes = sizeof(gb_block_q5_K),
    .sub = 32,
    .top_scale = 63,
    .rms = 1,
    .plain = {.top = 31, .r0 = -0.5F, .dr = 0.1F, .steps = 15, .squared = 1},
    .sigma = 2.0F,
    .limit = {63, 63},
    .unpack = unpack,
    .pack = pack,
};

void gb_ref_q5_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_k_mins_quantize(&format, x, blocks, n, importance);
}

void gb_ref_q5_K_dequantize(const void *blocks, float *x, size_t n) {
    gb_k_mins_dequantize(&format, blocks, x, n);
}

/* |isum| <= 63 * 31 * 128 * 256 < 2^26, |msum| <= 63 * 2048 * 16 < 2^21. */
float gb_ref_q5_K_dot(const void *w, const void *a, size_t n) {
    return gb_k_mins_dot(&format, w, a, n);
}
