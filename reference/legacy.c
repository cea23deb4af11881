#include "reference/legacy.h"

#include <float.h>
#include <math.h>

#include "reference/number.h"
#include "reference/search.h"

enum { BLOCK = GB_BLOCK32 };

void gb_pack_fifth_bits(const uint8_t code[BLOCK], uint8_t qh[4]) {
    memset(qh, 0, 4);
    for (size_t i = 0; i < BLOCK; i++) qh[i / 8] = (uint8_t)(qh[i / 8] | (code[i] >> 4 & 1) << (i % 8));
}

gb_row32 gb_row32_of(const float *x, size_t n, const float *importance) {
    return (gb_row32){.x = x, .importance = importance, .sigma2 = importance ? gb_sum_squares(x, n) / (float)n : 0.0F};
}

static void weights_of(const gb_row32 *row, size_t block, float weight[BLOCK]) {
    const float *x = row->x + block * BLOCK;
    for (size_t j = 0; j < BLOCK; j++)
        weight[j] = row->importance[block * BLOCK + j] * sqrtf(row->sigma2 + x[j] * x[j]);
}

static float inverse_of(float d) {
    return d != 0.0F ? 1.0F / d : 0.0F;
}

/* d = extreme / -half; code = trunc(x / d + half + 0.5): x / d lies in -half..half, so only the top can be left. */
static void round_symmetric(const float *x, int half, uint8_t lost, gb_codes32 *out) {
    float extreme = 0.0F; /* signed; the first of equals wins */
    for (size_t i = 0; i < BLOCK; i++) {
        if (gb_larger_magnitude(x[i], extreme)) extreme = x[i];
    }
    const float d = extreme / -(float)half; /* -0 for an all-zero block */
    const float id = inverse_of(d);
    const float offset = (float)half + 0.5F;
    for (size_t i = 0; i < BLOCK; i++) {
        const float v = x[i] * id;
        out->code[i] = gb_is_finite(v) ? (uint8_t)gb_clamp_int((int)(v + offset), 0, 2 * half - 1) : lost;
    }
    out->d = gb_f16_from_f32(d);
}

void gb_encode_symmetric32(const gb_row32 *row, size_t block, int half, uint8_t lost, gb_codes32 *out) {
    const float *x = row->x + block * BLOCK;
    out->m = 0;
    if (!row->importance) {
        round_symmetric(x, half, lost, out);
        return;
    }
    float weight[BLOCK];
    weights_of(row, block, weight);
    out->d = gb_f16_from_scale(gb_search_signed(BLOCK, half, x, weight, out->code));
}

/* d = (max - min) / top; code = trunc((x - min) / d + 0.5). The comparisons skip NaN, and the first of equal zeros
 * wins, whose sign m keeps. */
static void round_affine(const float *x, int top, gb_codes32 *out) {
    float min = FLT_MAX;
    float max = -FLT_MAX;
    for (size_t i = 0; i < BLOCK; i++) {
        if (x[i] < min) min = x[i];
        if (x[i] > max) max = x[i];
    }
    const float d = (max - min) / (float)top;
    const float id = inverse_of(d);
    for (size_t i = 0; i < BLOCK; i++) {
        const float v = (x[i] - min) * id;
        out->code[i] = gb_is_finite(v) ? (uint8_t)gb_clamp_int((int)(v + 0.5F), 0, top) : 0;
    }
    out->d = gb_f16_from_f32(d);
    out->m = gb_f16_from_f32(min);
}

void gb_encode_affine32(const gb_row32 *row, size_t block, int top, gb_codes32 *out) {
    const float *x = row->x + block * BLOCK;
    if (!row->importance) {
        round_affine(x, top, out);
        return;
    }
    const gb_affine how = {.top = top, .r0 = -0.9F, .dr = 0.05F, .steps = 36, .squared = 1};
    float weight[BLOCK];
    float negmin;
    weights_of(row, block, weight);
    out->d = gb_f16_from_scale(gb_search_affine(BLOCK, &how, x, weight, out->code, &negmin));
    out->m = gb_f16_from_scale(-negmin);
}

float gb_encode_bytes32(const float x[BLOCK], int8_t q[BLOCK]) {
    const float d = gb_largest_magnitude(x, BLOCK) / 127.0F;
    const float id = inverse_of(d);
    for (size_t i = 0; i < BLOCK; i++) {
        const float v = x[i] * id;
        q[i] = (int8_t)(gb_is_finite(v) ? gb_round_away(v) : 0);
    }
    return d;
}
