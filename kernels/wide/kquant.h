/* Encoders of the K-quants: searches over sub-blocks in lanes, then scales and bytes of each super-block.
 *
 * A super-block that does not behave (values that are not finite or beyond fast rounding, scales that do not fit their
 * bits) is given to the reference, alone; its neighbours in the lanes are not affected. */
#ifndef GB_WIDE_KQUANT_H
#define GB_WIDE_KQUANT_H

#include "kernels/wide/batch.h"
#include "reference/kquant.h"
#include "reference/reference.h"

enum { GB_WIDE_SUPERS = 8 }; /* super-blocks of a batch */

typedef struct gb_wide_k {
    size_t bytes, sub; /* of a block; elements of a sub-block */
    float sigma, over; /* sigma2 = sigma * sum of x^2 / over: two factors, because their order tells in overflow */
    gb_quantize_fn *reference;
} gb_wide_k;

/* Sums of squares in ascending order: four chains side by side hide the time of an addition. */
GB_INLINE void gb_wide_set_sigma(const gb_wide_k *f, gb_wide_batch *b, size_t supers) {
    const size_t subs = GB_SUPER / f->sub;
    for (size_t k = 0; k < supers; k += 4) {
        float sum[4] = {0.0F, 0.0F, 0.0F, 0.0F};
        const float *from[4];
        for (size_t c = 0; c < 4; c++) from[c] = b->x + (k + c < supers ? k + c : supers - 1) * GB_SUPER;
        for (size_t i = 0; i < GB_SUPER; i++)
            for (size_t c = 0; c < 4; c++) sum[c] = sum[c] + from[c][i] * from[c][i];
        for (size_t j = 0; j < 4 * subs; j++) b->sigma2[k * subs + j] = f->sigma * sum[j / subs] / f->over;
    }
}

/* The batch of up to GB_WIDE_SUPERS super-blocks from k on; returns their number. */
GB_INLINE size_t gb_wide_k_batch(const gb_wide_k *f, const float *x, const float *importance, size_t supers, size_t k,
                                 gb_wide_batch *b) {
    const size_t count = supers - k < GB_WIDE_SUPERS ? supers - k : GB_WIDE_SUPERS;
    b->x = x + k * GB_SUPER;
    b->importance = importance ? importance + k * GB_SUPER : NULL;
    b->sub = f->sub;
    b->count = count * (GB_SUPER / f->sub);
    return count;
}

GB_INLINE int gb_wide_k_is_odd(const gb_wide_k *f, const gb_wide_found *found, size_t k) {
    const size_t subs = GB_SUPER / f->sub;
    int odd = 0;
    for (size_t j = k * subs; j < (k + 1) * subs; j++) odd |= found->odd[j];
    return odd;
}

/* Super-block k of the batch by the reference. */
GB_INLINE void gb_wide_k_refer(const gb_wide_k *f, const gb_wide_batch *b, size_t k, void *block) {
    f->reference(b->x + k * GB_SUPER, block, GB_SUPER, b->importance ? b->importance + k * GB_SUPER : NULL);
}

/* --- bytes that several formats lay out alike: reference/kquant.h ------------------------------------------------ */

GB_INLINE void gb_wide_pack_two_bits(const uint8_t code[GB_SUPER], int shift, uint8_t plane[64]) {
    for (size_t h = 0; h < 2; h++) {
        const uint8_t *q = code + 128 * h;
        for (size_t l = 0; l < 32; l++)
            plane[32 * h + l] = (uint8_t)((q[l] >> shift & 3) | (q[32 + l] >> shift & 3) << 2 |
                                          (q[64 + l] >> shift & 3) << 4 | (q[96 + l] >> shift & 3) << 6);
    }
}

GB_INLINE void gb_wide_pack_nibbles(const uint8_t code[GB_SUPER], uint8_t plane[128]) {
    for (size_t c = 0; c < 4; c++)
        for (size_t l = 0; l < 32; l++)
            plane[32 * c + l] = (uint8_t)((code[64 * c + l] & 15) | code[64 * c + 32 + l] << 4);
}

/* Bit `bit` of element 32j + l becomes bit j of byte l. */
GB_INLINE void gb_wide_pack_bit(const uint8_t code[GB_SUPER], int bit, uint8_t plane[32]) {
    for (size_t l = 0; l < 32; l++) {
        unsigned byte = 0;
        for (size_t j = 0; j < 8; j++) byte |= (code[32 * j + l] >> bit & 1U) << j;
        plane[l] = (uint8_t)byte;
    }
}

#endif
