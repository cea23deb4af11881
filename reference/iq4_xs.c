/* iq4_xs: 256 codes of four bits into the levels of iq4_nl; eight sub-blocks of 32 with a signed six-bit scale; f16 d.
 */
#include "reference/iq4.h"
#include "reference/number.h"
#include "reference/reference.h"
#include "reference/search.h"

enum { BLOCK = 256, SUB = 32, SUBS = 8 };

/* Scale j, -32..31: low nibbles two to a byte, the top two bits of all eight in one word. */
static int scale_at(const gb_block_iq4_xs *b, size_t j) {
    const int low = b->scales_l[j / 2] >> (4 * (j % 2)) & 15;
    const int high = b->scales_h >> (2 * j) & 3;
    return (low | high << 4) - 32;
}

static void set_scale(gb_block_iq4_xs *b, size_t j, int scale) {
    const unsigned code = (unsigned)(scale + 32);
    b->scales_l[j / 2] = (uint8_t)(b->scales_l[j / 2] | (code & 15U) << (4 * (j % 2)));
    b->scales_h = (uint16_t)(b->scales_h | code >> 4 << (2 * j));
}

static float find_scale(const float *x, float sigma2, const float *importance) {
    if (!importance) return gb_iq4_search(x, NULL);
    float weight[SUB];
    gb_weigh(SUB, x, importance, sigma2, weight);
    return gb_iq4_search(x, weight);
}

void gb_ref_iq4_xs_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_block_iq4_xs *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        const float sigma2 = gb_sum_squares(x, BLOCK) * (2.0F / (float)BLOCK);
        float scale[SUBS];
        float extreme = 0.0F;
        memset(b, 0, sizeof *b);
        for (size_t j = 0; j < SUBS; j++) {
            scale[j] = find_scale(x + j * SUB, sigma2, importance ? importance + k * BLOCK + j * SUB : NULL);
            if (gb_larger_magnitude(scale[j], extreme)) extreme = scale[j];
        }
        const float d = -extreme / 32.0F; /* the largest scale becomes -32; -0 for an all-zero block */
        const float inverse = d != 0.0F ? 1.0F / d : 0.0F;
        b->d = gb_f16_from_scale(d);
        for (size_t j = 0; j < SUBS; j++) {
            const int s = gb_clamp_int(gb_nearest_int(inverse * scale[j]), -32, 31);
            set_scale(b, j, s);
            gb_iq4_encode(x + j * SUB, d * (float)s, b->qs + j * SUB / 2); /* d before its rounding */
        }
    }
}

void gb_ref_iq4_xs_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_iq4_xs *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK)
        for (size_t i = 0; i < BLOCK; i++)
            x[i] = (gb_f32_from_f16(b->d) * (float)scale_at(b, i / SUB)) *
                   (float)gb_iq4_level(b->qs + i / SUB * SUB / 2, i % SUB);
}

/* acc = acc + (d * da) * isum, isum = sum scale * (level . q): |isum| <= 32 * 127 * 128 * 256 < 2^27, exact in int32
 * and rounded once when converted. */
float gb_ref_iq4_xs_dot(const void *w, const void *a, size_t n) {
    const gb_block_iq4_xs *bw = w;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / BLOCK; k++) {
        int isum = 0;
        for (size_t j = 0; j < SUBS; j++) {
            int sub = 0;
            for (size_t i = 0; i < SUB; i++) sub += gb_iq4_level(bw[k].qs + j * SUB / 2, i) * ba[k].qs[j * SUB + i];
            isum += scale_at(&bw[k], j) * sub;
        }
        acc = acc + (gb_f32_from_f16(bw[k].d) * ba[k].d) * (float)isum;
    }
    return acc;
}
