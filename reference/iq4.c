#include "reference/iq4.h"

#include "reference/number.h"

enum { BLOCK = 32, HALF = 16, TRIALS = 7 };

/* Code of the nearest level, of two equally near ones the upper. A NaN gets the last code. */
static int nearest_code(float v) {
    if (v <= (float)gb_iq4_levels[0]) return 0;
    int upper = 1;
    while (upper < 15 && !(v < (float)gb_iq4_levels[upper])) upper++;
    return v - (float)gb_iq4_levels[upper - 1] < (float)gb_iq4_levels[upper] - v ? upper - 1 : upper;
}

/* Sums of w*q*x and w*q*q for the levels q that `inverse` gives. */
static void fit(const float *x, const float *weight, float inverse, float *sum_qx, float *sum_q2) {
    *sum_qx = 0.0F;
    *sum_q2 = 0.0F;
    for (size_t i = 0; i < BLOCK; i++) {
        const float q = (float)gb_iq4_levels[nearest_code(inverse * x[i])];
        const float w = weight ? weight[i] : x[i] * x[i];
        *sum_qx = *sum_qx + w * q * x[i];
        *sum_q2 = *sum_q2 + w * q * q;
    }
}

float gb_iq4_search(const float x[BLOCK], const float *weight) {
    const float lowest = (float)gb_iq4_levels[0];
    float extreme = 0.0F;
    for (size_t i = 0; i < BLOCK; i++) {
        if (gb_larger_magnitude(x[i], extreme)) extreme = x[i];
    }
    if (gb_abs_f32(extreme) < 1e-15F) return 0.0F;
    float sum_qx;
    float sum_q2;
    /* the first trial points the long side of the levels (-127) away from the extreme, the others at it */
    fit(x, weight, 1.0F / (-extreme / lowest), &sum_qx, &sum_q2);
    float scale = sum_q2 > 0.0F ? sum_qx / sum_q2 : 0.0F;
    float best = scale * sum_qx;
    for (int t = -TRIALS; t <= TRIALS; t++) {
        fit(x, weight, ((float)t + lowest) / extreme, &sum_qx, &sum_q2);
        if (sum_q2 > 0.0F && sum_qx * sum_qx > best * sum_q2) {
            scale = sum_qx / sum_q2;
            best = scale * sum_qx;
        }
    }
    return scale;
}

void gb_iq4_encode(const float x[BLOCK], float scale, uint8_t qs[HALF]) {
    const float inverse = scale != 0.0F ? 1.0F / scale : 0.0F;
    for (size_t j = 0; j < HALF; j++)
        qs[j] = (uint8_t)(nearest_code(inverse * x[j]) | nearest_code(inverse * x[j + HALF]) << 4);
}
