/* What the formats with blocks of 32 share: the order of their bits, and encoders that stop before packing. */
#ifndef GB_REFERENCE_LEGACY_H
#define GB_REFERENCE_LEGACY_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/formats.h"
#include "reference/number.h"

enum { GB_BLOCK32 = 32 };

/* Four bits of 2 * half elements in `half` bytes: element j is the low nibble of byte j, j + half its high one. */
static inline int gb_nibble(const uint8_t *qs, size_t half, size_t i) {
    return i < half ? qs[i] & 15 : qs[i - half] >> 4;
}

static inline void gb_pack_nibbles(const uint8_t *code, size_t half, uint8_t *qs) {
    for (size_t j = 0; j < half; j++) qs[j] = (uint8_t)((code[j] & 15) | (code[j + half] & 15) << 4);
}

/* The fifth bits of 32 elements: element i is bit i % 8 of byte i / 8. */
static inline int gb_fifth_bit(const uint8_t qh[4], size_t i) {
    return qh[i / 8] >> (i % 8) & 1;
}

void gb_pack_fifth_bits(const uint8_t code[GB_BLOCK32], uint8_t qh[4]);

/* What one block with an added minimum adds to a dot, in the one order that all such formats have: the product of the
 * scales first, then both parts, then their sum. */
static inline float gb_affine_term32(uint16_t d, uint16_t m, const gb_block_q8_1 *a, int isum) {
    const float scaled = (gb_f32_from_f16(d) * gb_f32_from_f16(a->d)) * (float)isum;
    const float offset = gb_f32_from_f16(m) * gb_f32_from_f16(a->s);
    return scaled + offset;
}

/* A row to encode in blocks of 32; importance NULL: without. */
typedef struct gb_row32 {
    const float *x, *importance;
    float sigma2; /* mean square of the whole row, only with importance */
} gb_row32;
gb_row32 gb_row32_of(const float *x, size_t n, const float *importance);

typedef struct gb_codes32 {
    uint8_t code[GB_BLOCK32];
    uint16_t d, m; /* f16 */
} gb_codes32;

/* x ~ (code - half) * d. Without importance the extreme becomes code 0, and `lost` is the code where x / d is not
 * finite: x is not, or 1 / d overflows. */
void gb_encode_symmetric32(const gb_row32 *row, size_t block, int half, uint8_t lost, gb_codes32 *out);

/* x ~ code * d + m, codes 0..top. Without importance smallest and largest element become 0 and top; where (x - m) / d
 * is not finite the code is 0. */
void gb_encode_affine32(const gb_row32 *row, size_t block, int top, gb_codes32 *out);

/* Signed bytes q = x / d, ties away from zero, 0 where that is not finite. Returns the unrounded d = max|x| / 127. */
float gb_encode_bytes32(const float x[GB_BLOCK32], int8_t q[GB_BLOCK32]);

#endif
