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
 *   gb_wide_clamp(x, low, high)         x is not NaN; the sign of a zero does not matter
 *   gb_wide_nearest(x)                  gb_nearest_int() of reference/number.h as a float, for any x
 *   gb_wide_store_bytes(p, x)           whole numbers -2^22..2^22, the low byte of each
 *   gb_wide_columns(row, n, out)        out[i] lane r = row[r][i], n a multiple of 16
 *
 * No operation is contracted: every rounding is the reference's. */
#ifndef GB_WIDE_ROUND_H
#define GB_WIDE_ROUND_H

#include <math.h>

/* Rounding by adding 1.5 * 2^23 needs |x| < 2^22; the searches round through gb_wide_code(), which is gb_nearest_int()
 * and a clamp there, and nothing beyond. Products with a factor are monotonic, so the smallest and the largest of the
 * values tell whether all stay within; where they do not, the reference encodes the block. */
GB_INLINE gb_wide gb_wide_code(gb_wide x, int low, int high) {
    const gb_wide magic = gb_wide_set(12582912.0F);
    return gb_wide_clamp(x, (float)low, (float)high) + magic - magic;
}

GB_INLINE gb_wide_mask gb_wide_in_reach(gb_wide factor, gb_wide low, gb_wide high) {
    const gb_wide reach = gb_wide_set(4194304.0F);
    return gb_wide_and(gb_wide_less(gb_wide_abs(factor * low), reach), gb_wide_less(gb_wide_abs(factor * high), reach));
}

#endif
