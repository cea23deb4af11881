/* q4_K: 256 codes of four bits; eight sub-blocks of 32 with six-bit scale and min; f16 d and dmin. */
#include <math.h>

#include "reference/number.h"
#include "reference/reference.h"
#include "reference/search.h"

enum { BLOCK = 256, SUB = 32, SUBS = 8 };

/* Eight scales and eight mins of six bits in twelve bytes: the first four of each lie in the low bits of bytes 0-3 and
 * 4-7; of the last four, the low nibbles share bytes 8-11 and the top two bits sit above the first four. */
static void get_scale_min(const uint8_t q[12], size_t j, int *sc, int *mn) {
    if (j < 4) {
        *sc = q[j] & 63;
        *mn = q[j + 4] & 63;
    } else {
        *sc = (q[j + 4] & 15) | (q[j - 4] >> 6) << 4;
        *mn = q[j + 4] >> 4 | (q[j] >> 6) << 4;
    }
}

static void set_scale_min(uint8_t q[12], size_t j, unsigned sc, unsigned mn) {
    if (j < 4) {
        q[j] = (uint8_t)sc;
        q[j + 4] = (uint8_t)mn;
    } else {
        q[j + 4] = (uint8_t)((sc & 15U) | (mn & 15U) << 4);
        q[j - 4] = (uint8_t)(q[j - 4] | sc >> 4 << 6);
        q[j] = (uint8_t)(q[j] | mn >> 4 << 6);
    }
}

static int code_at(const gb_block_q4_K *b, size_t i) {
    const uint8_t byte = b->qs[i / 64 * 32 + i % 32];
    return i / 32 % 2 ? byte >> 4 : byte & 15;
}

/* Scales and mins of the sub-blocks found without importance: weights |x| + rms of the sub-block. */
static void find_plain(const float *x, uint8_t code[BLOCK], gb_block_q4_K *b, uint8_t sc[SUBS], uint8_t mn[SUBS]) {
    static const gb_affine how = {.top = 15, .r0 = -1.0F, .dr = 0.1F, .steps = 20, .squared = 1};
    float scale[SUBS];
    float min[SUBS];
    float max_scale = 0.0F;
    float max_min = 0.0F;
    for (size_t j = 0; j < SUBS; j++) {
        const float *xs = x + j * SUB;
        const float rms = sqrtf(gb_sum_squares(xs, SUB) / (float)SUB);
        float weight[SUB];
        for (size_t i = 0; i < SUB; i++) weight[i] = rms + gb_abs_f32(xs[i]);
        scale[j] = gb_search_affine(SUB, &how, xs, weight, code + j * SUB, &min[j]);
        if (scale[j] > max_scale) max_scale = scale[j];
        if (min[j] > max_min) max_min = min[j];
    }
    const float inv_scale = max_scale > 0.0F ? 63.0F / max_scale : 0.0F;
    const float inv_min = max_min > 0.0F ? 63.0F / max_min : 0.0F;
    for (size_t j = 0; j < SUBS; j++) {
        const uint8_t s = (uint8_t)gb_nearest_int(inv_scale * scale[j]);
        const uint8_t m = (uint8_t)gb_nearest_int(inv_min * min[j]);
        sc[j] = s < 63 ? s : 63;
        mn[j] = m < 63 ? m : 63;
    }
    b->d = gb_f16_from_scale(max_scale / 63.0F);
    b->dmin = gb_f16_from_scale(max_min / 63.0F);
}

static void find_weighted(const float *x, const float *importance, uint8_t code[BLOCK], gb_block_q4_K *b,
                          uint8_t sc[SUBS], uint8_t mn[SUBS]) {
    static const gb_affine how = {.top = 15, .r0 = -0.9F, .dr = 0.05F, .steps = 36, .squared = 1};
    const float sigma2 = 2.0F * gb_sum_squares(x, BLOCK) / (float)BLOCK;
    float scale[SUBS];
    float min[SUBS];
    float sum_weight[SUBS];
    for (size_t j = 0; j < SUBS; j++) {
        const float *xs = x + j * SUB;
        float weight[SUB];
        float sum = 0.0F;
        for (size_t i = 0; i < SUB; i++) {
            weight[i] = importance[j * SUB + i] * sqrtf(sigma2 + xs[i] * xs[i]);
            sum = sum + weight[i];
        }
        sum_weight[j] = sum;
        scale[j] = gb_search_affine(SUB, &how, xs, weight, code + j * SUB, &min[j]);
    }
    b->d = gb_f16_from_scale(gb_search_positive(SUBS, 63, scale, sum_weight, sc));
    b->dmin = gb_f16_from_scale(gb_search_positive(SUBS, 63, min, sum_weight, mn));
}

void gb_ref_q4_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_block_q4_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        uint8_t code[BLOCK];
        uint8_t sc[SUBS];
        uint8_t mn[SUBS];
        memset(b, 0, sizeof *b);
        if (importance)
            find_weighted(x, importance + k * BLOCK, code, b, sc, mn);
        else
            find_plain(x, code, b, sc, mn);
        /* final codes from the scales as they will be decoded; a zero scale keeps the codes of the search */
        for (size_t j = 0; j < SUBS; j++) {
            set_scale_min(b->scales, j, sc[j], mn[j]);
            const float ds = gb_f32_from_f16(b->d) * (float)sc[j];
            if (ds == 0.0F) continue;
            const float dm = gb_f32_from_f16(b->dmin) * (float)mn[j];
            for (size_t i = j * SUB; i < (j + 1) * SUB; i++)
                code[i] = (uint8_t)gb_clamp_int(gb_nearest_int((x[i] + dm) / ds), 0, 15);
        }
        for (size_t c = 0; c < 4; c++)
            for (size_t l = 0; l < 32; l++)
                b->qs[32 * c + l] = (uint8_t)(code[64 * c + l] | code[64 * c + 32 + l] << 4);
    }
}

void gb_ref_q4_K_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q4_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        for (size_t i = 0; i < BLOCK; i++) {
            int sc;
            int mn;
            get_scale_min(b->scales, i / SUB, &sc, &mn);
            const float ds = gb_f32_from_f16(b->d) * (float)sc;
            const float dm = gb_f32_from_f16(b->dmin) * (float)mn;
            x[i] = ds * (float)code_at(b, i) - dm;
        }
    }
}

/* Per super-block: isum = sum sc * (code . q), msum = sum mn * (sums of q), both exact integers
 * (|isum| <= 63 * 15 * 128 * 256 < 2^25, |msum| <= 63 * 2048 * 16 < 2^21), each converted to float once:
 * acc = acc + ((d * da) * isum - (dmin * da) * msum). */
float gb_ref_q4_K_dot(const void *w, const void *a, size_t n) {
    const gb_block_q4_K *bw = w;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / BLOCK; k++) {
        int isum = 0;
        int msum = 0;
        for (size_t j = 0; j < SUBS; j++) {
            int sc;
            int mn;
            get_scale_min(bw[k].scales, j, &sc, &mn);
            int sub = 0;
            for (size_t i = j * SUB; i < (j + 1) * SUB; i++) sub += code_at(&bw[k], i) * ba[k].qs[i];
            isum += sc * sub;
            msum += mn * (ba[k].bsums[2 * j] + ba[k].bsums[2 * j + 1]);
        }
        const float scaled = (gb_f32_from_f16(bw[k].d) * ba[k].d) * (float)isum;
        const float offset = (gb_f32_from_f16(bw[k].dmin) * ba[k].d) * (float)msum;
        acc = acc + (scaled - offset);
    }
    return acc;
}
