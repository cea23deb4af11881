/* Grids of the i-quants: fixed sets of points that stand for 8 or 4 elements at once, and the way of an encoder to the
 * right point. A point is given by its levels, packed two or three bits each, the first coordinate lowest. */
#ifndef GB_REFERENCE_CODEBOOK_H
#define GB_REFERENCE_CODEBOOK_H

#include <stddef.h>
#include <stdint.h>

/* X(name, points, coordinates, bits of a level, levels, distances, room): of the points nearest to a key that is none,
 * those at the `distances` smallest distances are candidates; room: 16-bit words of all lists of candidates. */
#define GB_CODEBOOKS(X)                                                                                                \
    X(iq1, 2048, 8, 2, 3, 3, 332234)                                                                                   \
    X(iq2_xxs, 256, 8, 2, 3, 2, 119462)                                                                                \
    X(iq2_xs, 512, 8, 2, 3, 2, 187770)                                                                                 \
    X(iq2_s, 1024, 8, 2, 3, 1, 50253)                                                                                  \
    X(iq3_xxs, 256, 4, 3, 8, 2, 22825)                                                                                 \
    X(iq3_s, 512, 4, 3, 8, 3, 28317)

/* Packed levels by index: all that decoding needs. The same numbers stand in reference/grids/<name>.def as GB_PT rows,
 * for tables in another form. */
#define GB_GRID(name, points, dims, bits, levels, distances, room) extern const uint16_t gb_grid_##name[points];
GB_CODEBOOKS(GB_GRID)
#undef GB_GRID

/* For encoders: keys (packed levels) to points. The maps are large and follow from the grid, so they are computed when
 * an encoder first asks, once per program, into static memory; any number of threads may ask at once. */
typedef struct gb_codebook {
    const uint16_t *grid;
    size_t points, dims;
    unsigned bits, levels, distances;
    int32_t *place;      /* of each key: the index of its point, or -1 - where its candidates are listed */
    uint16_t *candidate; /* lists: how many, then indices, nearest first and at equal distance ascending */
    size_t used;         /* words of all lists */
} gb_codebook;

#define GB_CODEBOOK(name, points, dims, bits, levels, distances, room) const gb_codebook *gb_codebook_##name(void);
GB_CODEBOOKS(GB_CODEBOOK)
#undef GB_CODEBOOK

/* The point for a key: its own, or else the candidate with the least sum of weight * (scale * value[level] - x)^2, the
 * first of equals; the first of all where no sum is below FLT_MAX (values too large, NaN). on_grid may be NULL. */
size_t gb_codebook_find(const gb_codebook *b, unsigned key, const float *value, float scale, const float *x,
                        const float *weight, int *on_grid);

static inline unsigned gb_level_at(unsigned packed, unsigned bits, size_t i) {
    return packed >> (bits * i) & ((1U << bits) - 1U);
}

#endif
