/* What iq1_s and iq1_m share: super-blocks of 256 whose groups of eight elements are points of a grid with the levels
 * -1, 0, 1, moved by an eighth up or down, and odd scales 2c + 1. A format file says how its bytes become the unpacked
 * form below and back; decoding, the dot and the encoding follow. */
#ifndef GB_REFERENCE_IQ1_H
#define GB_REFERENCE_IQ1_H

#include <stddef.h>
#include <stdint.h>

enum { GB_IQ1_BLOCK = 256, GB_IQ1_GROUPS = 32, GB_IQ1_SCALES = 16 };

typedef struct gb_iq1_block {
    uint16_t d;                    /* f16 */
    uint16_t point[GB_IQ1_GROUPS]; /* of each eight elements */
    uint8_t down[GB_IQ1_GROUPS];   /* they are moved by -1/8 instead of 1/8 */
    uint8_t scale[GB_IQ1_SCALES];  /* of each sixteen elements: c, 0..7 */
} gb_iq1_block;

typedef struct gb_iq1_format {
    size_t bytes; /* of a block */
    size_t sub;   /* elements with one scale: 32 or 16 */
    void (*unpack)(const void *block, gb_iq1_block *out);
    void (*pack)(const gb_iq1_block *in, void *block);
    /* encoding */
    int one_shift;  /* all groups of a sub-block are moved alike, and sums are differences of prefix sums */
    int plain_ones; /* weights without importance: as if every importance were 1; else x^2 */
    float least;    /* sub-blocks with no larger magnitude are zero */
    int refit;      /* d fits the whole super-block with its final codes */
    float stretch;  /* of d, at the end */
} gb_iq1_format;

void gb_iq1_quantize(const gb_iq1_format *f, const float *x, void *blocks, size_t n, const float *importance);
void gb_iq1_dequantize(const gb_iq1_format *f, const void *blocks, float *x, size_t n);
/* In eighths: isum = sum of (2c + 1) * sum of (8 * level +- 1) * q, exact: |isum| <= 15 * 9 * 128 * 256 < 2^23, so that
 * the conversion is exact too. acc = acc + (d * da) * isum; result 0.125 * acc. */
float gb_iq1_dot(const gb_iq1_format *f, const void *w, const void *a, size_t n);

#endif
