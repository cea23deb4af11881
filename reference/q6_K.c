/* q6_K: 256 codes of six bits in two planes; sixteen signed byte scales; one f16 d. No min. */
#include "reference/kquant.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { SUB = 16, SUBS = 16, HALF = 32 };

/* Element i of half h = i / 128: r = i % 128 lies in quarter r / 32 at l = r % 32. Quarters 0, 1 are the low nibbles of
 * ql[l], ql[32 + l], quarters 2, 3 their high nibbles; the top bits are laid out as other formats' two-bit codes. */
static size_t low_byte(size_t i) {
    return i / 128 * 64 + i % 64;
}

static int low_shift(size_t i) {
    return i % 128 < 64 ? 0 : 4;
}

static void unpack(const void *block, gb_k_signed *out) {
    const gb_block_q6_K *b = block;
    out->d = b->d;
    memcpy(out->sc, b->scales, sizeof b->scales);
    for (size_t i = 0; i < GB_SUPER; i++) {
        const int low = b->ql[low_byte(i)] >> low_shift(i) & 15;
        out->value[i] = (int8_t)((low | (int)gb_get_two_bits(b->qh, i) << 4) - HALF);
    }
}

static void pack_codes(const uint8_t code[GB_SUPER], gb_block_q6_K *b) {
    uint8_t top[GB_SUPER];
    memset(b->ql, 0, sizeof b->ql);
    for (size_t i = 0; i < GB_SUPER; i++) {
        uint8_t *low = &b->ql[low_byte(i)];
        *low = (uint8_t)(*low | (code[i] & 15) << low_shift(i));
        top[i] = code[i] >> 4;
    }
    gb_set_two_bits(top, b->qh);
}

void gb_ref_q6_K_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_block_q6_K *b = blocks;
    for (size_t k = 0; k < n / GB_SUPER; k++, b++, x += GB_SUPER) {
        uint8_t code[GB_SUPER];
        float scale[SUBS];
        float extreme = 0.0F;
        for (size_t j = 0; j < SUBS; j++) {
            const float *weight = importance ? importance + k * GB_SUPER + j * SUB : NULL;
            scale[j] = gb_search_signed(SUB, HALF, x + j * SUB, weight, code + j * SUB);
            if (gb_larger_magnitude(scale[j], extreme)) extreme = scale[j];
        }
        memset(b, 0, sizeof *b);
        if (gb_abs_f32(extreme) < 1e-15F) continue;
        const float inverse = -128.0F / extreme;
        b->d = gb_f16_from_scale(1.0F / inverse);
        for (size_t j = 0; j < SUBS; j++) {
            const int s = gb_nearest_int(inverse * scale[j]);
            b->scales[j] = (int8_t)(uint8_t)(s < 127 ? s : 127);
            gb_k_signed_codes(x + j * SUB, gb_f32_from_f16(b->d) * (float)b->scales[j], HALF, code + j * SUB);
        }
        pack_codes(code, b);
    }
}

static const gb_k_signed_format format = {.bytes = sizeof(gb_block_q6_K), .unpack = unpack};

void gb_ref_q6_K_dequantize(const void *blocks, float *x, size_t n) {
    gb_k_signed_dequantize(&format, blocks, x, n);
}

/* |isum| <= 128 * 32 * 128 * 256 = 2^27: exact in int32, rounded once when converted. */
float gb_ref_q6_K_dot(const void *w, const void *a, size_t n) {
    return gb_k_signed_dot(&format, w, a, n);
}
