/* mxfp6 and mxfp8: OCP Microscaling formats, 32 small floats under one power of two. */
#include "reference/foreign.h"
#include "reference/minifloat.h"
#include "reference/reference.h"

enum { BLOCK = 32, NAN_SCALE = 255 };

/* floor(log2 x) of a positive finite number, subnormals included. */
static int floor_log2(float x) {
    const uint32_t u = gb_f32_bits(x);
    if (u >> 23) return (int)(u >> 23) - 127;
    int exponent = -149;
    for (uint32_t m = u; m > 1; m >>= 1) exponent++;
    return exponent;
}

/* The largest element lands between the largest power of two of its type and twice that, and may saturate. A block with
 * an infinity gets a NaN scale, so that no file with it is written; one without a number above 0 the smallest scale. */
static uint8_t scale_of(const gb_minifloat *f, const float *x) {
    const float largest = gb_largest(x, BLOCK);
    const int top = (int)(f->largest >> f->mantissa) - f->bias;
    if (largest == 0.0F) return 0;
    if (largest > FLT_MAX) return NAN_SCALE;
    return (uint8_t)gb_clamp_int(floor_log2(largest) - top + 127, 0, 254);
}

/* x / 2^(e - 127), exact wherever it is not far below the smallest element. */
static unsigned element(const gb_minifloat *f, uint8_t e, float x) {
    return e == NAN_SCALE ? 0 : gb_minifloat_from_f32(f, gb_number(x) * gb_f32_from_e8m0((uint8_t)(254 - e)));
}

/* --- mxfp8: a byte each ------------------------------------------------------------------------------------------- */

static void quantize8(const gb_minifloat *f, const float *x, gb_block_mxfp8 *b, size_t n) {
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        b->e = scale_of(f, x);
        for (size_t i = 0; i < BLOCK; i++) b->qs[i] = (uint8_t)element(f, b->e, x[i]);
    }
}

static void decode8(const gb_minifloat *f, const uint8_t *row, size_t k, float *x) {
    const gb_block_mxfp8 *b = (const gb_block_mxfp8 *)row + k;
    for (size_t i = 0; i < BLOCK; i++) x[i] = gb_f32_from_minifloat(f, b->qs[i]) * gb_f32_from_e8m0(b->e);
}

/* --- mxfp6: a stream of bits -------------------------------------------------------------------------------------- */

static void quantize6(const gb_minifloat *f, const float *x, gb_block_mxfp6 *b, size_t n) {
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        memset(b, 0, sizeof *b);
        b->e = scale_of(f, x);
        for (size_t i = 0; i < BLOCK; i++) {
            const unsigned bits = element(f, b->e, x[i]) << (6 * i % 8);
            b->qs[6 * i / 8] = (uint8_t)(b->qs[6 * i / 8] | bits);
            if (bits >> 8) b->qs[6 * i / 8 + 1] = (uint8_t)(bits >> 8);
        }
    }
}

static unsigned code6(const uint8_t qs[24], size_t i) {
    const size_t shift = 6 * i % 8;
    const unsigned next = shift > 2 ? qs[6 * i / 8 + 1] : 0; /* the last element ends with the last byte */
    return ((unsigned)qs[6 * i / 8] | next << 8) >> shift & 63U;
}

static void decode6(const gb_minifloat *f, const uint8_t *row, size_t k, float *x) {
    const gb_block_mxfp6 *b = (const gb_block_mxfp6 *)row + k;
    for (size_t i = 0; i < BLOCK; i++) x[i] = gb_f32_from_minifloat(f, code6(b->qs, i)) * gb_f32_from_e8m0(b->e);
}

GB_FLOAT_WEIGHTS(mxfp6_e2m3, BLOCK, quantize6(&gb_e2m3, x, blocks, n), decode6(&gb_e2m3, row, k, x))
GB_FLOAT_WEIGHTS(mxfp6_e3m2, BLOCK, quantize6(&gb_e3m2, x, blocks, n), decode6(&gb_e3m2, row, k, x))
GB_FLOAT_WEIGHTS(mxfp8_e4m3, BLOCK, quantize8(&gb_e4m3, x, blocks, n), decode8(&gb_e4m3, row, k, x))
GB_FLOAT_WEIGHTS(mxfp8_e5m2, BLOCK, quantize8(&gb_e5m2, x, blocks, n), decode8(&gb_e5m2, row, k, x))
