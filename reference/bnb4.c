/* nf4, fp4 and their double-quantized forms: bitsandbytes' 4-bit types, 64 elements a block. */
#include "reference/bnb4.h"
#include "reference/foreign.h"
#include "reference/reference.h"

enum { BLOCK = GB_BNB4_BLOCK, HEAD_BLOCKS = GB_BNB4_HEAD_BLOCKS };

/* A value halfway between two levels takes the lower one. */
static unsigned nf4_code(float v) {
    unsigned code = 0;
    for (size_t i = 0; i < 15; i++) code += v > (gb_nf4_levels[i] + gb_nf4_levels[i + 1]) * 0.5F;
    return code;
}

/* The thresholds are bitsandbytes' own decimals: not all of them are the exact middle of two levels. */
static unsigned fp4_code(float v) {
    static const float above[7] = {0.00260417F, 0.0859375F, 0.20833333F, 0.29166667F,
                                   0.4166667F,  0.583333F,  0.8333333F};
    static const uint8_t ascending[8] = {0, 1, 6, 7, 4, 5, 2, 3};
    size_t rank = 0;
    while (rank < 7 && gb_abs_f32(v) > above[rank]) rank++;
    return ascending[rank] | (v < 0.0F ? 8U : 0U);
}

typedef struct kind {
    const float *levels;
    unsigned (*code)(float v);
} kind;

static const kind nf4 = {gb_nf4_levels, nf4_code};
static const kind fp4 = {gb_fp4_levels, fp4_code};

/* Where 1 / absmax overflows (zero and the smallest numbers), all codes are those of 0. */
static void encode(const kind *type, const float *x, float absmax, uint8_t qs[32]) {
    const float inverse = 1.0F / absmax;
    for (size_t j = 0; j < BLOCK / 2; j++) {
        unsigned pair = 0;
        for (size_t i = 0; i < 2; i++) {
            const float v = inverse <= FLT_MAX ? gb_number(x[2 * j + i] * inverse) : 0.0F;
            pair = pair << 4 | type->code(v);
        }
        qs[j] = (uint8_t)pair;
    }
}

static void decode(const kind *type, float scale, const uint8_t qs[32], float *x) {
    for (size_t i = 0; i < BLOCK; i++) {
        const unsigned code = i % 2 ? qs[i / 2] & 15U : (unsigned)qs[i / 2] >> 4;
        x[i] = type->levels[code] * scale;
    }
}

/* --- an f32 scale per block --------------------------------------------------------------------------------------- */

static void quantize(const kind *type, const float *x, gb_block_bnb4 *b, size_t n) {
    for (size_t k = 0; k < n / BLOCK; k++) {
        b[k].absmax = gb_largest(x + k * BLOCK, BLOCK);
        encode(type, x + k * BLOCK, b[k].absmax, b[k].qs);
    }
}

static void decode_block(const kind *type, const uint8_t *row, size_t k, float *x) {
    const gb_block_bnb4 *b = (const gb_block_bnb4 *)(const void *)row;
    decode(type, b[k].absmax, b[k].qs, x);
}

/* --- double quantization: the scales of 256 blocks are 8-bit codes themselves ------------------------------------- */

/* Nearest level, the lower one from halfway: the thresholds ascend, so the count of those below v is found by halving.
 */
static unsigned map_code(float v) {
    unsigned low = 0;
    unsigned high = 255;
    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if (v > (gb_bnb4_map_level(middle) + gb_bnb4_map_level(middle + 1)) * 0.5F)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The mean is taken away first, so that the signed map is used on both sides. */
static void quantize_scales(const float *absmax, size_t count, gb_head_bnb4_dq *h, gb_block_bnb4_dq *b) {
    float sum = 0.0F;
    for (size_t k = 0; k < count; k++) sum = sum + absmax[k];
    float centred[HEAD_BLOCKS];
    h->offset = sum / (float)count;
    for (size_t k = 0; k < count; k++) centred[k] = absmax[k] - h->offset;
    h->absmax = gb_largest(centred, count);
    const float inverse = 1.0F / h->absmax;
    for (size_t k = 0; k < count; k++)
        b[k].absmax = (uint8_t)map_code(inverse <= FLT_MAX ? gb_number(centred[k] * inverse) : 0.0F);
}

static void quantize_dq(const kind *type, const float *x, uint8_t *row, size_t n) {
    gb_head_bnb4_dq *h = (gb_head_bnb4_dq *)(void *)row;
    gb_block_bnb4_dq *b = (gb_block_bnb4_dq *)(void *)(row + gb_bnb4_head_bytes(n));
    for (size_t blocks = n / BLOCK; blocks; h++) {
        const size_t count = blocks < HEAD_BLOCKS ? blocks : HEAD_BLOCKS;
        float absmax[HEAD_BLOCKS];
        for (size_t k = 0; k < count; k++) {
            absmax[k] = gb_largest(x + k * BLOCK, BLOCK);
            encode(type, x + k * BLOCK, absmax[k], b[k].qs); /* for the scale before its own rounding */
        }
        quantize_scales(absmax, count, h, b);
        x += count * BLOCK;
        b += count;
        blocks -= count;
    }
}

static void decode_block_dq(const kind *type, const uint8_t *row, size_t n, size_t k, float *x) {
    const uint8_t *qs;
    const float scale = gb_bnb4_dq_open(row, n, k, &qs);
    decode(type, scale, qs, x);
}

GB_FLOAT_WEIGHTS(nf4, BLOCK, quantize(&nf4, x, blocks, n), decode_block(&nf4, row, k, x))
GB_FLOAT_WEIGHTS(fp4, BLOCK, quantize(&fp4, x, blocks, n), decode_block(&fp4, row, k, x))
GB_FLOAT_WEIGHTS(nf4_dq, BLOCK, quantize_dq(&nf4, x, blocks, n), decode_block_dq(&nf4, row, n, k, x))
GB_FLOAT_WEIGHTS(fp4_dq, BLOCK, quantize_dq(&fp4, x, blocks, n), decode_block_dq(&fp4, row, n, k, x))
