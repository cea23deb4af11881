#include "reference/iq1.h"

#include <float.h>

#include "reference/codebook.h"
#include "reference/number.h"
#include "reference/reference.h"
#include "reference/search.h"

enum { EIGHT = 8, MAX_SUB = 32, MAX_GROUPS = 4 /* of a sub-block */, BITS = 2, LEVELS = 3, TOP_SCALE = 7 };

/* Levels moved up and down. */
static const float moved[2][LEVELS] = {{-0.875F, 0.125F, 1.125F}, {-1.125F, -0.125F, 0.875F}};

static unsigned level_at(const gb_iq1_block *b, size_t i) {
    return gb_level_at(gb_grid_iq1[b->point[i / EIGHT]], BITS, i % EIGHT);
}

/* --- decoding and dot --------------------------------------------------------------------------------------------- */

void gb_iq1_dequantize(const gb_iq1_format *f, const void *blocks, float *x, size_t n) {
    const uint8_t *p = blocks;
    gb_iq1_block b;
    for (size_t k = 0; k < n / GB_IQ1_BLOCK; k++, p += f->bytes, x += GB_IQ1_BLOCK) {
        f->unpack(p, &b);
        for (size_t i = 0; i < GB_IQ1_BLOCK; i++)
            x[i] = gb_f32_from_f16(b.d) * (float)(2 * b.scale[i / 16] + 1) * moved[b.down[i / EIGHT]][level_at(&b, i)];
    }
}

float gb_iq1_dot(const gb_iq1_format *f, const void *w, const void *a, size_t n) {
    const uint8_t *p = w;
    const gb_block_q8_K *ba = a;
    gb_iq1_block b;
    float acc = 0.0F;
    for (size_t k = 0; k < n / GB_IQ1_BLOCK; k++, p += f->bytes) {
        int isum = 0;
        f->unpack(p, &b);
        for (size_t i = 0; i < GB_IQ1_BLOCK; i++) {
            const int eighths = 8 * ((int)level_at(&b, i) - 1) + (b.down[i / EIGHT] ? -1 : 1);
            isum += (2 * b.scale[i / 16] + 1) * (eighths * ba[k].qs[i]);
        }
        acc = acc + (gb_f32_from_f16(b.d) * ba[k].d) * (float)isum;
    }
    return 0.125F * acc;
}

/* --- encoding: one sub-block -------------------------------------------------------------------------------------- */

typedef struct sub_block {
    size_t n;
    const float *x;
    float weight[MAX_SUB];
    uint8_t order[MAX_SUB]; /* elements by value, ascending; equal ones in their own order */
} sub_block;

/* The elements before `first` in order get level 0, those before `second` 1, the others 2. Bit h of `down`: groups h, h
 * + 2 are moved down. */
typedef struct split {
    size_t first, second;
    unsigned down;
    float scale, quality;
    int found;
} split;

static void sort(sub_block *s) {
    for (size_t i = 0; i < s->n; i++) {
        size_t at = i;
        while (at > 0 && s->x[s->order[at - 1]] > s->x[i]) {
            s->order[at] = s->order[at - 1];
            at--;
        }
        s->order[at] = (uint8_t)i;
    }
}

/* Takes the split if its fit is better: sum_qx^2 / sum_q2, compared without division. */
static void propose(split *best, float sum_qx, float sum_q2, size_t first, size_t second, unsigned down) {
    if (!(sum_q2 > 0.0F && sum_qx * sum_qx > best->quality * sum_q2)) return;
    const float scale = sum_qx / sum_q2;
    *best = (split){first, second, down, scale, scale * sum_qx, 1};
}

/* iq1_s: up, then down, by differences of prefix sums. */
static void split_by_prefix_sums(const sub_block *s, split *best) {
    float sum_x[MAX_SUB + 1] = {0.0F};
    float sum_w[MAX_SUB + 1] = {0.0F};
    const size_t n = s->n;
    for (size_t j = 0; j < n; j++) {
        const size_t i = s->order[j];
        sum_x[j + 1] = sum_x[j] + s->weight[i] * s->x[i];
        sum_w[j + 1] = sum_w[j] + s->weight[i];
    }
    for (size_t first = 0; first <= n; first++) {
        for (size_t second = first; second <= n; second++) {
            for (unsigned down = 0; down < 2; down++) {
                const float *q = moved[down];
                const float sum_qx = (sum_x[first] - sum_x[0]) * q[0] + (sum_x[second] - sum_x[first]) * q[1] +
                                     (sum_x[n] - sum_x[second]) * q[2];
                const float sum_q2 = (sum_w[first] - sum_w[0]) * q[0] * q[0] +
                                     (sum_w[second] - sum_w[first]) * q[1] * q[1] +
                                     (sum_w[n] - sum_w[second]) * q[2] * q[2];
                propose(best, sum_qx, sum_q2, first, second, down ? 3 : 0);
            }
        }
    }
}

/* iq1_m: each eight of the sixteen up or down, element by element in order. */
static void split_by_sums(const sub_block *s, split *best) {
    static const uint8_t downs[4] = {0, 2, 1, 3};
    for (size_t first = 0; first <= s->n; first++) {
        for (size_t second = first; second <= s->n; second++) {
            for (size_t k = 0; k < 4; k++) {
                float sum_qx = 0.0F;
                float sum_q2 = 0.0F;
                for (size_t j = 0; j < s->n; j++) {
                    const size_t i = s->order[j];
                    const float q = moved[downs[k] >> (i / EIGHT) & 1][(j >= first) + (j >= second)];
                    sum_qx = sum_qx + s->weight[i] * q * s->x[i];
                    sum_q2 = sum_q2 + s->weight[i] * q * q;
                }
                propose(best, sum_qx, sum_q2, first, second, downs[k]);
            }
        }
    }
}

/* Sums of w*q*x and w*q*q for q = factor * moved level. */
static void fit(const gb_iq1_block *b, size_t begin, const float *x, const float *weight, size_t n, float factor,
                float *sum_qx, float *sum_q2) {
    for (size_t i = 0; i < n; i++) {
        const float q = moved[b->down[(begin + i) / EIGHT]][level_at(b, begin + i)] * factor;
        *sum_qx = *sum_qx + weight[i] * q * x[i];
        *sum_q2 = *sum_q2 + weight[i] * q * q;
    }
}

/* Points of the sub-block's groups for the levels of the split; the scale, fitted anew if a group was off the grid. */
static float to_points(const sub_block *s, const split *best, size_t begin, gb_iq1_block *b) {
    const gb_codebook *book = gb_codebook_iq1();
    const int turned = best->scale < 0.0F; /* then so are levels and shifts */
    const unsigned down = turned ? best->down ^ 3U : best->down;
    float scale = turned ? -best->scale : best->scale;
    unsigned key[MAX_GROUPS] = {0};
    int all_on_grid = 1;
    for (size_t j = 0; j < s->n; j++) {
        const unsigned level = (unsigned)(j >= best->first) + (unsigned)(j >= best->second);
        key[s->order[j] / EIGHT] |= (turned ? 2 - level : level) << (BITS * (s->order[j] % EIGHT));
    }
    for (size_t g = 0; g < s->n / EIGHT; g++) {
        const size_t group = begin / EIGHT + g;
        int on_grid;
        b->down[group] = down >> (g % 2) & 1;
        b->point[group] = (uint16_t)gb_codebook_find(book, key[g], moved[b->down[group]], scale, s->x + g * EIGHT,
                                                     s->weight + g * EIGHT, &on_grid);
        all_on_grid &= on_grid;
    }
    if (all_on_grid) return scale;
    float sum_qx = 0.0F;
    float sum_q2 = 0.0F;
    fit(b, begin, s->x, s->weight, s->n, 1.0F, &sum_qx, &sum_q2);
    return sum_qx > 0.0F && sum_q2 > 0.0F ? sum_qx / sum_q2 : scale;
}

static float encode_sub(const gb_iq1_format *f, sub_block *s, size_t begin, gb_iq1_block *b) {
    float largest = 0.0F;
    for (size_t i = 0; i < s->n; i++)
        if (gb_larger_magnitude(s->x[i], largest)) largest = gb_abs_f32(s->x[i]);
    if (largest < f->least) return 0.0F;
    split best = {.quality = -FLT_MAX};
    sort(s);
    if (f->one_shift)
        split_by_prefix_sums(s, &best);
    else
        split_by_sums(s, &best);
    return best.found ? to_points(s, &best, begin, b) : 0.0F;
}

/* --- encoding: a super-block -------------------------------------------------------------------------------------- */

static void weigh(const gb_iq1_format *f, const float *x, const float *importance, float weight[GB_IQ1_BLOCK]) {
    if (importance || f->plain_ones) {
        gb_weigh(GB_IQ1_BLOCK, x, importance, 2.0F * gb_sum_squares(x, GB_IQ1_BLOCK) / (float)GB_IQ1_BLOCK, weight);
        return;
    }
    for (size_t i = 0; i < GB_IQ1_BLOCK; i++) weight[i] = x[i] * x[i];
}

static void encode(const gb_iq1_format *f, const float *x, const float *importance, gb_iq1_block *b) {
    float weight[GB_IQ1_BLOCK];
    float scale[GB_IQ1_SCALES] = {0.0F};
    float largest = 0.0F;
    sub_block s = {.n = f->sub};
    weigh(f, x, importance, weight);
    memset(b, 0, sizeof *b);
    for (size_t at = 0; at < GB_IQ1_BLOCK; at += f->sub) {
        s.x = x + at;
        memcpy(s.weight, weight + at, f->sub * sizeof *weight);
        const float found = encode_sub(f, &s, at, b);
        if (found > largest) largest = found;
        for (size_t j = at / 16; j < (at + f->sub) / 16; j++) scale[j] = found;
    }
    if (largest == 0.0F) {
        memset(b, 0, sizeof *b);
        return;
    }
    float d = largest / 15.0F; /* the largest scale becomes 2 * 7 + 1 */
    const float inverse = 1.0F / d;
    float sum_qx = 0.0F;
    float sum_q2 = 0.0F;
    for (size_t j = 0; j < GB_IQ1_SCALES; j++) {
        const int c = gb_clamp_int(gb_nearest_int(0.5F * (inverse * scale[j] - 1.0F)), 0, TOP_SCALE);
        b->scale[j] = (uint8_t)c;
        if (f->refit) fit(b, 16 * j, x + 16 * j, weight + 16 * j, 16, (float)(2 * c + 1), &sum_qx, &sum_q2);
    }
    if (sum_q2 > 0.0F) d = sum_qx / sum_q2;
    b->d = gb_f16_from_scale(d * f->stretch);
}

void gb_iq1_quantize(const gb_iq1_format *f, const float *x, void *blocks, size_t n, const float *importance) {
    uint8_t *p = blocks;
    gb_iq1_block b;
    for (size_t at = 0; at < n; at += GB_IQ1_BLOCK, p += f->bytes) {
        encode(f, x + at, importance ? importance + at : NULL, &b);
        f->pack(&b, p);
    }
}
