/* gb_search_signed(), gb_search_greedy() and gb_search_positive() of reference/search.c for GB_WIDE sub-blocks at once,
 * one in each lane; see affine.h. */
#ifndef GB_WIDE_SIGNED_H
#define GB_WIDE_SIGNED_H

#include "kernels/wide/round.h"

typedef struct gb_wide_signed {
    gb_wide scale;
    gb_wide factor;   /* code = nearest(factor * x) + half; 0: all codes are 0, as is the scale */
    gb_wide_mask odd; /* lanes that the reference must encode */
} gb_wide_signed;

typedef struct gb_wide_signed_sums {
    gb_wide lx, l2;
} gb_wide_signed_sums;

/* The first element of largest magnitude. */
GB_INLINE gb_wide gb_wide_extreme(size_t n, const gb_wide *x, gb_wide_mask *finite) {
    gb_wide extreme = gb_wide_set(0.0F);
    *finite = gb_wide_all();
    for (size_t i = 0; i < n; i++) {
        extreme = gb_wide_select(gb_wide_less(gb_wide_abs(extreme), gb_wide_abs(x[i])), x[i], extreme);
        *finite = gb_wide_and(*finite, gb_wide_finite(x[i]));
    }
    return extreme;
}

/* Sums over the codes of a factor. Where all of x is finite |factor * x| is hardly larger than half: rounding is fast.
 */
GB_INLINE gb_wide_signed_sums gb_wide_signed_fit(size_t n, int half, const gb_wide *x, const gb_wide *weight,
                                                 const gb_wide *wx, gb_wide factor) {
    gb_wide_signed_sums sum = {gb_wide_set(0.0F), gb_wide_set(0.0F)};
    for (size_t i = 0; i < n; i++) {
        const gb_wide l = gb_wide_code(factor * x[i], -half, half - 1);
        sum.lx = sum.lx + wx[i] * l;
        sum.l2 = sum.l2 + weight[i] * l * l;
    }
    return sum;
}

GB_INLINE void gb_wide_search_signed(size_t n, int half, const gb_wide *x, const gb_wide *weight,
                                     gb_wide_signed *best) {
    const gb_wide zero = gb_wide_set(0.0F);
    gb_wide wx[GB_WIDE_ELEMS];
    gb_wide_mask tame;
    const gb_wide extreme = gb_wide_extreme(n, x, &tame);
    for (size_t i = 0; i < n; i++) wx[i] = weight[i] * x[i];
    best->factor = gb_wide_set(-(float)half) / extreme;
    gb_wide_signed_sums sum = gb_wide_signed_fit(n, half, x, weight, wx, best->factor);
    best->scale = gb_wide_unless(gb_wide_equal(sum.l2, zero), sum.lx / sum.l2, zero);
    gb_wide quality = best->scale * sum.lx;
    for (int k = -9; k <= 9; k++) {
        if (k == 0) continue;
        const gb_wide factor = gb_wide_set(-((float)half + 0.1F * (float)k)) / extreme;
        sum = gb_wide_signed_fit(n, half, x, weight, wx, factor);
        const gb_wide_mask better =
            gb_wide_and(gb_wide_less(zero, sum.l2), gb_wide_less(quality * sum.l2, sum.lx * sum.lx));
        const gb_wide scale = sum.lx / sum.l2;
        best->factor = gb_wide_select(better, factor, best->factor);
        best->scale = gb_wide_select(better, scale, best->scale);
        quality = gb_wide_select(better, scale * sum.lx, quality);
    }
    const gb_wide_mask idle = gb_wide_less(gb_wide_abs(extreme), gb_wide_set(1e-15F));
    best->factor = gb_wide_unless(idle, best->factor, zero);
    best->scale = gb_wide_unless(idle, best->scale, zero);
    best->odd = gb_wide_not(tame);
}

/* --- greedy passes: each code in turn moves to where the others want it, if that is strictly better -----------------
 */

typedef struct gb_wide_greedy {
    int low, high;    /* of codes; positive searches do not limit below, lanes that would go there are odd */
    int positive;     /* the sum of l2 without the element must be positive, else only that with it */
    gb_wide_mask odd; /* lanes of a positive search that left 0..high */
} gb_wide_greedy;

/* One pass; the lanes in which a code changed. */
GB_INLINE gb_wide_mask gb_wide_improve(size_t n, gb_wide_greedy *how, const gb_wide *x, const gb_wide *weight,
                                       gb_wide *code, gb_wide_signed_sums *sum) {
    const gb_wide zero = gb_wide_set(0.0F);
    gb_wide_mask changed = gb_wide_not(gb_wide_all());
    for (size_t i = 0; i < n; i++) {
        const gb_wide wx = weight[i] * x[i];
        gb_wide p = sum->lx - wx * code[i];
        gb_wide q = sum->l2 - weight[i] * code[i] * code[i];
        gb_wide_mask take = gb_wide_less(zero, p);
        if (how->positive) take = gb_wide_and(take, gb_wide_less(zero, q));
        const gb_wide wish = gb_wide_nearest(x[i] * q / p);
        const gb_wide l = gb_wide_clamp(wish, (float)how->low, (float)how->high);
        if (how->positive) how->odd = gb_wide_or(how->odd, gb_wide_and(take, gb_wide_less(wish, zero)));
        p = p + wx * l;
        q = q + weight[i] * l * l;
        take = gb_wide_and(take, gb_wide_not(gb_wide_equal(l, code[i])));
        take = gb_wide_and(take, gb_wide_less(sum->lx * sum->lx * q, p * p * sum->l2));
        if (!how->positive) take = gb_wide_and(take, gb_wide_less(zero, q));
        code[i] = gb_wide_select(take, l, code[i]);
        sum->lx = gb_wide_select(take, p, sum->lx);
        sum->l2 = gb_wide_select(take, q, sum->l2);
        changed = gb_wide_or(changed, take);
    }
    return changed;
}

/* A lane without a change in one pass has none in the next. */
GB_INLINE gb_wide gb_wide_greedy_scale(size_t n, gb_wide_greedy *how, const gb_wide *x, const gb_wide *weight,
                                       gb_wide *code, gb_wide_signed_sums *sum) {
    for (int pass = 0; pass < 5; pass++)
        if (!gb_wide_bits(gb_wide_improve(n, how, x, weight, code, sum))) break;
    const gb_wide zero = gb_wide_set(0.0F);
    return gb_wide_select(gb_wide_less(zero, sum->l2), sum->lx / sum->l2, zero);
}

/* weight: x^2. code: -half..half-1, or the -half that is stored as 0 where there is nothing to search. Returns the
 * scale. */
GB_INLINE gb_wide gb_wide_search_greedy(size_t n, int half, const gb_wide *x, const gb_wide *weight, gb_wide *code,
                                        gb_wide_mask *odd) {
    gb_wide wx[GB_WIDE_ELEMS];
    gb_wide_mask finite;
    gb_wide_greedy how = {.low = -half, .high = half - 1};
    const gb_wide extreme = gb_wide_extreme(n, x, &finite);
    const gb_wide_mask idle = gb_wide_less(gb_wide_abs(extreme), gb_wide_set(1e-15F));
    const gb_wide factor = gb_wide_set(-(float)half) / extreme;
    for (size_t i = 0; i < n; i++) {
        wx[i] = weight[i] * x[i];
        code[i] = gb_wide_code(factor * x[i], -half, half - 1);
    }
    gb_wide_signed_sums sum = gb_wide_signed_fit(n, half, x, weight, wx, factor);
    const gb_wide scale = gb_wide_greedy_scale(n, &how, x, weight, code, &sum);
    for (size_t i = 0; i < n; i++) code[i] = gb_wide_unless(idle, code[i], gb_wide_set(-(float)half));
    *odd = gb_wide_not(finite);
    return gb_wide_unless(idle, scale, gb_wide_set(0.0F));
}

/* Squared error of codes 0..top for a factor, whose inverse is the scale. */
GB_INLINE gb_wide gb_wide_positive_error(size_t n, int top, const gb_wide *x, const gb_wide *weight, gb_wide factor) {
    const gb_wide scale = gb_wide_set(1.0F) / factor;
    gb_wide error = gb_wide_set(0.0F);
    for (size_t i = 0; i < n; i++) {
        const gb_wide d = x[i] - scale * gb_wide_code(factor * x[i], 0, top);
        error = error + weight[i] * d * d;
    }
    return error;
}

/* Lanes with a negative x, which makes codes wrap, are odd. */
GB_INLINE gb_wide gb_wide_search_positive(size_t n, int top, const gb_wide *x, const gb_wide *weight, gb_wide *code,
                                          gb_wide_mask *odd) {
    const gb_wide zero = gb_wide_set(0.0F);
    gb_wide_greedy how = {.high = top, .positive = 1, .odd = gb_wide_not(gb_wide_all())};
    gb_wide max = zero;
    for (size_t i = 0; i < n; i++) {
        max = gb_wide_select(gb_wide_less(max, x[i]), x[i], max);
        how.odd = gb_wide_or(how.odd, gb_wide_or(gb_wide_less(x[i], zero), gb_wide_not(gb_wide_finite(x[i]))));
    }
    const gb_wide_mask idle = gb_wide_less(max, gb_wide_set(1e-15F));
    gb_wide best = gb_wide_set((float)top) / max;
    gb_wide least = gb_wide_positive_error(n, top, x, weight, best);
    for (int k = -4; k <= 4; k++) {
        if (k == 0) continue;
        const gb_wide factor = gb_wide_set(0.1F * (float)k + (float)top) / max;
        const gb_wide error = gb_wide_positive_error(n, top, x, weight, factor);
        const gb_wide_mask better = gb_wide_less(error, least);
        least = gb_wide_select(better, error, least);
        best = gb_wide_select(better, factor, best);
    }
    gb_wide_signed_sums sum = {zero, zero};
    for (size_t i = 0; i < n; i++) {
        code[i] = gb_wide_code(best * x[i], 0, top);
        sum.lx = sum.lx + weight[i] * x[i] * code[i];
        sum.l2 = sum.l2 + weight[i] * code[i] * code[i];
    }
    const gb_wide scale = gb_wide_greedy_scale(n, &how, x, weight, code, &sum);
    for (size_t i = 0; i < n; i++) code[i] = gb_wide_unless(idle, code[i], zero);
    *odd = how.odd;
    return gb_wide_unless(idle, scale, zero);
}

#endif
