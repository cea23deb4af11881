#include "reference/kquant.h"

#include <math.h>

#include "kernels/formats.h"
#include "reference/number.h"

/* --- bytes -----------------------------------------------------------------------------------------------------------
 */

unsigned gb_get_two_bits(const uint8_t plane[64], size_t i) {
    return (unsigned)plane[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3U;
}

void gb_set_two_bits(const uint8_t code[GB_SUPER], uint8_t plane[64]) {
    for (size_t h = 0; h < 2; h++) {
        const uint8_t *q = code + 128 * h;
        for (size_t l = 0; l < 32; l++)
            plane[32 * h + l] = (uint8_t)((q[l] & 3) | (q[32 + l] & 3) << 2 | (q[64 + l] & 3) << 4 | q[96 + l] << 6);
    }
}

unsigned gb_get_nibble(const uint8_t plane[128], size_t i) {
    return (unsigned)plane[i / 64 * 32 + i % 32] >> i % 64 / 32 * 4 & 15U;
}

void gb_set_nibbles(const uint8_t code[GB_SUPER], uint8_t plane[128]) {
    for (size_t c = 0; c < 4; c++)
        for (size_t l = 0; l < 32; l++)
            plane[32 * c + l] = (uint8_t)((code[64 * c + l] & 15) | code[64 * c + 32 + l] << 4);
}

/* The first four of each lie in the low bits of bytes 0-3 and 4-7; of the last four, the low nibbles share bytes 8-11
 * and the top two bits sit above the first four. */
void gb_get_scales_mins(const uint8_t q[12], uint8_t sc[8], uint8_t mn[8]) {
    for (size_t j = 0; j < 4; j++) {
        sc[j] = q[j] & 63;
        mn[j] = q[j + 4] & 63;
        sc[j + 4] = (uint8_t)((q[j + 8] & 15) | q[j] >> 6 << 4);
        mn[j + 4] = (uint8_t)(q[j + 8] >> 4 | q[j + 4] >> 6 << 4);
    }
}

/* The bits above the sixth of a byte that wrapped stay where they fall. */
void gb_set_scales_mins(const uint8_t sc[8], const uint8_t mn[8], uint8_t q[12]) {
    for (size_t j = 0; j < 4; j++) {
        q[j] = (uint8_t)(sc[j] | sc[j + 4] >> 4 << 6);
        q[j + 4] = (uint8_t)(mn[j] | mn[j + 4] >> 4 << 6);
        q[j + 8] = (uint8_t)((sc[j + 4] & 15) | mn[j + 4] << 4);
    }
}

/* --- with mins
 * -------------------------------------------------------------------------------------------------------- */

/* What a search finds of the sub-blocks. */
typedef struct found {
    float scale[GB_MAX_SUBS], min[GB_MAX_SUBS];
} found;

float gb_k_spread(size_t n, int top, const float *x, uint8_t *code) {
    float largest = 0.0F;
    for (size_t j = 0; j < n; j++)
        if (x[j] > largest) largest = x[j];
    const float inverse = largest > 0.0F ? (float)top / largest : 0.0F;
    for (size_t j = 0; j < n; j++) code[j] = (uint8_t)gb_nearest_int(inverse * x[j]);
    return largest / (float)top;
}

static void find_plain(const gb_k_mins_format *f, const float *x, gb_k_mins *b) {
    const size_t subs = GB_SUPER / f->sub;
    found s;
    for (size_t j = 0; j < subs; j++) {
        const float *xs = x + j * f->sub;
        const float rms = f->rms ? sqrtf(gb_sum_squares(xs, f->sub) / (float)f->sub) : 0.0F;
        float weight[32];
        for (size_t i = 0; i < f->sub; i++) weight[i] = rms + gb_abs_f32(xs[i]);
        s.scale[j] = gb_search_affine(f->sub, &f->plain, xs, weight, b->code + j * f->sub, &s.min[j]);
    }
    b->d = gb_f16_from_scale(gb_k_spread(subs, f->top_scale, s.scale, b->sc));
    b->dmin = gb_f16_from_scale(gb_k_spread(subs, f->top_scale, s.min, b->mn));
}

static void find_weighted(const gb_k_mins_format *f, const float *x, const float *importance, gb_k_mins *b) {
    const size_t subs = GB_SUPER / f->sub;
    const gb_affine how = {.top = f->plain.top, .r0 = -0.9F, .dr = 0.05F, .steps = 36, .squared = 1};
    const float sigma2 = f->sigma * gb_sum_squares(x, GB_SUPER) / (float)GB_SUPER;
    found s;
    float sum[GB_MAX_SUBS];
    for (size_t j = 0; j < subs; j++) {
        const size_t at = j * f->sub;
        float weight[32];
        sum[j] = gb_weigh(f->sub, x + at, importance + at, sigma2, weight);
        s.scale[j] = gb_search_affine(f->sub, &how, x + at, weight, b->code + at, &s.min[j]);
    }
    b->d = gb_f16_from_scale(gb_search_positive(subs, f->top_scale, s.scale, sum, b->sc));
    b->dmin = gb_f16_from_scale(gb_search_positive(subs, f->top_scale, s.min, sum, b->mn));
}

static void limit_scales(uint8_t limit, gb_k_mins *b) {
    for (size_t j = 0; j < GB_MAX_SUBS; j++) {
        if (b->sc[j] > limit) b->sc[j] = limit;
        if (b->mn[j] > limit) b->mn[j] = limit;
    }
}

/* Codes for the scales as they are decoded; a scale of 0 keeps the codes of the search. */
static void set_codes(const gb_k_mins_format *f, const float *x, gb_k_mins *b) {
    for (size_t j = 0; j < GB_SUPER / f->sub; j++) {
        const float ds = gb_f32_from_f16(b->d) * (float)b->sc[j];
        const float dm = gb_f32_from_f16(b->dmin) * (float)b->mn[j];
        if (ds == 0.0F) continue;
        for (size_t i = j * f->sub; i < (j + 1) * f->sub; i++)
            b->code[i] = (uint8_t)gb_clamp_int(gb_nearest_int((x[i] + dm) / ds), 0, f->plain.top);
    }
}

void gb_k_mins_quantize(const gb_k_mins_format *f, const float *x, void *blocks, size_t n, const float *importance) {
    uint8_t *block = blocks;
    for (size_t k = 0; k < n / GB_SUPER; k++, block += f->bytes, x += GB_SUPER) {
        gb_k_mins b = {0};
        if (importance)
            find_weighted(f, x, importance + k * GB_SUPER, &b);
        else
            find_plain(f, x, &b);
        limit_scales(f->limit[importance != NULL], &b);
        f->pack(&b, block);
        f->unpack(block, &b); /* scales and mins as the packing leaves them */
        set_codes(f, x, &b);
        f->pack(&b, block);
    }
}

void gb_k_mins_dequantize(const gb_k_mins_format *f, const void *blocks, float *x, size_t n) {
    const uint8_t *block = blocks;
    for (size_t k = 0; k < n / GB_SUPER; k++, block += f->bytes, x += GB_SUPER) {
        gb_k_mins b;
        f->unpack(block, &b);
        for (size_t i = 0; i < GB_SUPER; i++) {
            const float ds = gb_f32_from_f16(b.d) * (float)b.sc[i / f->sub];
            const float dm = gb_f32_from_f16(b.dmin) * (float)b.mn[i / f->sub];
            x[i] = ds * (float)b.code[i] - dm;
        }
    }
}

float gb_k_mins_dot(const gb_k_mins_format *f, const void *w, const void *a, size_t n) {
    const uint8_t *block = w;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / GB_SUPER; k++, block += f->bytes) {
        gb_k_mins b;
        int isum = 0;
        int msum = 0;
        f->unpack(block, &b);
        for (size_t i = 0; i < GB_SUPER; i++) isum += b.sc[i / f->sub] * (b.code[i] * ba[k].qs[i]);
        for (size_t g = 0; g < 16; g++) msum += b.mn[16 * g / f->sub] * ba[k].bsums[g];
        const float scaled = (gb_f32_from_f16(b.d) * ba[k].d) * (float)isum;
        const float offset = (gb_f32_from_f16(b.dmin) * ba[k].d) * (float)msum;
        acc = acc + (scaled - offset);
    }
    return acc;
}

/* --- signed
 * ------------------------------------------------------------------------------------------------------------ */

void gb_k_signed_codes(const float *x, float scale, int half, uint8_t *code) {
    if (scale == 0.0F) return;
    for (size_t i = 0; i < 16; i++)
        code[i] = (uint8_t)(gb_clamp_int(gb_nearest_int(x[i] / scale), -half, half - 1) + half);
}

void gb_k_signed_dequantize(const gb_k_signed_format *f, const void *blocks, float *x, size_t n) {
    const uint8_t *block = blocks;
    for (size_t k = 0; k < n / GB_SUPER; k++, block += f->bytes, x += GB_SUPER) {
        gb_k_signed b;
        f->unpack(block, &b);
        for (size_t i = 0; i < GB_SUPER; i++) x[i] = (gb_f32_from_f16(b.d) * (float)b.sc[i / 16]) * (float)b.value[i];
    }
}

float gb_k_signed_dot(const gb_k_signed_format *f, const void *w, const void *a, size_t n) {
    const uint8_t *block = w;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / GB_SUPER; k++, block += f->bytes) {
        gb_k_signed b;
        int isum = 0;
        f->unpack(block, &b);
        for (size_t i = 0; i < GB_SUPER; i++) isum += b.sc[i / 16] * (b.value[i] * ba[k].qs[i]);
        acc = acc + (gb_f32_from_f16(b.d) * ba[k].d) * (float)isum;
    }
    return acc;
}
