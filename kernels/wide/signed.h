/* gb_search_signed() of reference/search.c for GB_WIDE sub-blocks at once, one in each lane; see affine.h. Trials do
 * not depend on each other here, so the processor finds enough to do without a second group. */
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

#endif
