/* Searches over many sub-blocks at once, written once for all vector widths (kernels/wide/).
 *
 * An instruction set joins with kernels/<isa>/wide.h, which defines, for GB_WIDE lanes:
 *
 *   gb_wide, gb_wide_mask               floats (with the operators + - * /), a truth value per lane
 *   gb_wide_set, _load, _store          one float in every lane; lanes at any address of floats
 *   gb_wide_abs, _sqrt
 *   gb_wide_less, _equal                false where one is NaN
 *   gb_wide_and, _or, _not              of masks
 *   gb_wide_bits(mask)                  bit r = lane r
 *   gb_wide_select(mask, a, b)          a where true, else b
 *   gb_wide_clamp(x, low, high)         of a NaN, one of the three; the sign of a zero does not matter
 *   gb_wide_round, _truncate            to a whole number: nearest, ties to even; towards zero
 *   gb_wide_nearest(x)                  gb_nearest_int() of reference/number.h as a float, for any x
 *   gb_wide_store_bytes(p, x)           whole numbers -2^22..2^22, the low byte of each
 *   gb_wide_columns(row, n, out)        out[i] lane r = row[r][i], n a multiple of 8
 *   gb_wide_largest(x, n)               gb_largest_magnitude() of reference/number.h, n a multiple of 16
 *
 * No operation is contracted: every rounding is the reference's. */
#ifndef GB_WIDE_ROUND_H
#define GB_WIDE_ROUND_H

#include <math.h>

#include "kernels/compiler.h"

enum {
    GB_WIDE_ELEMS = 32, /* of a sub-block, at most */
    GB_WIDE_PAIR = 2,   /* groups of lanes that an affine search does side by side */
};

/* gb_nearest_int() and a clamp where |x| < 2^22, in either order; beyond, gb_nearest_int() wraps. */
GB_INLINE gb_wide gb_wide_code(gb_wide x, int low, int high) {
    return gb_wide_round(gb_wide_clamp(x, (float)low, (float)high));
}

/* Products with one factor are monotonic: if those of the smallest and of the largest value are within reach of
 * gb_wide_code(), so are all between. */
GB_INLINE gb_wide_mask gb_wide_in_reach(gb_wide factor, gb_wide low, gb_wide high) {
    const gb_wide reach = gb_wide_set(4194304.0F);
    return gb_wide_and(gb_wide_less(gb_wide_abs(factor * low), reach), gb_wide_less(gb_wide_abs(factor * high), reach));
}

GB_INLINE gb_wide_mask gb_wide_all(void) {
    return gb_wide_equal(gb_wide_set(0.0F), gb_wide_set(0.0F));
}

GB_INLINE gb_wide_mask gb_wide_finite(gb_wide x) {
    return gb_wide_less(gb_wide_abs(x), gb_wide_set(INFINITY));
}

/* a where mask is false. */
GB_INLINE gb_wide gb_wide_unless(gb_wide_mask mask, gb_wide a, gb_wide b) {
    return gb_wide_select(mask, b, a);
}

/* gb_wide_<format>_quantize() from gb_wide_<format>_row(), which is inlined twice: with importance and without. */
#define GB_WIDE_ROW_QUANTIZE(format, elems)                                                                            \
    static inline void gb_wide_##format##_quantize(const float *x, void *blocks, size_t n, const float *importance) {  \
        if (importance)                                                                                                \
            gb_wide_##format##_row(x, blocks, n / (elems), importance);                                                \
        else                                                                                                           \
            gb_wide_##format##_row(x, blocks, n / (elems), NULL);                                                      \
    }

/* The kernel of an instruction set, from gb_wide_<format>_quantize(). */
#define GB_WIDE_QUANTIZE(format, isa)                                                                                  \
    void gb_##format##_quantize_##isa(const float *x, void *blocks, size_t n, const float *importance) {               \
        gb_wide_##format##_quantize(x, blocks, n, importance);                                                         \
    }

#endif
