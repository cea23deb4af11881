/* Groups of unsigned codes with a scale and a zero: gptq4, gptq8, awq4, mlc_q4f16_1, onnx_q4. All take q8_0
 * activations.
 */
#include "reference/foreign.h"
#include "reference/reference.h"

enum { ACT = 32, LONGEST = 128 };

/* What a block holds, wherever it holds it. */
typedef struct group {
    float d;
    int zero;
    const uint8_t *qs;
} group;

typedef struct layout {
    size_t elems, bytes;
    group (*open)(const uint8_t *block);
    int (*code)(const uint8_t *qs, size_t i);
} layout;

/* f16 scale, zero, codes */
static group open_zero(const uint8_t *block) {
    return (group){gb_f32_from_f16(gb_load_u16(block, 0)), block[2], block + 3};
}

static group open_mlc(const uint8_t *block) {
    return (group){gb_f32_from_f16(gb_load_u16(block, 0)), 7, block + 2};
}

/* Zero points have four bits: a foreign byte above 15 counts by its low half. */
static group open_onnx(const uint8_t *block) {
    return (group){gb_load_f32(block, 0), block[4] & 15, block + 5};
}

static int nibble(const uint8_t *qs, size_t i) {
    return i % 2 ? qs[i / 2] >> 4 : qs[i / 2] & 15;
}

static int byte(const uint8_t *qs, size_t i) {
    return qs[i];
}

/* Place of element e of a word of eight, counted in nibbles from the lowest. */
static size_t awq_place(size_t e) {
    return e % 2 ? 4 + e / 2 : e / 2;
}

static int awq_nibble(const uint8_t *qs, size_t i) {
    return nibble(qs, i / 8 * 8 + awq_place(i % 8));
}

static void put_nibble(uint8_t *qs, size_t i, unsigned code) {
    qs[i / 2] = (uint8_t)(i % 2 ? (qs[i / 2] & 15U) | code << 4 : (qs[i / 2] & 0xf0U) | code);
}

static const layout gptq4 = {128, sizeof(gb_block_gptq4), open_zero, nibble};
static const layout gptq8 = {128, sizeof(gb_block_gptq8), open_zero, byte};
static const layout awq4 = {128, sizeof(gb_block_awq4), open_zero, awq_nibble};
static const layout mlc_q4f16_1 = {32, sizeof(gb_block_mlc_q4f16_1), open_mlc, nibble};
static const layout onnx_q4 = {32, sizeof(gb_block_onnx_q4), open_onnx, nibble};

/* --- encoders ----------------------------------------------------------------------------------------------------- */

typedef struct range {
    float low, high; /* low <= 0 <= high */
} range;

static range range_of(const float *x, size_t n) {
    range r = {0.0F, 0.0F};
    for (size_t i = 0; i < n; i++) {
        const float v = gb_number(x[i]);
        if (v < r.low) r.low = v;
        if (v > r.high) r.high = v;
    }
    return r;
}

/* GPTQ's quantizer: the range, which includes 0, in `top` steps. A group of zeros counts as -1..1. Returns the scale;
 * without a usable one, every code is the zero. */
static float encode_affine(const float *x, int top, uint8_t *zero, uint8_t code[LONGEST]) {
    range r = range_of(x, LONGEST);
    if (r.low == 0.0F && r.high == 0.0F) r = (range){-1.0F, 1.0F};
    const float scale = (r.high - r.low) / (float)top;
    const int usable = gb_is_usable(scale);
    const int z = usable ? gb_clamp_int(gb_nearest_int(-r.low / scale), 0, top) : (top + 1) / 2;
    for (size_t i = 0; i < LONGEST; i++)
        code[i] = (uint8_t)(usable ? gb_clamp_int(gb_nearest_int(gb_number(x[i]) / scale) + z, 0, top) : z);
    *zero = (uint8_t)z;
    return scale;
}

void gb_ref_gptq4_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* GPTQ's own search needs a Hessian; this is round to nearest */
    gb_block_gptq4 *b = blocks;
    for (size_t k = 0; k < n / LONGEST; k++, b++) {
        uint8_t code[LONGEST];
        b->d = gb_f16_from_f32(encode_affine(x + k * LONGEST, 15, &b->zero, code));
        for (size_t i = 0; i < LONGEST; i++) put_nibble(b->qs, i, code[i]);
    }
}

void gb_ref_gptq8_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    gb_block_gptq8 *b = blocks;
    for (size_t k = 0; k < n / LONGEST; k++, b++)
        b->d = gb_f16_from_f32(encode_affine(x + k * LONGEST, 255, &b->zero, b->qs));
}

void gb_ref_awq4_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* AWQ scales columns before it rounds; that search is not here */
    gb_block_awq4 *b = blocks;
    for (size_t k = 0; k < n / LONGEST; k++, b++) {
        uint8_t code[LONGEST];
        b->d = gb_f16_from_f32(encode_affine(x + k * LONGEST, 15, &b->zero, code));
        for (size_t i = 0; i < LONGEST; i++) put_nibble(b->qs, i / 8 * 8 + awq_place(i % 8), code[i]);
    }
}

/* Symmetric, codes 0..14, made for the scale as it is decoded. */
void gb_ref_mlc_q4f16_1_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    gb_block_mlc_q4f16_1 *b = blocks;
    for (size_t k = 0; k < n / 32; k++, b++, x += 32) {
        b->d = gb_f16_from_f32(gb_largest(x, 32) / 7.0F);
        const float d = gb_f32_from_f16(b->d);
        for (size_t i = 0; i < 32; i++) {
            const int q = gb_is_usable(d) ? gb_nearest_int(gb_number(x[i]) / d) : 0;
            put_nibble(b->qs, i, (unsigned)gb_clamp_int(q + 7, 0, 14));
        }
    }
}

/* MLAS' quantizer: ties away from zero, the zero added before the rounding, x times the reciprocal of the scale. */
void gb_ref_onnx_q4_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    gb_block_onnx_q4 *b = blocks;
    for (size_t k = 0; k < n / 32; k++, b++, x += 32) {
        const range r = range_of(x, 32);
        b->d = (r.high - r.low) / 15.0F;
        const int usable = gb_is_usable(b->d) && 1.0F / b->d <= FLT_MAX;
        int zero = b->d == 0.0F ? 0 : 8;
        if (usable) zero = gb_clamp_int(gb_round_away(0.0F - r.low / b->d), 0, 15);
        b->zero = (uint8_t)zero;
        const float inverse = usable ? 1.0F / b->d : 0.0F;
        for (size_t i = 0; i < 32; i++) {
            const float v = usable ? gb_number(x[i]) * inverse + (float)zero : (float)zero;
            put_nibble(b->qs, i, (unsigned)gb_clamp_int(gb_round_away(v), 0, 15));
        }
    }
}

/* --- decoding ----------------------------------------------------------------------------------------------------- */

static void dequantize(const layout *f, const uint8_t *row, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const group g = f->open(row + i / f->elems * f->bytes);
        x[i] = (float)(f->code(g.qs, i % f->elems) - g.zero) * g.d;
    }
}

/* acc = acc + (dw * da) * isum, one term per block of the activations. |isum| <= 32 * 255 * 128 < 2^20 (gptq8; and a
 * hostile zero of a 4-bit group): exact in binary32. */
static float dot(const layout *f, const uint8_t *row, const gb_block_q8_0 *a, size_t n) {
    float acc = 0.0F;
    for (size_t k = 0; k < n / ACT; k++) {
        const group g = f->open(row + k * ACT / f->elems * f->bytes);
        int isum = 0;
        for (size_t j = 0; j < ACT; j++) isum += (f->code(g.qs, k * ACT % f->elems + j) - g.zero) * a[k].qs[j];
        acc = acc + (g.d * gb_f32_from_f16(a[k].d)) * (float)isum;
    }
    return acc;
}

#define GROUPED(name)                                                                                                  \
    void gb_ref_##name##_dequantize(const void *blocks, float *x, size_t n) {                                          \
        dequantize(&name, blocks, x, n);                                                                               \
    }                                                                                                                  \
    float gb_ref_##name##_dot(const void *w, const void *a, size_t n) {                                                \
        return dot(&name, w, a, n);                                                                                    \
    }

GROUPED(gptq4)
GROUPED(gptq8)
GROUPED(awq4)
GROUPED(mlc_q4f16_1)
GROUPED(onnx_q4)
