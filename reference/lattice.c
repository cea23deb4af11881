#include "reference/lattice.h"

#include <math.h>

#include "reference/number.h"
#include "reference/reference.h"
#include "reference/search.h"

enum { EIGHT = 8, MAX_SUB = 32, MAX_SUBS = 16, MAX_GROUPS = 8 /* of a sub-block */, TOP_SCALE = 15 };

/* Encoders look for points in the geometry of the odd numbers, whatever the levels decode to. */
static const float odd[8] = {1.0F, 3.0F, 5.0F, 7.0F, 9.0F, 11.0F, 13.0F, 15.0F};

static unsigned parity(unsigned bits) {
    bits ^= bits >> 4;
    bits ^= bits >> 2;
    return (bits ^ bits >> 1) & 1U;
}

uint8_t gb_eight_signs(unsigned seven) {
    return (uint8_t)(seven | parity(seven) << 7);
}

uint8_t gb_get_signs_scale(const uint8_t word[4], uint8_t sign[4]) {
    const uint32_t u = gb_u32_at(word, 0);
    for (size_t e = 0; e < 4; e++) sign[e] = gb_eight_signs(u >> (7 * e) & 127U);
    return (uint8_t)(u >> 28);
}

void gb_set_signs_scale(const uint8_t sign[4], uint8_t scale, uint8_t word[4]) {
    uint32_t u = (uint32_t)scale << 28;
    for (size_t e = 0; e < 4; e++) u |= (sign[e] & 127U) << (7 * e);
    gb_set_u32_at(word, 0, u);
}

/* --- decoding and dot --------------------------------------------------------------------------------------------- */

static int value_at(const gb_lattice_format *f, const gb_lattice_block *b, size_t i) {
    const unsigned packed = f->grid[b->point[i / f->group]];
    const int value = f->value[gb_level_at(packed, f->bits, i % f->group)];
    return b->sign[i / EIGHT] >> (i % EIGHT) & 1 ? -value : value;
}

void gb_lattice_dequantize(const gb_lattice_format *f, const void *blocks, float *x, size_t n) {
    const uint8_t *p = blocks;
    gb_lattice_block b;
    for (size_t k = 0; k < n / GB_LATTICE; k++, p += f->bytes, x += GB_LATTICE) {
        f->unpack(p, &b);
        for (size_t i = 0; i < GB_LATTICE; i++) {
            const float scale = gb_f32_from_f16(b.d) * (float)(2 * b.scale[i / f->sub] + 1) * f->unit;
            x[i] = scale * (float)value_at(f, &b, i);
        }
    }
}

float gb_lattice_dot(const gb_lattice_format *f, const void *w, const void *a, size_t n) {
    const uint8_t *p = w;
    const gb_block_q8_K *ba = a;
    gb_lattice_block b;
    float acc = 0.0F;
    for (size_t k = 0; k < n / GB_LATTICE; k++, p += f->bytes) {
        int isum = 0;
        f->unpack(p, &b);
        for (size_t i = 0; i < GB_LATTICE; i++)
            isum += (2 * b.scale[i / f->sub] + 1) * (value_at(f, &b, i) * ba[k].qs[i]);
        acc = acc + (gb_f32_from_f16(b.d) * ba[k].d) * (float)isum;
    }
    return f->unit * acc;
}

/* --- encoding: one sub-block -------------------------------------------------------------------------------------- */

typedef struct sub_block {
    const gb_lattice_format *f;
    const gb_codebook *book;
    float x[MAX_SUB]; /* signs taken off */
    float weight[MAX_SUB], root[MAX_SUB];
    uint8_t sign[MAX_SUB / EIGHT];
} sub_block;

/* The points of a sub-block's groups, and which of them did not fall on the grid by themselves. */
typedef struct trial {
    uint16_t point[MAX_GROUPS];
    uint8_t off[MAX_GROUPS];
} trial;

/* Signs of eight elements. If only seven can be stored and the number of negative ones is odd, the element that matters
 * least is taken for one of the other sign: its magnitude becomes negative. */
static uint8_t take_signs(const gb_lattice_format *f, const float *x, const float *weight, float *magnitude) {
    unsigned sign = 0;
    for (size_t i = 0; i < EIGHT; i++) {
        const int positive = x[i] >= 0.0F;
        magnitude[i] = positive ? x[i] : -x[i];
        if (!positive) sign |= 1U << i;
    }
    if (!f->seven_signs || !parity(sign)) return (uint8_t)sign;
    size_t least = 0;
    for (size_t i = 1; i < EIGHT; i++)
        if (weight[i] * x[i] * x[i] < weight[least] * x[least] * x[least]) least = i;
    magnitude[least] = -magnitude[least];
    return (uint8_t)(sign ^ 1U << least);
}

/* c for which 2c + 1 is nearest to inverse * v. */
static int odd_code(float inverse, float v, int top) {
    return gb_clamp_int(gb_nearest_int(0.5F * (inverse * v - 1.0F)), 0, top);
}

static void round_group(const sub_block *s, size_t g, float inverse, float scale, trial *t) {
    const size_t first = g * s->f->group;
    unsigned key = 0;
    int on_grid;
    for (size_t i = 0; i < s->f->group; i++) {
        const int level = odd_code(inverse, s->x[first + i], (int)s->book->levels - 1);
        key |= (unsigned)level << (s->book->bits * i);
    }
    t->point[g] = (uint16_t)gb_codebook_find(s->book, key, odd, scale, s->x + first, s->root + first, &on_grid);
    t->off[g] = !on_grid;
}

/* Sums of w*x*q and w*q*q for the odd numbers q of the points. */
static void fit(const sub_block *s, const trial *t, float *sum_qx, float *sum_q2) {
    *sum_qx = 0.0F;
    *sum_q2 = 0.0F;
    for (size_t i = 0; i < s->f->sub; i++) {
        const unsigned packed = s->f->grid[t->point[i / s->f->group]];
        const float q = odd[gb_level_at(packed, s->f->bits, i % s->f->group)];
        *sum_qx = *sum_qx + s->weight[i] * s->x[i] * q;
        *sum_q2 = *sum_q2 + s->weight[i] * q * q;
    }
}

/* The trial with the best fit; its scale. If none fits, all groups are point 0 and the scale is `scale`. */
static float best_trial(const sub_block *s, float span, float scale, trial *best) {
    const gb_lattice_format *f = s->f;
    const float top = odd[s->book->levels - 1];
    float quality = 0.0F;
    memset(best, 0, sizeof *best);
    memset(best->off, f->again == GB_AGAIN_ALL_IF_ANY_OFF, sizeof best->off);
    for (int k = -f->trials; k <= f->trials; k++) {
        const float inverse = (top + (float)k * f->step) / span;
        trial t = {0};
        float sum_qx;
        float sum_q2;
        for (size_t g = 0; g < f->sub / f->group; g++) round_group(s, g, inverse, 1.0F / inverse, &t);
        fit(s, &t, &sum_qx, &sum_q2);
        if (sum_q2 > 0.0F && sum_qx * sum_qx > quality * sum_q2) {
            scale = sum_qx / sum_q2;
            quality = scale * sum_qx;
            *best = t;
        }
    }
    return scale;
}

/* Rounds groups of the best trial again, with its scale. Returns the scale that then fits best. */
static float polish(const sub_block *s, float scale, trial *t) {
    const gb_lattice_format *f = s->f;
    const size_t groups = f->sub / f->group;
    int any = f->again == GB_AGAIN_ALL;
    for (size_t g = 0; g < groups; g++) any |= t->off[g];
    if (!any || !(scale > 0.0F)) return scale;
    float sum_qx;
    float sum_q2;
    for (size_t g = 0; g < groups; g++)
        if (t->off[g] || f->again != GB_AGAIN_OFF_GRID) round_group(s, g, 1.0F / scale, scale, t);
    fit(s, t, &sum_qx, &sum_q2);
    return sum_q2 > 0.0F ? sum_qx / sum_q2 : scale;
}

/* Points and signs of a sub-block; its scale, never negative. Scale 0: points and signs are to be 0. */
static float encode_sub(sub_block *s, const float *x, trial *t) {
    const gb_lattice_format *f = s->f;
    float span = 0.0F;
    for (size_t i = 0; i < f->sub; i += EIGHT) s->sign[i / EIGHT] = take_signs(f, x + i, s->weight + i, s->x + i);
    for (size_t i = 0; i < f->sub; i++) {
        s->root[i] = sqrtf(s->weight[i]);
        if (s->x[i] > span) span = s->x[i];
    }
    if (span < f->least || span == 0.0F) return 0.0F;
    float scale = span / odd[s->book->levels - 1];
    if (f->span_by_fit) {
        uint8_t code[MAX_SUB];
        scale = gb_search_positive(f->sub, 4, s->x, s->weight, code);
        span = scale * 3.0F;
        if (!(span > 0.0F)) return 0.0F;
    }
    scale = polish(s, best_trial(s, span, scale, t), t);
    if (scale < 0.0F) {
        scale = -scale;
        for (size_t i = 0; i < MAX_SUB / EIGHT; i++) s->sign[i] = (uint8_t)~s->sign[i];
    }
    return scale;
}

/* --- encoding: a super-block -------------------------------------------------------------------------------------- */

static void weigh(const gb_lattice_format *f, const float *x, const float *importance, float weight[GB_LATTICE]) {
    const float sigma2 = f->sigma * gb_sum_squares(x, GB_LATTICE) / (float)GB_LATTICE;
    if (importance || f->plain_ones) {
        gb_weigh(GB_LATTICE, x, importance, sigma2, weight);
        return;
    }
    const float plain = f->plain_sigma > 0.0F ? f->plain_sigma * sigma2 : 0.0F; /* sigma2 may be infinite */
    for (size_t i = 0; i < GB_LATTICE; i++) weight[i] = plain + x[i] * x[i];
}

static void encode(const gb_lattice_format *f, const float *x, const float *importance, gb_lattice_block *b) {
    float weight[GB_LATTICE];
    float scale[MAX_SUBS];
    float largest = 0.0F;
    sub_block s = {.f = f, .book = f->book()};
    weigh(f, x, importance, weight);
    memset(b, 0, sizeof *b);
    for (size_t j = 0; j < GB_LATTICE / f->sub; j++) {
        trial t;
        memcpy(s.weight, weight + j * f->sub, f->sub * sizeof *weight);
        scale[j] = encode_sub(&s, x + j * f->sub, &t);
        if (scale[j] > largest) largest = scale[j];
        if (scale[j] == 0.0F) continue;
        memcpy(b->point + j * f->sub / f->group, t.point, f->sub / f->group * sizeof *t.point);
        memcpy(b->sign + j * f->sub / EIGHT, s.sign, f->sub / EIGHT);
    }
    if (largest == 0.0F) {
        memset(b, 0, sizeof *b);
        return;
    }
    const float d = largest / 31.0F; /* the largest scale becomes 2 * 15 + 1 */
    const float inverse = 1.0F / d;
    b->d = gb_f16_from_scale(d * f->stretch);
    for (size_t j = 0; j < GB_LATTICE / f->sub; j++) b->scale[j] = (uint8_t)odd_code(inverse, scale[j], TOP_SCALE);
}

void gb_lattice_quantize(const gb_lattice_format *f, const float *x, void *blocks, size_t n, const float *importance) {
    uint8_t *p = blocks;
    gb_lattice_block b;
    for (size_t at = 0; at < n; at += GB_LATTICE, p += f->bytes) {
        encode(f, x + at, importance ? importance + at : NULL, &b);
        f->pack(&b, p);
    }
}
