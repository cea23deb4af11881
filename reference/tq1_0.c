/* tq1_0: 256 trits, five to a byte, and one f16 scale. */
#include "reference/number.h"
#include "reference/reference.h"
#include "reference/ternary.h"

enum { BLOCK = 256, BYTES = 52 };

/* Elements of byte p of qs and qh together: first + n * stride for n < count; trit n of the byte. */
typedef struct place {
    size_t first, stride, count;
} place;

static place place_of(size_t p) {
    if (p < 32) return (place){p, 32, 5};
    if (p < 48) return (place){160 + (p - 32), 16, 5};
    return (place){240 + (p - 48), 4, 4};
}

/* The byte is a fraction of base 3 scaled to 256: v five trits, the first the most significant, stored as v * 256 / 243
 * rounded up, so that multiplying the byte by 3 carries one trit after the other out of it. */
static uint8_t pack(const uint8_t *code, place at) {
    unsigned v = 0;
    for (size_t n = 0; n < 5; n++) v = 3 * v + (n < at.count ? code[at.first + n * at.stride] : 0U);
    return (uint8_t)((v * 256 + 242) / 243);
}

/* Any byte decodes to 0, 1 or 2. */
static int trit(uint8_t byte, size_t n) {
    static const uint8_t power[5] = {1, 3, 9, 27, 81};
    const uint8_t rest = (uint8_t)(byte * power[n]); /* modulo 256: the carried trits are gone */
    return rest * 3 >> 8;
}

void gb_ref_tq1_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_block_tq1_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        uint8_t code[BLOCK];
        b->d = gb_f16_from_f32(gb_encode_ternary(x, BLOCK, 1, code));
        for (size_t p = 0; p < 48; p++) b->qs[p] = pack(code, place_of(p));
        for (size_t p = 48; p < BYTES; p++) b->qh[p - 48] = pack(code, place_of(p));
    }
}

static void unpack(const gb_block_tq1_0 *b, int8_t value[BLOCK]) {
    for (size_t p = 0; p < BYTES; p++) {
        const place at = place_of(p);
        const uint8_t byte = p < 48 ? b->qs[p] : b->qh[p - 48];
        for (size_t n = 0; n < at.count; n++) value[at.first + n * at.stride] = (int8_t)(trit(byte, n) - 1);
    }
}

void gb_ref_tq1_0_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_tq1_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        int8_t value[BLOCK];
        unpack(b, value);
        for (size_t i = 0; i < BLOCK; i++) x[i] = (float)value[i] * gb_f32_from_f16(b->d);
    }
}

/* acc = acc + (d * da) * isum, |isum| <= 256 * 128 = 2^15. */
float gb_ref_tq1_0_dot(const void *w, const void *a, size_t n) {
    const gb_block_tq1_0 *bw = w;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / BLOCK; k++) {
        int8_t value[BLOCK];
        unpack(&bw[k], value);
        int isum = 0;
        for (size_t i = 0; i < BLOCK; i++) isum += value[i] * ba[k].qs[i];
        acc = acc + (gb_f32_from_f16(bw[k].d) * ba[k].d) * (float)isum;
    }
    return acc;
}
