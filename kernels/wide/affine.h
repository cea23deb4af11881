/* gb_search_affine() of reference/search.c for GB_WIDE sub-blocks at once, one in each lane.
 *
 * The reference's sums are chains, element after element into one accumulator. So a vector holds the same element of
 * many sub-blocks, and every lane adds in the reference's order. Codes are not kept while trials are compared: those of
 * the best trial follow from its factor and base. */
#ifndef GB_WIDE_AFFINE_H
#define GB_WIDE_AFFINE_H

#include "kernels/wide/round.h"
#include "reference/search.h"

typedef struct gb_wide_affine {
    gb_wide scale, negmin;
    gb_wide factor, base; /* code = nearest(factor * (x - base)), 0..top; factor 0: nothing to search */
    gb_wide_mask odd;     /* lanes where fast rounding does not reach: all of the above is meaningless there */
} gb_wide_affine;

typedef struct gb_wide_affine_sums {
    gb_wide w, wx;     /* of all trials */
    gb_wide l, l2, xl; /* of one */
} gb_wide_affine_sums;

/* Codes of a trial, as floats, and their sums. */
GB_INLINE void gb_wide_affine_fit(size_t n, int top, const gb_wide *x, const gb_wide *weight, gb_wide factor,
                                  gb_wide base, gb_wide *code, gb_wide_affine_sums *sum) {
    sum->l = sum->l2 = sum->xl = gb_wide_set(0.0F);
    for (size_t i = 0; i < n; i++) {
        const gb_wide l = gb_wide_code(factor * (x[i] - base), 0, top);
        const gb_wide wl = weight[i] * l;
        code[i] = l;
        sum->l = sum->l + wl;
        sum->l2 = sum->l2 + wl * l;
        sum->xl = sum->xl + wl * x[i];
    }
}

GB_INLINE gb_wide gb_wide_affine_error(size_t n, int squared, const gb_wide *x, const gb_wide *weight,
                                       const gb_wide *code, gb_wide scale, gb_wide min) {
    gb_wide error = gb_wide_set(0.0F);
    for (size_t i = 0; i < n; i++) {
        const gb_wide d = scale * code[i] + min - x[i];
        gb_wide size = gb_wide_abs(d);
        if (squared) size = d * d;
        error = error + weight[i] * size;
    }
    return error;
}

GB_INLINE void gb_wide_search_affine(size_t n, const gb_affine *how, const gb_wide *x, const gb_wide *weight,
                                     gb_wide_affine *best) {
    const gb_wide zero = gb_wide_set(0.0F);
    gb_wide code[GB_WIDE_ELEMS];
    gb_wide_affine_sums sum = {.w = weight[0], .wx = weight[0] * x[0]};
    gb_wide low = x[0];
    gb_wide high = x[0];
    for (size_t i = 1; i < n; i++) {
        low = gb_wide_select(gb_wide_less(x[i], low), x[i], low);
        high = gb_wide_select(gb_wide_less(high, x[i]), x[i], high);
        sum.w = sum.w + weight[i];
        sum.wx = sum.wx + weight[i] * x[i];
    }
    gb_wide_mask tame = gb_wide_finite(sum.wx); /* it is not where an x is not */
    gb_wide min = gb_wide_unless(gb_wide_less(zero, low), low, zero);
    const gb_wide_mask alive = gb_wide_less(min, high);
    const gb_wide_mask idle = gb_wide_not(alive);
    best->factor = gb_wide_set((float)how->top) / (high - min);
    best->base = min;
    best->scale = gb_wide_set(1.0F) / best->factor;
    tame = gb_wide_and(tame, gb_wide_or(idle, gb_wide_in_reach(best->factor, low - min, high - min)));
    gb_wide_affine_fit(n, how->top, x, weight, best->factor, min, code, &sum);
    gb_wide least = gb_wide_affine_error(n, how->squared, x, weight, code, best->scale, min);
    for (int step = 0; step <= how->steps; step++) {
        const gb_wide factor = gb_wide_set(how->r0 + how->dr * (float)step + (float)how->top) / (high - min);
        tame = gb_wide_and(tame, gb_wide_or(idle, gb_wide_in_reach(factor, low - min, high - min)));
        gb_wide_affine_fit(n, how->top, x, weight, factor, min, code, &sum);
        const gb_wide det = sum.w * sum.l2 - sum.l * sum.l;
        gb_wide s = (sum.w * sum.xl - sum.wx * sum.l) / det;
        gb_wide m = (sum.l2 * sum.wx - sum.l * sum.xl) / det;
        const gb_wide_mask above = gb_wide_less(zero, m);
        s = gb_wide_select(above, sum.xl / sum.l2, s);
        m = gb_wide_select(above, zero, m);
        const gb_wide error = gb_wide_affine_error(n, how->squared, x, weight, code, s, m);
        const gb_wide_mask better =
            gb_wide_and(alive, gb_wide_and(gb_wide_less(zero, det), gb_wide_less(error, least)));
        best->factor = gb_wide_select(better, factor, best->factor);
        best->base = gb_wide_select(better, min, best->base);
        best->scale = gb_wide_select(better, s, best->scale);
        least = gb_wide_select(better, error, least);
        min = gb_wide_select(better, m, min); /* later trials measure from the new minimum */
    }
    best->scale = gb_wide_select(alive, best->scale, zero);
    best->factor = gb_wide_select(alive, best->factor, zero);
    best->negmin = -min;
    best->odd = gb_wide_not(tame);
}

#endif
