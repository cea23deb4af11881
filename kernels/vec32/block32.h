/* Formats with blocks of 32 codes that a few instructions turn into bytes.
 *
 * With AVX2, in the gemv narrow codes (at most 127, unsigned) go through maddubs, whose pairs of at most 2 * 127 * 128
 * cannot saturate; wide ones (q8_0, iq4_nl: all of -128..127) are widened to sixteen bits first. gemm: sixteen bits, as
 * one unpacking serves all columns. With VNNI no pairs are summed in sixteen bits: wide codes, raised by 128, are
 * unsigned ones as well, and the gemm is that of gemm_bytes.h. */
#ifndef GB_VEC32_BLOCK32_H
#define GB_VEC32_BLOCK32_H

#include "kernels/vec32/gemm_bytes.h"
#include "kernels/vec32/gemm_wide.h"
#include "kernels/vec32/gemv.h"
#include "kernels/vec32/quant.h"

enum { GB_BLOCK32 = 32 };

/* A weight block holds `per` times 32 codes; w is the address of one, i counts the 32s from there on, also into the
 * blocks behind it. A float term has 32 elements and the scale of its block, or (nvfp4) 16 and a scale of its own: a
 * byte, the scales of a block one after the other. */
typedef struct {
    size_t bytes, per;
    int split;                                                     /* terms of 16 elements */
    int wide;                                                      /* codes are signed bytes; else unsigned */
    int offset;                                                    /* of narrow codes: value = code - offset; or 1: */
    int affine;                                                    /* an f16 minimum after the scale; for q8_1 */
    __m256i (*codes)(const void *w, size_t i);                     /* all 32 */
    __m128i (*half)(const void *w, size_t i, size_t h);            /* wide: sixteen of them */
    __m256 (*scales)(const void *w, size_t stride);                /* of eight terms from block w on */
    __m256 (*row_scales)(const char *const row[8], size_t offset); /* of the terms at an offset of eight rows */
    float (*scale)(const void *at);                                /* of one term */
    __m256i (*zeros)(const void *w, size_t stride);                /* offsets that differ, of eight terms; or NULL */
    int (*zero)(const void *w);                                    /* of one block, -128..255 */
} gb_byte_format;

GB_INLINE float gb_scale_f16(const void *at) {
    return gb_half(gb_load_u16(at, 0));
}

/* f16 of 8 / times blocks, times = 2 or 4, each as often in a row. Put together in a word: a load of what was just
 * stored by halves waits for the stores. */
GB_INLINE __m256 gb_repeat_halves8(const void *w, size_t stride, size_t times) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    uint64_t word = 0;
    for (size_t i = 0; i < 8 / times; i++) word |= (uint64_t)gb_load_u16((const char *)w + i * stride, 0) << 16 * i;
    const __m128 f = _mm_cvtph_ps(_mm_cvtsi64_si128((long long)word));
    return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(f), _mm256_srli_epi32(lane, times == 2 ? 1 : 2));
}

/* Of two blocks, each four times. */
GB_INLINE __m256 gb_halves_by_4(const void *w, size_t stride) {
    return gb_repeat_halves8(w, stride, 4);
}

/* The fields of formats whose blocks begin with an f16 scale, of 32 codes or of four times 32. */
#define GB_SCALE_F16      .per = 1, .scales = gb_halves8, .row_scales = gb_row_halves8, .scale = gb_scale_f16
#define GB_SCALE_F16_BY_4 .per = 4, .scales = gb_halves_by_4, .row_scales = gb_row_halves8, .scale = gb_scale_f16

/* Whether products of the gemv have sixteen bits on both sides. */
GB_INLINE int gb_widens(const gb_byte_format *f) {
    return f->wide && !GB_SUMS_BYTES;
}

/* Unsigned codes, and what they are above the values (or, with zeros(), above codes less their zero). */
GB_INLINE __m256i gb_raised_codes(const gb_byte_format *f, const void *w, size_t i) {
    const __m256i code = f->codes(w, i);
    return f->wide ? _mm256_xor_si256(code, _mm256_set1_epi8(INT8_MIN)) : code;
}

GB_INLINE int gb_raised_by(const gb_byte_format *f) {
    return f->wide ? 128 : f->zeros ? 0 : f->offset;
}

/* Elements of a float term. */
GB_INLINE size_t gb_term_elems(const gb_byte_format *f) {
    return f->split ? 16 : GB_BLOCK32;
}

/* Where the scale of term k of a row begins. */
GB_INLINE size_t gb_scale_at(const gb_byte_format *f, size_t k) {
    const size_t terms = f->per * GB_BLOCK32 / gb_term_elems(f);
    return k / terms * f->bytes + (f->split ? k % terms : 0);
}

/* Activation blocks are q8_0 or q8_1, which has a sum before the codes. */
GB_INLINE size_t gb_act_bytes(const gb_byte_format *f) {
    return f->affine ? sizeof(gb_block_q8_1) : sizeof(gb_block_q8_0);
}

GB_INLINE const int8_t *gb_act_codes(const gb_byte_format *f, const char *block) {
    return (const int8_t *)block + (f->affine ? offsetof(gb_block_q8_1, qs) : offsetof(gb_block_q8_0, qs));
}

/* 32 signed bytes in sixteen bits each. From the halves of a block, because a load widens for free. */
GB_INLINE void gb_widened(const gb_byte_format *f, const void *w, size_t i, __m256i half[2]) {
    for (size_t h = 0; h < 2; h++) half[h] = _mm256_cvtepi8_epi16(f->half(w, i, h));
}

/* The i-th 32 of block w: values, or (zero) what is that much above them. Narrow codes are at most 127, so that the
 * difference fits a byte. */
GB_INLINE __m256i gb_signed_bytes(const gb_byte_format *f, const void *w, size_t i) {
    const __m256i code = f->codes(w, i);
    return f->wide || f->zero ? code : _mm256_sub_epi8(code, _mm256_set1_epi8((char)f->offset));
}

/* The i-th 32 values of block w, in sixteen bits each. */
GB_INLINE void gb_signed_codes(const gb_byte_format *f, const void *w, size_t i, __m256i half[2]) {
    if (f->wide) {
        gb_widened(f, w, i, half);
    } else {
        const __m256i code = gb_signed_bytes(f, w, i);
        half[0] = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(code));
        half[1] = _mm256_cvtepi8_epi16(_mm256_extracti128_si256(code, 1));
    }
    if (f->zero)
        for (size_t h = 0; h < 2; h++) half[h] = _mm256_sub_epi16(half[h], _mm256_set1_epi16((short)f->zero(w)));
}

/* x = value * d, or value * d + m. */
GB_INLINE void gb_byte_dequantize(const gb_byte_format *f, const void *blocks, float *x, size_t n) {
    const char *b = blocks;
    for (size_t k = 0; k < n / GB_BLOCK32; k++, x += GB_BLOCK32) {
        const char *w = b + k / f->per * f->bytes;
        __m256i half[2];
        int16_t q[GB_BLOCK32];
        gb_signed_codes(f, w, k % f->per, half);
        for (size_t h = 0; h < 2; h++) gb_store256(q + 16 * h, half[h]);
        const __m256 m = _mm256_set1_ps(f->affine ? gb_half(gb_load_u16(w, 1)) : 0.0F);
        for (size_t j = 0; j < GB_BLOCK32; j += 8) {
            const size_t term = f->split ? 2 * k + j / 16 : k;
            const __m256 d = _mm256_set1_ps(f->scale(b + gb_scale_at(f, term)));
            const __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(gb_load128(q + j))), d);
            _mm256_storeu_ps(x + j, f->affine ? _mm256_add_ps(v, m) : v);
        }
    }
}

/* --- gemv --- */

typedef struct {
    int16_t wide[GB_GEMV_BLOCKS * GB_BLOCK32]; /* of one the format uses one */
    int8_t narrow[GB_GEMV_BLOCKS * GB_BLOCK32];
    float d[GB_GEMV_BLOCKS], s[GB_GEMV_BLOCKS];
    int32_t bias[GB_GEMV_BLOCKS]; /* offset * sum of the activation codes, if there are offsets */
} gb_byte_activations;

/* `count` terms, zero-padded to a multiple of eight. */
GB_INLINE void gb_prepare32(const gb_byte_format *f, const char *a, size_t count, gb_byte_activations *act) {
    const size_t split = f->split ? 2 : 1;
    const int factor = f->zeros ? 1 : gb_raised_by(f);
    for (size_t k = 0; k < (count + 7) / 8 * 8 / split; k++) {
        static const char zero[sizeof(gb_block_q8_1)];
        const char *block = k < count / split ? a + k * gb_act_bytes(f) : zero;
        const int8_t *qs = gb_act_codes(f, block);
        for (size_t i = 0; i < split; i++) act->d[split * k + i] = gb_half(gb_load_u16(block, 0));
        if (f->affine) act->s[k] = gb_half(gb_load_u16(block, 1));
        if (gb_widens(f)) {
            gb_store256(act->wide + k * GB_BLOCK32, _mm256_cvtepi8_epi16(gb_load128(qs)));
            gb_store256(act->wide + k * GB_BLOCK32 + 16, _mm256_cvtepi8_epi16(gb_load128(qs + 16)));
            if (f->zeros) act->bias[k] = gb_byte_sum32(gb_load256(qs));
            continue;
        }
        gb_store256(act->narrow + k * GB_BLOCK32, gb_load256(qs));
        if (f->split)
            for (size_t i = 0; i < 2; i++)
                act->bias[2 * k + i] = factor * gb_byte_sum32(_mm256_zextsi128_si256(gb_load128(qs + 16 * i)));
        else
            act->bias[k] = factor * gb_byte_sum32(gb_load256(qs));
    }
}

/* Eight partial sums of 32 products, of the first sixteen in the lower half. */
GB_INLINE __m256i gb_products32(const gb_byte_format *f, const void *w, size_t i, const gb_byte_activations *act,
                                size_t k) {
    if (!gb_widens(f)) {
        return gb_add_bytes(_mm256_setzero_si256(), gb_raised_codes(f, w, i), gb_load256(act->narrow + k * GB_BLOCK32));
    }
    const int16_t *q = act->wide + k * GB_BLOCK32;
    __m256i half[2];
    gb_widened(f, w, i, half);
    return gb_add_pairs(gb_add_pairs(_mm256_setzero_si256(), half[0], gb_load256(q)), half[1], gb_load256(q + 16));
}

/* Lane i = the sum of the i-th term. */
GB_INLINE __m256i gb_sums32(const gb_byte_format *f, const void *w, const gb_byte_activations *act, size_t k) {
    __m256i sum[8];
    if (!f->split) {
        for (size_t i = 0; i < 8; i++) sum[i] = gb_products32(f, w, i, act, k + i);
        return gb_sum8(sum);
    }
    for (size_t i = 0; i < 4; i++) sum[i] = gb_products32(f, w, i, act, k / 2 + i);
    return gb_pack_order(_mm256_hadd_epi32(_mm256_hadd_epi32(sum[0], sum[1]), _mm256_hadd_epi32(sum[2], sum[3])));
}

GB_INLINE __m256 gb_terms32(const gb_byte_format *f, const void *w, const gb_byte_activations *act, size_t k) {
    __m256i isum = gb_sums32(f, w, act, k);
    if (!gb_widens(f) || f->zeros) {
        __m256i bias = gb_load256(act->bias + k);
        if (f->zeros) {
            const __m256i raised = _mm256_set1_epi32(gb_widens(f) ? 0 : gb_raised_by(f));
            bias = _mm256_mullo_epi32(bias, _mm256_add_epi32(f->zeros(w, f->bytes), raised));
        }
        isum = _mm256_sub_epi32(isum, bias);
    }
    const __m256 d = _mm256_mul_ps(f->scales(w, f->bytes), _mm256_loadu_ps(act->d + k));
    const __m256 term = _mm256_mul_ps(d, _mm256_cvtepi32_ps(isum));
    if (!f->affine) return term;
    const __m256 m = gb_halves8((const char *)w + sizeof(uint16_t), f->bytes);
    return _mm256_add_ps(term, _mm256_mul_ps(m, _mm256_loadu_ps(act->s + k)));
}

/* dot and gemv of a format from its description. */
#define GB_BYTE_DOTS(name, isa, format)                                                                                \
    static void name##_prepare(const void *a, size_t count, void *act) {                                               \
        gb_prepare32(&(format), a, count, act);                                                                        \
    }                                                                                                                  \
    GB_INLINE __m256 name##_terms(const void *w, const void *act, size_t k) {                                          \
        return gb_terms32(&(format), w, act, k);                                                                       \
    }                                                                                                                  \
    void gb_##name##_gemv_##isa(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {      \
        const gb_gemv_format gemv = {.block_bytes = sizeof(gb_block_##name),                                           \
                                     .block_terms = (format).per * GB_BLOCK32 / gb_term_elems(&(format)),              \
                                     .elems = gb_term_elems(&(format)),                                                \
                                     .a_bytes = gb_act_bytes(&(format)),                                               \
                                     .prepare = name##_prepare,                                                        \
                                     .terms = name##_terms};                                                           \
        gb_byte_activations act;                                                                                       \
        gb_block32_gemv(&gemv, w, w_stride, rows, a, n, y, &act);                                                      \
    }                                                                                                                  \
    float gb_##name##_dot_##isa(const void *w, const void *a, size_t n) {                                              \
        float y = 0.0F;                                                                                                \
        gb_##name##_gemv_##isa(w, 0, 1, a, n, &y);                                                                     \
        return y;                                                                                                      \
    }

/* What the two kinds of gemm take from it; one of them is the tier's. */
#define GB_BYTE_GEMM_WIDE(name, isa, format)                                                                           \
    GB_INLINE __m256i name##_signed(const char *row, size_t k) {                                                       \
        return gb_signed_bytes(&(format), row + k / (format).per * (format).bytes, k % (format).per);                  \
    }                                                                                                                  \
    GB_INLINE __m256 name##_row_scales(const char *const row[8], size_t k, size_t m) {                                 \
        return (format).row_scales(row, gb_scale_at(&(format), k) + m * sizeof(uint16_t));                             \
    }                                                                                                                  \
    GB_INLINE int name##_term_zero(const char *row, size_t k) {                                                        \
        return (format).zero ? (format).zero(row + k / (format).per * (format).bytes) : 0;                             \
    }                                                                                                                  \
    GB_WIDE_GEMM(name, isa, gb_term_elems(&(format)), (format).affine, name##_signed, name##_row_scales,               \
                 (format).zero != NULL, name##_term_zero, NULL)

#define GB_BYTE_GEMM_BYTES(name, isa, format)                                                                          \
    GB_INLINE __m256i name##_raised(const char *row, size_t k) {                                                       \
        return gb_raised_codes(&(format), row + k / (format).per * (format).bytes, k % (format).per);                  \
    }                                                                                                                  \
    GB_INLINE __m256 name##_row_scales(const char *const row[8], size_t k, size_t m) {                                 \
        return (format).row_scales(row, gb_scale_at(&(format), k) + m * sizeof(uint16_t));                             \
    }                                                                                                                  \
    GB_INLINE int name##_term_zero(const char *row, size_t k) {                                                        \
        return (format).zero ? (format).zero(row + gb_scale_at(&(format), k)) : 0;                                     \
    }                                                                                                                  \
    GB_BYTES_GEMM(name, isa, gb_term_elems(&(format)), (format).affine, gb_raised_by(&(format)),                       \
                  (format).zero != NULL, name##_raised, name##_row_scales, name##_term_zero)

/* dot, gemv and gemm. */
#define GB_BYTE_KERNELS(name, isa, format)                                                                             \
    GB_BYTE_DOTS(name, isa, format)                                                                                    \
    GB_BYTE_GEMM(name, isa, format)

/* And dequantize. */
#define GB_BYTE_DEQUANTIZE(name, isa, format)                                                                          \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        gb_byte_dequantize(&(format), blocks, x, n);                                                                   \
    }

#endif
