/* argmax from what a tier does with vectors: the maximum of a row, which skips NaN (-inf if nothing is left), and the
 * search for a value, whose index is n where it is not found. The row is read once, in pieces; the search goes only
 * over the piece that has the maximum. */
#ifndef GB_ARGMAX_H
#define GB_ARGMAX_H

#include <math.h>
#include <stddef.h>

typedef float gb_row_max_fn(const float *x, size_t n);
typedef size_t gb_find_fn(const float *x, size_t n, float value);

enum { GB_ARGMAX_PIECE = 1024 }; /* floats: few enough to search cheaply */

static inline size_t gb_argmax_pieces(gb_row_max_fn *row_max, gb_find_fn *find, const float *x, size_t n) {
    float greatest = -INFINITY;
    size_t at = 0;
    for (size_t i = 0; i < n; i += GB_ARGMAX_PIECE) {
        const float max = row_max(x + i, n - i < GB_ARGMAX_PIECE ? n - i : GB_ARGMAX_PIECE);
        if (max > greatest) {
            greatest = max;
            at = i;
        }
    }
    /* nothing above -inf: the first -inf, which may be anywhere, or only NaN */
    const size_t found = at + find(x + at, n - at, greatest);
    return found < n ? found : 0;
}

#define GB_ARGMAX_KERNEL(isa, row_max, find)                                                                           \
    size_t gb_f32_argmax_##isa(const float *x, size_t n) {                                                             \
        return gb_argmax_pieces(row_max, find, x, n);                                                                  \
    }

#endif
