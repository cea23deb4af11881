/* q6_K: 256 codes of six bits in two planes; sixteen signed byte scales; one f16 d. No min. */
#include "reference/number.h"
#include "reference/reference.h"
#include "reference/search.h"

enum { BLOCK = 256, SUB = 16, SUBS = 16 };

/* Element i of half h = i / 128: r = i % 128 lies in quarter r / 32 at l = r % 32. Quarters 0, 1 are the low nibbles of
 * ql[l], ql[32 + l], quarters 2, 3 their high nibbles; bits 2q, 2q + 1 of qh[l] are the top bits of quarter q. */
static int value_at(const gb_block_q6_K *b, size_t i) {
    const size_t h = i / 128;
    const size_t quarter = i % 128 / 32;
    const size_t l = i % 32;
    const uint8_t low = b->ql[64 * h + 32 * (quarter % 2) + l];
    const int four = quarter < 2 ? low & 15 : low >> 4;
    const int two = b->qh[32 * h + l] >> (2 * quarter) & 3;
    return (four | two << 4) - 32;
}

static void pack(const uint8_t code[BLOCK], gb_block_q6_K *b) {
    memset(b->ql, 0, sizeof b->ql);
    memset(b->qh, 0, sizeof b->qh);
    for (size_t i = 0; i < BLOCK; i++) {
        const size_t h = i / 128;
        const size_t quarter = i % 128 / 32;
        const size_t l = i % 32;
        uint8_t *low = &b->ql[64 * h + 32 * (quarter % 2) + l];
        uint8_t *high = &b->qh[32 * h + l];
        *low = (uint8_t)(*low | (code[i] & 15) << (quarter < 2 ? 0 : 4));
        *high = (uint8_t)(*high | (code[i] >> 4) << (2 * quarter));
    }
}

void gb_ref_q6_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_block_q6_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        uint8_t code[BLOCK];
        float scale[SUBS];
        float extreme = 0.0F;
        for (size_t j = 0; j < SUBS; j++) {
            const float *weight = importance ? importance + k * BLOCK + j * SUB : NULL;
            scale[j] = gb_search_signed(SUB, 32, x + j * SUB, weight, code + j * SUB);
            if (gb_larger_magnitude(scale[j], extreme)) extreme = scale[j];
        }
        memset(b, 0, sizeof *b);
        if (gb_abs_f32(extreme) < 1e-15F) continue;
        const float inverse = -128.0F / extreme;
        b->d = gb_f16_from_scale(1.0F / inverse);
        for (size_t j = 0; j < SUBS; j++) {
            const int s = gb_nearest_int(inverse * scale[j]);
            b->scales[j] = (int8_t)(uint8_t)(s < 127 ? s : 127);
            const float ds = gb_f32_from_f16(b->d) * (float)b->scales[j];
            if (ds == 0.0F) continue;
            for (size_t i = j * SUB; i < (j + 1) * SUB; i++)
                code[i] = (uint8_t)(gb_clamp_int(gb_nearest_int(x[i] / ds), -32, 31) + 32);
        }
        pack(code, b);
    }
}

void gb_ref_q6_K_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q6_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK)
        for (size_t i = 0; i < BLOCK; i++)
            x[i] = (gb_f32_from_f16(b->d) * (float)b->scales[i / SUB]) * (float)value_at(b, i);
}

/* acc = acc + (d * da) * isum, isum = sum sc * (value . q): |isum| <= 128 * 32 * 128 * 256 = 2^27, exact in int32 and
 * rounded once when converted. */
float gb_ref_q6_K_dot(const void *w, const void *a, size_t n) {
    const gb_block_q6_K *bw = w;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / BLOCK; k++) {
        int isum = 0;
        for (size_t i = 0; i < BLOCK; i++) isum += bw[k].scales[i / SUB] * (value_at(&bw[k], i) * ba[k].qs[i]);
        acc = acc + (gb_f32_from_f16(bw[k].d) * ba[k].d) * (float)isum;
    }
    return acc;
}
