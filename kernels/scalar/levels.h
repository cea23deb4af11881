/* Formats whose nibbles choose from a table of levels: iq4_nl, mxfp4, nvfp4. All operations from the table and
 *   find(row, term, d)   the bytes of a term of a row, and its scale */
#ifndef GB_SCALAR_LEVELS_H
#define GB_SCALAR_LEVELS_H

#include "kernels/scalar/common.h"

/* elems: of a term, whose first half is in the low nibbles; act_: finds its activations. */
#define GB_LEVEL_KERNELS(name, levels, elems_, act_)                                                                   \
    static void unpack(const void *row, size_t term, gb_flat_block *out) {                                             \
        out->sc[0] = 1;                                                                                                \
        gb_unpack_levels(levels, find(row, term, &out->d), (elems_) / 2, out->code);                                   \
    }                                                                                                                  \
    GB_INLINE int sum(const void *row, size_t term, const int8_t *qs, float *d) {                                      \
        return gb_level_sum(levels, find(row, term, d), (elems_) / 2, qs);                                             \
    }                                                                                                                  \
    static const gb_flat_format format = {.elems = (elems_), .subs = 1, .unpack = unpack, .act = (act_), .sum = sum};  \
    GB_TERM_KERNELS(name, format)

#endif
