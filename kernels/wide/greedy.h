/* gb_search_greedy() and gb_search_positive() of reference/search.c for GB_WIDE sub-blocks at once, one in each lane;
 * see affine.h. In greedy passes each code in turn moves to where the others want it, if that is strictly better: every
 * step waits for the one before and divides, so several groups of lanes take their steps in turn. */
#ifndef GB_WIDE_GREEDY_H
#define GB_WIDE_GREEDY_H

#include "kernels/wide/signed.h"

enum { GB_WIDE_GREEDY = 16 /* elements of a sub-block, at most */ };

/* One group of lanes. */
typedef struct gb_wide_greedy {
    gb_wide x[GB_WIDE_GREEDY], weight[GB_WIDE_GREEDY], code[GB_WIDE_GREEDY];
    gb_wide_signed_sums sum;
    gb_wide scale;
    gb_wide_mask idle, odd; /* nothing to search; the reference must encode */
} gb_wide_greedy;

/* Codes low..high. positive: those of a search for values >= 0, where the reference does not limit codes below, and
 * wants the sum of l2 positive without the element; else with it. */
typedef struct gb_wide_limits {
    int low, high, positive;
} gb_wide_limits;

/* Element i; the lanes in which its code changed. */
GB_INLINE gb_wide_mask gb_wide_step(const gb_wide_limits *how, size_t i, gb_wide_greedy *g) {
    const gb_wide zero = gb_wide_set(0.0F);
    const gb_wide x = g->x[i];
    const gb_wide w = g->weight[i];
    const gb_wide old = g->code[i];
    gb_wide p = g->sum.lx - w * x * old;
    gb_wide q = g->sum.l2 - w * old * old;
    gb_wide_mask take = gb_wide_less(zero, p);
    if (how->positive) take = gb_wide_and(take, gb_wide_less(zero, q));
    const gb_wide wish = gb_wide_nearest(x * q / p);
    const gb_wide l = gb_wide_clamp(wish, (float)how->low, (float)how->high);
    if (how->positive) g->odd = gb_wide_or(g->odd, gb_wide_and(take, gb_wide_less(wish, zero)));
    p = p + w * x * l;
    q = q + w * l * l;
    take = gb_wide_and(take, gb_wide_not(gb_wide_equal(l, old)));
    take = gb_wide_and(take, gb_wide_less(g->sum.lx * g->sum.lx * q, p * p * g->sum.l2));
    if (!how->positive) take = gb_wide_and(take, gb_wide_less(zero, q));
    g->code[i] = gb_wide_select(take, l, old);
    g->sum.lx = gb_wide_select(take, p, g->sum.lx);
    g->sum.l2 = gb_wide_select(take, q, g->sum.l2);
    return take;
}

/* Up to five passes over n elements of `groups`. A lane without a change in one pass has none in the next. */
GB_INLINE void gb_wide_passes(size_t n, size_t groups, const gb_wide_limits *how, gb_wide_greedy *g) {
    const gb_wide zero = gb_wide_set(0.0F);
    unsigned moving = (1U << groups) - 1U;
    for (int pass = 0; pass < 5 && moving; pass++) {
        const unsigned these = moving;
        moving = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < groups; k++)
                if (these >> k & 1U) moving |= gb_wide_bits(gb_wide_step(how, i, &g[k])) ? 1U << k : 0U;
    }
    for (size_t k = 0; k < groups; k++) {
        const gb_wide scale = gb_wide_select(gb_wide_less(zero, g[k].sum.l2), g[k].sum.lx / g[k].sum.l2, zero);
        g[k].scale = gb_wide_unless(g[k].idle, scale, zero);
        for (size_t i = 0; i < n; i++)
            g[k].code[i] = gb_wide_unless(g[k].idle, g[k].code[i], gb_wide_set((float)how->low));
    }
}

/* Codes -half..half-1 of x with the weights x^2; -half, which is stored as 0, where there is nothing to search. */
GB_INLINE void gb_wide_search_greedy(size_t n, size_t groups, int half, gb_wide_greedy *g) {
    const gb_wide_limits how = {.low = -half, .high = half - 1};
    for (size_t k = 0; k < groups; k++) {
        gb_wide wx[GB_WIDE_GREEDY];
        gb_wide_mask finite;
        const gb_wide extreme = gb_wide_extreme(n, g[k].x, &finite);
        const gb_wide factor = gb_wide_set(-(float)half) / extreme;
        for (size_t i = 0; i < n; i++) {
            g[k].weight[i] = g[k].x[i] * g[k].x[i];
            wx[i] = g[k].weight[i] * g[k].x[i];
            g[k].code[i] = gb_wide_code(factor * g[k].x[i], -half, half - 1);
        }
        g[k].sum = gb_wide_signed_fit(n, half, g[k].x, g[k].weight, wx, factor);
        g[k].idle = gb_wide_less(gb_wide_abs(extreme), gb_wide_set(1e-15F));
        g[k].odd = gb_wide_not(finite);
    }
    gb_wide_passes(n, groups, &how, g);
}

/* Squared error of codes 0..top for a factor, whose inverse is the scale. */
GB_INLINE gb_wide gb_wide_positive_error(size_t n, int top, const gb_wide_greedy *g, gb_wide factor) {
    const gb_wide scale = gb_wide_set(1.0F) / factor;
    gb_wide error = gb_wide_set(0.0F);
    for (size_t i = 0; i < n; i++) {
        const gb_wide d = g->x[i] - scale * gb_wide_code(factor * g->x[i], 0, top);
        error = error + g->weight[i] * d * d;
    }
    return error;
}

/* Codes 0..top of x >= 0 with the weights given. Lanes with a negative x, which makes codes wrap, are odd. */
GB_INLINE void gb_wide_search_positive(size_t n, int top, gb_wide_greedy *g) {
    const gb_wide_limits how = {.high = top, .positive = 1};
    const gb_wide zero = gb_wide_set(0.0F);
    gb_wide max = zero;
    g->odd = gb_wide_not(gb_wide_all());
    for (size_t i = 0; i < n; i++) {
        max = gb_wide_select(gb_wide_less(max, g->x[i]), g->x[i], max);
        const gb_wide_mask fine = gb_wide_and(gb_wide_finite(g->x[i]), gb_wide_not(gb_wide_less(g->x[i], zero)));
        g->odd = gb_wide_or(g->odd, gb_wide_not(fine));
    }
    g->idle = gb_wide_less(max, gb_wide_set(1e-15F));
    gb_wide best = gb_wide_set((float)top) / max;
    gb_wide least = gb_wide_positive_error(n, top, g, best);
    for (int k = -4; k <= 4; k++) {
        if (k == 0) continue;
        const gb_wide factor = gb_wide_set(0.1F * (float)k + (float)top) / max;
        const gb_wide error = gb_wide_positive_error(n, top, g, factor);
        const gb_wide_mask better = gb_wide_less(error, least);
        least = gb_wide_select(better, error, least);
        best = gb_wide_select(better, factor, best);
    }
    g->sum.lx = g->sum.l2 = zero;
    for (size_t i = 0; i < n; i++) {
        const gb_wide l = gb_wide_code(best * g->x[i], 0, top);
        g->code[i] = l;
        g->sum.lx = g->sum.lx + g->weight[i] * g->x[i] * l;
        g->sum.l2 = g->sum.l2 + g->weight[i] * l * l;
    }
    gb_wide_passes(n, 1, &how, g);
}

#endif
