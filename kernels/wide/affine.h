/* gb_search_affine() of reference/search.c for many sub-blocks at once, one in each lane of GB_WIDE_PAIR groups.
 *
 * The reference's sums are chains, element after element into one accumulator. So a vector holds the same element of
 * many sub-blocks, and every lane adds in the reference's order; the groups go side by side, because each trial waits
 * for the minimum that the one before found. Codes are not kept while trials are compared: those of the best trial
 * follow from its factor and base. */
#ifndef GB_WIDE_AFFINE_H
#define GB_WIDE_AFFINE_H

#include "kernels/wide/round.h"
#include "reference/search.h"

/* One group of lanes. */
typedef struct gb_wide_affine {
    const gb_wide *x, *weight; /* in */
    gb_wide scale, min;        /* out: the least minimum, <= 0 */
    gb_wide factor, base;      /* out: code = nearest(factor * (x - base)), 0..top; factor 0: nothing to search */
    gb_wide_mask odd; /* out: lanes where fast rounding does not reach; all of the above is meaningless there */
    /* between trials */
    gb_wide sum_w, sum_wx, low, high, least;
    gb_wide_mask alive;
} gb_wide_affine;

/* A trial: scale and minimum that fit its codes best, and their error. */
typedef struct gb_wide_trial {
    gb_wide code[GB_WIDE_ELEMS]; /* as floats */
    gb_wide factor, scale, min, error;
    gb_wide sum_l, sum_l2, sum_xl;
} gb_wide_trial;

GB_INLINE void gb_wide_affine_fit(size_t n, int top, const gb_wide_affine *s, gb_wide_trial *t) {
    gb_wide l[GB_WIDE_PAIR];
    gb_wide l2[GB_WIDE_PAIR];
    gb_wide xl[GB_WIDE_PAIR];
    GB_UNROLL
    for (size_t p = 0; p < GB_WIDE_PAIR; p++) l[p] = l2[p] = xl[p] = gb_wide_set(0.0F);
    for (size_t i = 0; i < n; i++) {
        GB_UNROLL
        for (size_t p = 0; p < GB_WIDE_PAIR; p++) {
            const gb_wide x = s[p].x[i];
            const gb_wide code = gb_wide_code(t[p].factor * (x - s[p].min), 0, top);
            const gb_wide w = s[p].weight[i] * code;
            t[p].code[i] = code;
            l[p] = l[p] + w;
            l2[p] = l2[p] + w * code;
            xl[p] = xl[p] + w * x;
        }
    }
    GB_UNROLL
    for (size_t p = 0; p < GB_WIDE_PAIR; p++) {
        t[p].sum_l = l[p];
        t[p].sum_l2 = l2[p];
        t[p].sum_xl = xl[p];
    }
}

GB_INLINE void gb_wide_affine_errors(size_t n, int squared, const gb_wide_affine *s, gb_wide_trial *t) {
    gb_wide error[GB_WIDE_PAIR];
    GB_UNROLL
    for (size_t p = 0; p < GB_WIDE_PAIR; p++) error[p] = gb_wide_set(0.0F);
    for (size_t i = 0; i < n; i++) {
        GB_UNROLL
        for (size_t p = 0; p < GB_WIDE_PAIR; p++) {
            const gb_wide d = t[p].scale * t[p].code[i] + t[p].min - s[p].x[i];
            gb_wide size = gb_wide_abs(d);
            if (squared) size = d * d;
            error[p] = error[p] + s[p].weight[i] * size;
        }
    }
    GB_UNROLL
    for (size_t p = 0; p < GB_WIDE_PAIR; p++) t[p].error = error[p];
}

GB_INLINE void gb_wide_affine_begin(size_t n, gb_wide_affine *s) {
    const gb_wide zero = gb_wide_set(0.0F);
    s->sum_w = s->weight[0];
    s->sum_wx = s->weight[0] * s->x[0];
    s->low = s->high = s->x[0];
    for (size_t i = 1; i < n; i++) {
        const gb_wide x = s->x[i];
        s->low = gb_wide_select(gb_wide_less(x, s->low), x, s->low);
        s->high = gb_wide_select(gb_wide_less(s->high, x), x, s->high);
        s->sum_w = s->sum_w + s->weight[i];
        s->sum_wx = s->sum_wx + s->weight[i] * x;
    }
    s->min = gb_wide_unless(gb_wide_less(zero, s->low), s->low, zero);
    s->alive = gb_wide_less(s->min, s->high);
    s->odd = gb_wide_not(gb_wide_finite(s->sum_wx)); /* it is not where an x is not */
}

/* The factor of a trial; where its products leave the reach of fast rounding, the lane is odd. */
GB_INLINE gb_wide gb_wide_affine_factor(gb_wide_affine *s, float numerator) {
    const gb_wide factor = gb_wide_set(numerator) / (s->high - s->min);
    const gb_wide_mask fine = gb_wide_in_reach(factor, s->low - s->min, s->high - s->min);
    s->odd = gb_wide_or(s->odd, gb_wide_and(s->alive, gb_wide_not(fine)));
    return factor;
}

GB_INLINE void gb_wide_affine_solve(const gb_wide_affine *s, gb_wide_trial *t) {
    const gb_wide zero = gb_wide_set(0.0F);
    const gb_wide det = s->sum_w * t->sum_l2 - t->sum_l * t->sum_l;
    const gb_wide m = (t->sum_l2 * s->sum_wx - t->sum_l * t->sum_xl) / det;
    const gb_wide_mask above = gb_wide_less(zero, m);
    t->scale = gb_wide_select(above, t->sum_xl / t->sum_l2, (s->sum_w * t->sum_xl - s->sum_wx * t->sum_l) / det);
    t->min = gb_wide_select(above, zero, m);
}

/* Later trials measure from the new minimum. */
GB_INLINE void gb_wide_affine_take(gb_wide_affine *s, const gb_wide_trial *t) {
    const gb_wide det = s->sum_w * t->sum_l2 - t->sum_l * t->sum_l;
    const gb_wide_mask sane = gb_wide_and(s->alive, gb_wide_less(gb_wide_set(0.0F), det));
    const gb_wide_mask better = gb_wide_and(sane, gb_wide_less(t->error, s->least));
    s->factor = gb_wide_select(better, t->factor, s->factor);
    s->base = gb_wide_select(better, s->min, s->base);
    s->scale = gb_wide_select(better, t->scale, s->scale);
    s->least = gb_wide_select(better, t->error, s->least);
    s->min = gb_wide_select(better, t->min, s->min);
}

/* n elements of GB_WIDE_PAIR groups. */
GB_INLINE void gb_wide_search_affine(size_t n, const gb_affine *how, gb_wide_affine *s) {
    gb_wide_trial t[GB_WIDE_PAIR];
    for (size_t p = 0; p < GB_WIDE_PAIR; p++) {
        gb_wide_affine_begin(n, &s[p]);
        t[p].min = s[p].base = s[p].min;
        t[p].factor = s[p].factor = gb_wide_affine_factor(&s[p], (float)how->top);
        t[p].scale = s[p].scale = gb_wide_set(1.0F) / t[p].factor;
    }
    gb_wide_affine_fit(n, how->top, s, t);
    gb_wide_affine_errors(n, how->squared, s, t);
    for (size_t p = 0; p < GB_WIDE_PAIR; p++) s[p].least = t[p].error;
    for (int step = 0; step <= how->steps; step++) {
        const float numerator = how->r0 + how->dr * (float)step + (float)how->top;
        for (size_t p = 0; p < GB_WIDE_PAIR; p++) t[p].factor = gb_wide_affine_factor(&s[p], numerator);
        gb_wide_affine_fit(n, how->top, s, t);
        for (size_t p = 0; p < GB_WIDE_PAIR; p++) gb_wide_affine_solve(&s[p], &t[p]);
        gb_wide_affine_errors(n, how->squared, s, t);
        for (size_t p = 0; p < GB_WIDE_PAIR; p++) gb_wide_affine_take(&s[p], &t[p]);
    }
    const gb_wide zero = gb_wide_set(0.0F);
    for (size_t p = 0; p < GB_WIDE_PAIR; p++) {
        s[p].scale = gb_wide_select(s[p].alive, s[p].scale, zero);
        s[p].factor = gb_wide_select(s[p].alive, s[p].factor, zero);
    }
}

#endif
