/* Formats with blocks of 32 codes that a few instructions turn into bytes. gemv: narrow codes (at most 127, unsigned)
 * go through maddubs, whose pairs of at most 2 * 127 * 128 cannot saturate; wide ones (q8_0, iq4_nl: all of -128..127)
 * are widened to sixteen bits first. gemm: sixteen bits, as one unpacking serves all columns. */
#ifndef GB_AVX2_BLOCK32_H
#define GB_AVX2_BLOCK32_H

#include "kernels/avx2/gemm.h"
#include "kernels/avx2/gemv.h"
#include "kernels/avx2/quant.h"

enum { GB_BLOCK32 = 32 };

typedef struct {
    size_t bytes;
    int wide;                            /* codes are signed bytes; else unsigned, and value = code - offset */
    int offset;                          /* of narrow codes */
    int affine;                          /* an f16 minimum follows the scale; activations are q8_1 */
    __m256i (*codes)(const void *block); /* narrow: all 32 */
    __m128i (*half)(const void *block, size_t half);               /* wide: sixteen */
    __m256 (*scales)(const void *p, size_t stride);                /* of eight blocks at p, p + stride ... */
    __m256 (*row_scales)(const char *const row[8], size_t offset); /* of the blocks at an offset of eight rows */
} gb_byte_format;

/* Activation blocks are q8_0 or q8_1, which has a sum before the codes. */
GB_INLINE size_t gb_act_bytes(const gb_byte_format *f) {
    return f->affine ? sizeof(gb_block_q8_1) : sizeof(gb_block_q8_0);
}

GB_INLINE const int8_t *gb_act_codes(const gb_byte_format *f, const char *block) {
    return (const int8_t *)block + (f->affine ? offsetof(gb_block_q8_1, qs) : offsetof(gb_block_q8_0, qs));
}

/* Sixteen codes with their sign, in sixteen bits. From the halves of a block, because a load widens for free. */
GB_INLINE void gb_signed_codes(const gb_byte_format *f, const void *block, __m256i half[2]) {
    if (f->wide) {
        for (size_t h = 0; h < 2; h++) half[h] = _mm256_cvtepi8_epi16(f->half(block, h));
        return;
    }
    /* narrow codes are at most 127, so the difference fits a byte */
    const __m256i code = _mm256_sub_epi8(f->codes(block), _mm256_set1_epi8((char)f->offset));
    half[0] = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(code));
    half[1] = _mm256_cvtepi8_epi16(_mm256_extracti128_si256(code, 1));
}

/* 32 elements: x = value * d, or value * d + m. */
GB_INLINE void gb_dequantize32(const gb_byte_format *f, const void *block, float d, float *x) {
    int8_t q[GB_BLOCK32];
    const __m256 scale = _mm256_set1_ps(d);
    const __m256 m = _mm256_set1_ps(f->affine ? gb_half(gb_load_u16(block, 1)) : 0.0F);
    if (f->wide)
        for (size_t h = 0; h < 2; h++) _mm_storeu_si128((__m128i *)(q + 16 * h), f->half(block, h));
    else
        gb_store256(q, _mm256_sub_epi8(f->codes(block), _mm256_set1_epi8((char)f->offset)));
    for (size_t j = 0; j < GB_BLOCK32; j += 8) {
        const __m256 v = _mm256_mul_ps(gb_floats8_s8(q + j), scale);
        _mm256_storeu_ps(x + j, f->affine ? _mm256_add_ps(v, m) : v);
    }
}

/* --- gemv --- */

typedef struct {
    int16_t wide[GB_GEMV_BLOCKS * GB_BLOCK32]; /* of one the format uses one */
    int8_t narrow[GB_GEMV_BLOCKS * GB_BLOCK32];
    float d[GB_GEMV_BLOCKS], s[GB_GEMV_BLOCKS];
    int32_t bias[GB_GEMV_BLOCKS]; /* offset * sum of the activation codes */
} gb_byte_activations;

GB_INLINE void gb_prepare32(const gb_byte_format *f, const char *a, size_t count, gb_byte_activations *act) {
    for (size_t k = 0; k < (count + 7) / 8 * 8; k++) {
        static const char zero[sizeof(gb_block_q8_1)];
        const char *block = k < count ? a + k * gb_act_bytes(f) : zero;
        const int8_t *qs = gb_act_codes(f, block);
        act->d[k] = gb_half(gb_load_u16(block, 0));
        if (f->affine) act->s[k] = gb_half(gb_load_u16(block, 1));
        if (f->wide) {
            gb_store256(act->wide + k * GB_BLOCK32, _mm256_cvtepi8_epi16(gb_load128(qs)));
            gb_store256(act->wide + k * GB_BLOCK32 + 16, _mm256_cvtepi8_epi16(gb_load128(qs + 16)));
        } else {
            gb_store256(act->narrow + k * GB_BLOCK32, gb_load256(qs));
            act->bias[k] = f->offset * gb_byte_sum32(gb_load256(qs));
        }
    }
}

/* Eight partial sums of one block. */
GB_INLINE __m256i gb_products32(const gb_byte_format *f, const void *block, const gb_byte_activations *act, size_t k) {
    if (!f->wide) {
        const __m256i pairs = _mm256_maddubs_epi16(f->codes(block), gb_load256(act->narrow + k * GB_BLOCK32));
        return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    }
    const int16_t *q = act->wide + k * GB_BLOCK32;
    __m256i half[2];
    gb_signed_codes(f, block, half);
    return _mm256_add_epi32(_mm256_madd_epi16(half[0], gb_load256(q)), _mm256_madd_epi16(half[1], gb_load256(q + 16)));
}

GB_INLINE __m256 gb_terms32(const gb_byte_format *f, const void *w, const gb_byte_activations *act, size_t k) {
    __m256i sum[8];
    for (size_t i = 0; i < 8; i++) sum[i] = gb_products32(f, (const char *)w + i * f->bytes, act, k + i);
    __m256i isum = gb_sum8(sum);
    if (!f->wide) isum = _mm256_sub_epi32(isum, gb_load256(act->bias + k));
    const __m256 d = _mm256_mul_ps(f->scales(w, f->bytes), _mm256_loadu_ps(act->d + k));
    const __m256 term = _mm256_mul_ps(d, _mm256_cvtepi32_ps(isum));
    if (!f->affine) return term;
    const __m256 m = gb_halves8((const char *)w + sizeof(uint16_t), f->bytes);
    return _mm256_add_ps(term, _mm256_mul_ps(m, _mm256_loadu_ps(act->s + k)));
}

/* --- gemm --- */

enum { GB_PANEL_BLOCKS = GB_PANEL_K / GB_BLOCK32, GB_PAIRS = GB_BLOCK32 / 2, GB_PAIRS_UNROLLED = 4 };

typedef struct {
    __m256i pair[GB_PANEL_BLOCKS][GB_PAIRS][2]; /* lane = row: two codes of sixteen bits */
    __m256 d[GB_PANEL_BLOCKS][2], m[GB_PANEL_BLOCKS][2];
} gb_byte_panel;

GB_INLINE void gb_fill_panel32(const gb_byte_format *f, const char *const row[GB_PANEL_ROWS], size_t from, size_t count,
                               gb_byte_panel *p) {
    for (size_t k = 0; k < count; k++) {
        const size_t at = (from + k) * f->bytes;
        for (size_t v = 0; v < 2; v++) {
            __m256 half[2][8];
            for (size_t r = 0; r < 8; r++) {
                __m256i code[2];
                gb_signed_codes(f, row[8 * v + r] + at, code);
                half[0][r] = _mm256_castsi256_ps(code[0]);
                half[1][r] = _mm256_castsi256_ps(code[1]);
            }
            for (size_t h = 0; h < 2; h++) {
                gb_transpose8(half[h]);
                for (size_t s = 0; s < 8; s++) p->pair[k][8 * h + s][v] = _mm256_castps_si256(half[h][s]);
            }
            p->d[k][v] = f->row_scales(row + 8 * v, at);
            if (f->affine) p->m[k][v] = gb_row_halves8(row + 8 * v, at + sizeof(uint16_t));
        }
    }
}

/* Scratch: per column n codes of sixteen bits, then n / 32 scales, then n / 32 sums. */
GB_INLINE int16_t *gb_column_codes(const gb_gemm_args *g, size_t col) {
    return (int16_t *)g->scratch + col * g->n;
}

GB_INLINE float *gb_column_scales(const gb_gemm_args *g, size_t col) {
    return (float *)(void *)gb_column_codes(g, g->cols) + col * (g->n / GB_BLOCK32);
}

GB_INLINE float *gb_column_sums(const gb_gemm_args *g, size_t col) {
    return gb_column_scales(g, g->cols + col);
}

GB_INLINE void gb_widen_columns(const gb_byte_format *f, const gb_gemm_args *g) {
    for (size_t c = 0; c < g->cols; c++) {
        const char *block = (const char *)g->a + c * g->a_stride;
        int16_t *q = gb_column_codes(g, c);
        for (size_t k = 0; k < g->n / GB_BLOCK32; k++, block += gb_act_bytes(f), q += GB_BLOCK32) {
            const int8_t *qs = gb_act_codes(f, block);
            gb_column_scales(g, c)[k] = gb_half(gb_load_u16(block, 0));
            if (f->affine) gb_column_sums(g, c)[k] = gb_half(gb_load_u16(block, 1));
            gb_store256(q, _mm256_cvtepi8_epi16(gb_load128(qs)));
            gb_store256(q + 16, _mm256_cvtepi8_epi16(gb_load128(qs + 16)));
        }
    }
}

/* Two codes of every row times two codes of every column. */
GB_INLINE void gb_pair_step(const __m256i w[2], const int16_t *const q[GB_TILE_COLS], size_t at, size_t cols,
                            __m256i sum[2][GB_TILE_COLS]) {
    for (size_t c = 0; c < cols; c++) {
        const __m256i a = gb_broadcast32(q[c] + at);
        sum[0][c] = gb_pin(_mm256_add_epi32(sum[0][c], _mm256_madd_epi16(w[0], a)));
        sum[1][c] = gb_pin(_mm256_add_epi32(sum[1][c], _mm256_madd_epi16(w[1], a)));
    }
}

GB_INLINE void gb_tile32(const gb_byte_format *f, const gb_byte_panel *p, const gb_gemm_args *g, size_t col,
                         size_t cols, size_t from, size_t count, __m256 acc[2][GB_TILE_COLS]) {
    const int16_t *q[GB_TILE_COLS];
    const float *d[GB_TILE_COLS];
    const float *s[GB_TILE_COLS];
    for (size_t c = 0; c < cols; c++) {
        q[c] = gb_column_codes(g, col + c) + from * GB_BLOCK32;
        d[c] = gb_column_scales(g, col + c) + from;
        s[c] = gb_column_sums(g, col + c) + from;
    }
    for (size_t k = 0; k < count; k++) {
        __m256i sum[2][GB_TILE_COLS];
        for (size_t c = 0; c < cols; c++) sum[0][c] = sum[1][c] = _mm256_setzero_si256();
        for (size_t i = 0; i < GB_PAIRS; i += GB_PAIRS_UNROLLED)
            for (size_t u = i; u < i + GB_PAIRS_UNROLLED; u++)
                gb_pair_step(p->pair[k][u], q, k * GB_BLOCK32 + 2 * u, cols, sum);
        for (size_t c = 0; c < cols; c++) {
            const __m256 da = _mm256_set1_ps(d[c][k]);
            for (size_t v = 0; v < 2; v++) {
                __m256 term = _mm256_mul_ps(_mm256_mul_ps(p->d[k][v], da), _mm256_cvtepi32_ps(sum[v][c]));
                if (f->affine) term = _mm256_add_ps(term, _mm256_mul_ps(p->m[k][v], _mm256_set1_ps(s[c][k])));
                acc[v][c] = _mm256_add_ps(acc[v][c], term);
            }
        }
    }
}

/* dot, gemv and gemm of a format from its description. */
#define GB_BYTE_DOTS(name, format)                                                                                     \
    static void name##_prepare(const void *a, size_t count, void *act) {                                               \
        gb_prepare32(&(format), a, count, act);                                                                        \
    }                                                                                                                  \
    GB_INLINE __m256 name##_terms(const void *w, const void *act, size_t k) {                                          \
        return gb_terms32(&(format), w, act, k);                                                                       \
    }                                                                                                                  \
    void gb_##name##_gemv_avx2(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {       \
        const gb_gemv_format gemv = {sizeof(gb_block_##name), gb_act_bytes(&(format)), name##_prepare, name##_terms};  \
        gb_byte_activations act;                                                                                       \
        gb_block32_gemv(&gemv, w, w_stride, rows, a, n, y, &act);                                                      \
    }                                                                                                                  \
    float gb_##name##_dot_avx2(const void *w, const void *a, size_t n) {                                               \
        float y = 0.0F;                                                                                                \
        gb_##name##_gemv_avx2(w, 0, 1, a, n, &y);                                                                      \
        return y;                                                                                                      \
    }                                                                                                                  \
    static void name##_panel(const char *const row[GB_PANEL_ROWS], size_t from, size_t count, void *out) {             \
        gb_fill_panel32(&(format), row, from, count, out);                                                             \
    }                                                                                                                  \
    static void name##_tile4(const void *p, const gb_gemm_args *g, size_t col, size_t from, size_t count,              \
                             __m256 acc[2][GB_TILE_COLS]) {                                                            \
        gb_tile32(&(format), p, g, col, 4, from, count, acc);                                                          \
    }                                                                                                                  \
    static void name##_tile1(const void *p, const gb_gemm_args *g, size_t col, size_t from, size_t count,              \
                             __m256 acc[2][GB_TILE_COLS]) {                                                            \
        gb_tile32(&(format), p, g, col, 1, from, count, acc);                                                          \
    }                                                                                                                  \
    void gb_##name##_gemm_avx2(const gb_gemm_args *g) {                                                                \
        static const gb_gemm_format gemm = {                                                                           \
            .elems = GB_BLOCK32, .cols = 4, .panel = name##_panel, .tile = name##_tile4, .tile1 = name##_tile1};       \
        gb_byte_panel panel;                                                                                           \
        gb_widen_columns(&(format), g);                                                                                \
        gb_block_gemm(&gemm, g, &panel);                                                                               \
    }

/* The same and dequantize, of a format whose scale is an f16 at its beginning. */
#define GB_BYTE_KERNELS(name, format)                                                                                  \
    GB_BYTE_DOTS(name, format)                                                                                         \
    void gb_##name##_dequantize_avx2(const void *blocks, float *x, size_t n) {                                         \
        const char *b = blocks;                                                                                        \
        for (size_t i = 0; i < n; i += GB_BLOCK32, b += sizeof(gb_block_##name))                                       \
            gb_dequantize32(&(format), b, gb_half(gb_load_u16(b, 0)), x + i);                                          \
    }

#endif
