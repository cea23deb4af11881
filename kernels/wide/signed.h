/* gb_search_signed() of reference/search.c for GB_WIDE sub-blocks at once, one in each lane; see affine.h. */
#ifndef GB_WIDE_SIGNED_H
#define GB_WIDE_SIGNED_H

#include "kernels/wide/round.h"

typedef struct gb_wide_signed {
    gb_wide scale;
    gb_wide factor;   /* code = nearest(factor * x) + half; 0: all codes are 0, as is the scale */
    gb_wide_mask odd; /* lanes that the reference must encode */
} gb_wide_signed;

GB_INLINE void gb_wide_signed_fit(size_t n, int half, const gb_wide *x, const gb_wide *wx, const gb_wide *weight,
                                  gb_wide factor, gb_wide *sum_lx, gb_wide *sum_l2) {
    *sum_lx = *sum_l2 = gb_wide_set(0.0F);
    for (size_t i = 0; i < n; i++) {
        const gb_wide l = gb_wide_code(factor * x[i], -half, half - 1);
        *sum_lx = *sum_lx + wx[i] * l;
        *sum_l2 = *sum_l2 + weight[i] * l * l;
    }
}

/* n <= 32. Where all of x is finite a product with the factor is hardly larger than half: rounding is fast. */
GB_INLINE void gb_wide_search_signed(size_t n, int half, const gb_wide *x, const gb_wide *weight,
                                     gb_wide_signed *best) {
    const gb_wide zero = gb_wide_set(0.0F);
    gb_wide wx[32];
    gb_wide extreme = zero;
    gb_wide_mask tame = gb_wide_equal(zero, zero);
    for (size_t i = 0; i < n; i++) {
        wx[i] = weight[i] * x[i];
        extreme = gb_wide_select(gb_wide_less(gb_wide_abs(extreme), gb_wide_abs(x[i])), x[i], extreme);
        tame = gb_wide_and(tame, gb_wide_less(gb_wide_abs(x[i]), gb_wide_set(INFINITY)));
    }
    const gb_wide_mask idle = gb_wide_less(gb_wide_abs(extreme), gb_wide_set(1e-15F));
    gb_wide sum_lx;
    gb_wide sum_l2;
    best->factor = gb_wide_set(-(float)half) / extreme;
    gb_wide_signed_fit(n, half, x, wx, weight, best->factor, &sum_lx, &sum_l2);
    best->scale = gb_wide_select(gb_wide_equal(sum_l2, zero), zero, sum_lx / sum_l2);
    gb_wide quality = best->scale * sum_lx;
    for (int k = -9; k <= 9; k++) {
        if (k == 0) continue;
        const gb_wide factor = gb_wide_set(-((float)half + 0.1F * (float)k)) / extreme;
        gb_wide_signed_fit(n, half, x, wx, weight, factor, &sum_lx, &sum_l2);
        const gb_wide_mask better =
            gb_wide_and(gb_wide_less(zero, sum_l2), gb_wide_less(quality * sum_l2, sum_lx * sum_lx));
        const gb_wide scale = sum_lx / sum_l2;
        best->factor = gb_wide_select(better, factor, best->factor);
        best->scale = gb_wide_select(better, scale, best->scale);
        quality = gb_wide_select(better, scale * sum_lx, quality);
    }
    best->factor = gb_wide_select(idle, zero, best->factor);
    best->scale = gb_wide_select(idle, zero, best->scale);
    best->odd = gb_wide_not(tame);
}

#endif
