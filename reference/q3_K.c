/* q3_K: 256 codes of three bits in two planes; sixteen signed six-bit scales; one f16 d. No min. */
#include "reference/kquant.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { SUB = 16, SUBS = 16, HALF = 4, HALF_SCALE = 32 };

/* Scale codes 0..63 stand for -32..31: low nibbles of codes 0-7 and 8-15 are the nibbles of bytes 0-7; the top two bits
 * of code j are bits 2(j / 4), 2(j / 4) + 1 of byte 8 + j % 4. */
static int scale_code(const gb_block_q3_K *b, size_t j) {
    const int low = j < 8 ? b->scales[j] & 15 : b->scales[j - 8] >> 4;
    return low | (b->scales[8 + j % 4] >> j / 4 * 2 & 3) << 4;
}

static void set_scale_codes(const uint8_t code[SUBS], gb_block_q3_K *b) {
    memset(b->scales, 0, sizeof b->scales);
    for (size_t j = 0; j < SUBS; j++) {
        uint8_t *low = &b->scales[j % 8];
        uint8_t *top = &b->scales[8 + j % 4];
        *low = (uint8_t)(*low | (code[j] & 15) << (j < 8 ? 0 : 4));
        *top = (uint8_t)(*top | code[j] >> 4 << j / 4 * 2);
    }
}

/* The top bit of element 32j + l is bit j of hmask[l]. Codes 0..7 stand for -4..3, so a bit that is *clear* takes 4
 * from the low two bits. */
static void unpack(const void *block, gb_k_signed *out) {
    const gb_block_q3_K *b = block;
    out->d = b->d;
    for (size_t j = 0; j < SUBS; j++) out->sc[j] = (int8_t)(scale_code(b, j) - HALF_SCALE);
    for (size_t i = 0; i < GB_SUPER; i++) {
        const unsigned code = gb_get_two_bits(b->qs, i) | ((unsigned)b->hmask[i % 32] >> i / 32 & 1U) << 2;
        out->value[i] = (int8_t)((int)code - HALF);
    }
}

static void pack_codes(const uint8_t code[GB_SUPER], gb_block_q3_K *b) {
    gb_set_two_bits(code, b->qs);
    memset(b->hmask, 0, sizeof b->hmask);
    for (size_t i = 0; i < GB_SUPER; i++) b->hmask[i % 32] = (uint8_t)(b->hmask[i % 32] | code[i] >> 2 << i / 32);
}

/* Without importance: greedy searches, and the scale of largest magnitude becomes -32. Without any, scale codes and d
 * are 0. */
static void find_plain(const float *x, uint8_t code[GB_SUPER], gb_block_q3_K *b) {
    float scale[SUBS];
    uint8_t sc[SUBS] = {0};
    float extreme = 0.0F;
    for (size_t j = 0; j < SUBS; j++) {
        scale[j] = gb_search_greedy(SUB, HALF, x + j * SUB, code + j * SUB);
        if (gb_larger_magnitude(scale[j], extreme)) extreme = scale[j];
    }
    b->d = 0;
    if (extreme != 0.0F) {
        const float inverse = -(float)HALF_SCALE / extreme;
        b->d = gb_f16_from_scale(1.0F / inverse);
        for (size_t j = 0; j < SUBS; j++) {
            /* the low byte of the integer: it matters where -32 / extreme overflows (then 0) */
            const int8_t s = (int8_t)(uint8_t)gb_nearest_int(inverse * scale[j]);
            sc[j] = (uint8_t)(gb_clamp_int(s, -HALF_SCALE, HALF_SCALE - 1) + HALF_SCALE);
        }
    }
    set_scale_codes(sc, b);
}

static void find_weighted(const float *x, const float *importance, uint8_t code[GB_SUPER], gb_block_q3_K *b) {
    const float sigma2 = 2.0F * gb_sum_squares(x, GB_SUPER) / (float)GB_SUPER;
    float scale[SUBS];
    float sum[SUBS];
    uint8_t sc[SUBS];
    for (size_t j = 0; j < SUBS; j++) {
        float weight[SUB];
        sum[j] = gb_weigh(SUB, x + j * SUB, importance + j * SUB, sigma2, weight);
        scale[j] = gb_search_signed(SUB, HALF, x + j * SUB, weight, code + j * SUB);
    }
    b->d = gb_f16_from_scale(gb_search_signed(SUBS, HALF_SCALE, scale, sum, sc));
    set_scale_codes(sc, b);
}

void gb_ref_q3_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_block_q3_K *b = blocks;
    for (size_t k = 0; k < n / GB_SUPER; k++, b++, x += GB_SUPER) {
        uint8_t code[GB_SUPER];
        if (importance)
            find_weighted(x, importance + k * GB_SUPER, code, b);
        else
            find_plain(x, code, b);
        for (size_t j = 0; j < SUBS; j++) {
            const float ds = gb_f32_from_f16(b->d) * (float)(scale_code(b, j) - HALF_SCALE);
            gb_k_signed_codes(x + j * SUB, ds, HALF, code + j * SUB);
        }
        pack_codes(code, b);
    }
}

static const gb_k_signed_format format = {.bytes = sizeof(gb_block_q3_K), .unpack = unpack};

void gb_ref_q3_K_dequantize(const void *blocks, float *x, size_t n) {
    gb_k_signed_dequantize(&format, blocks, x, n);
}

/* |isum| <= 32 * 4 * 128 * 256 = 2^22: exact as a float, too. */
float gb_ref_q3_K_dot(const void *w, const void *a, size_t n) {
    return gb_k_signed_dot(&format, w, a, n);
}
