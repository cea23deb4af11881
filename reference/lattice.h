/* What iq2_xxs, iq2_xs, iq2_s, iq3_xxs and iq3_s share: super-blocks of 256 whose groups of 8 or 4 elements are points
 * of a grid, with signs apart, and sub-blocks with the odd scales 2c + 1. A format file says how its bytes become the
 * unpacked form below and back, and how its encoder searches; decoding, the dot and the encoding follow. */
#ifndef GB_REFERENCE_LATTICE_H
#define GB_REFERENCE_LATTICE_H

#include "reference/codebook.h"

enum { GB_LATTICE = 256 };

typedef struct gb_lattice_block {
    uint16_t d;         /* f16 */
    uint16_t point[64]; /* of each group: index into the grid */
    uint8_t sign[32];   /* of each eight elements: bit i set: element i is negative */
    uint8_t scale[16];  /* of each sub-block: c, 0..15 */
} gb_lattice_block;

/* Which groups of the best trial are rounded again with the scale that the trial led to. */
typedef enum gb_lattice_again { GB_AGAIN_OFF_GRID, GB_AGAIN_ALL_IF_ANY_OFF, GB_AGAIN_ALL } gb_lattice_again;

typedef struct gb_lattice_format {
    size_t bytes;         /* of a block */
    size_t group, sub;    /* elements of a group, of a sub-block */
    const uint16_t *grid; /* levels of each point */
    unsigned bits;        /* of a level */
    uint8_t value[8];     /* of each level, when decoded */
    float unit;           /* x = ((d * (2c + 1)) * unit) * value */
    void (*unpack)(const void *block, gb_lattice_block *out);
    void (*pack)(const gb_lattice_block *in, void *block);
    /* encoding */
    const gb_codebook *(*book)(void);
    float sigma;            /* weights with importance: * sqrt(sigma * sum of x^2 / 256 + x^2) */
    int plain_ones;         /* weights without: as if every importance were 1; or */
    float plain_sigma;      /* plain_sigma * (sigma * sum of x^2 / 256) + x^2 */
    int seven_signs;        /* of eight elements an even number is negative: one gets the wrong sign, where needed */
    float least;            /* sub-blocks with no larger magnitude are zero */
    int trials;             /* scales span / (top + step * k), k = -trials .. trials */
    float step;             /* top: 2 * the highest level + 1 */
    int span_by_fit;        /* span: the largest magnitude; or 3 times the scale of the positive search */
    gb_lattice_again again; /* see there */
    float stretch;          /* of d, after the scale codes were found */
} gb_lattice_format;

void gb_lattice_quantize(const gb_lattice_format *f, const float *x, void *blocks, size_t n, const float *importance);
void gb_lattice_dequantize(const gb_lattice_format *f, const void *blocks, float *x, size_t n);
/* Per super-block isum = sum of (2c + 1) * (signed value . q), exact; acc = acc + (d * da) * isum; result unit * acc.
 */
float gb_lattice_dot(const gb_lattice_format *f, const void *w, const void *a, size_t n);

/* --- bytes that several formats lay out alike --------------------------------------------------------------------- */

/* Eight sign bits of the seven that are stored: the eighth makes their number even. */
uint8_t gb_eight_signs(unsigned seven);

/* A word of four bytes (iq2_xxs, iq3_xxs): four times seven signs, lowest first, then the scale, which is returned. */
uint8_t gb_get_signs_scale(const uint8_t word[4], uint8_t sign[4]);
void gb_set_signs_scale(const uint8_t sign[4], uint8_t scale, uint8_t word[4]);

#endif
