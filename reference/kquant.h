/* What the K-quants share: super-blocks of 256 with integer scales of sub-blocks, in two families.
 *
 * With mins (q2_K, q4_K, q5_K): x = (d * sc) * code - dmin * mn. Signed (q3_K, q6_K): x = (d * sc) * value. A format
 * file says how its bytes become the unpacked form below and back; decoding, the dot and most of the encoding follow.
 */
#ifndef GB_REFERENCE_KQUANT_H
#define GB_REFERENCE_KQUANT_H

#include "reference/search.h"

enum { GB_SUPER = 256, GB_MAX_SUBS = 16 };

/* --- bytes that several formats lay out alike ----------------------------------------------------------------------
 */

/* Two bits an element (codes of q2_K, low bits of q3_K, high bits of q6_K): bits 2q, 2q + 1 of byte 32h + l belong to
 * element 128h + 32q + l. */
unsigned gb_get_two_bits(const uint8_t plane[64], size_t i);
/* The low two bits of each code. */
void gb_set_two_bits(const uint8_t code[GB_SUPER], uint8_t plane[64]);

/* Nibbles (codes of q4_K, low bits of q5_K): byte 32c + l holds elements 64c + l (low) and 64c + 32 + l (high). */
unsigned gb_get_nibble(const uint8_t plane[128], size_t i);
void gb_set_nibbles(const uint8_t code[GB_SUPER], uint8_t plane[128]);

/* Eight scales and eight mins of six bits in twelve bytes (q4_K, q5_K). */
void gb_get_scales_mins(const uint8_t q[12], uint8_t sc[8], uint8_t mn[8]);
void gb_set_scales_mins(const uint8_t sc[8], const uint8_t mn[8], uint8_t q[12]);

/* --- with mins ------------------------------------------------------------------------------------------------------
 */

typedef struct gb_k_mins {
    uint16_t d, dmin; /* f16 */
    uint8_t sc[GB_MAX_SUBS], mn[GB_MAX_SUBS];
    uint8_t code[GB_SUPER];
} gb_k_mins;

typedef struct gb_k_mins_format {
    size_t bytes, sub; /* of a block; elements of a sub-block */
    int top_scale;     /* of scales and mins: 63 or 15 */
    int rms;           /* weights without importance: |x|, or |x| + root of the mean square of the sub-block */
    gb_affine plain;   /* search without importance */
    float sigma;       /* weights with importance: * sqrt(sigma * mean of x^2 + x^2) */
    uint8_t limit[2];  /* scales without, with importance: largest byte that is packed, see below */
    void (*unpack)(const void *block, gb_k_mins *out);
    void (*pack)(const gb_k_mins *in, void *block);
} gb_k_mins_format;

/* limit: where importance sits on few elements the scale of a sub-block may be negative; its integer wraps to a byte of
 * up to 255. ggml limits that byte in some encoders and lets it run into its neighbours' bits in others; so do we. */

/* Integers that give the largest x the code `top`; returns what one unit stands for. */
float gb_k_spread(size_t n, int top, const float *x, uint8_t *code);

void gb_k_mins_quantize(const gb_k_mins_format *f, const float *x, void *blocks, size_t n, const float *importance);
void gb_k_mins_dequantize(const gb_k_mins_format *f, const void *blocks, float *x, size_t n);
/* Per super-block isum = sum of sc * (code . q) and msum = sum of mn * (sums of q), exact integers, and
 * acc = acc + ((d * da) * isum - (dmin * da) * msum). */
float gb_k_mins_dot(const gb_k_mins_format *f, const void *w, const void *a, size_t n);

/* --- signed ---------------------------------------------------------------------------------------------------------
 */

typedef struct gb_k_signed {
    uint16_t d;    /* f16 */
    int8_t sc[16]; /* of sixteen elements each */
    int8_t value[GB_SUPER];
} gb_k_signed;

typedef struct gb_k_signed_format {
    size_t bytes;
    void (*unpack)(const void *block, gb_k_signed *out);
} gb_k_signed_format;

/* The codes of sixteen elements for a scale as it will be decoded, d * sc; where that is 0 they stay as they are. */
void gb_k_signed_codes(const float *x, float scale, int half, uint8_t *code);
void gb_k_signed_dequantize(const gb_k_signed_format *f, const void *blocks, float *x, size_t n);
/* Per super-block isum = sum of sc * (value . q), an exact integer, and acc = acc + (d * da) * isum. */
float gb_k_signed_dot(const gb_k_signed_format *f, const void *w, const void *a, size_t n);

#endif
