/* q4_0 on AVX2. In the gemm as in the gemv eight pairs of products fit sixteen bits. */
#include "kernels/avx2/vec32.h"
#include "kernels/avx2/wide.h"

#include "kernels/q4_0.h"
#include "kernels/wide/blocks32.h"

#include "kernels/vec32/gemm.h"
#include "kernels/vec32/q4_0.h"
#include "kernels/vec32/quant.h"

/* trunc(x * id + 8.5), at most 15; NaN gives 8. */
GB_INLINE __m256i round_codes(const float *x, __m256 id) {
    __m256 v = _mm256_mul_ps(_mm256_loadu_ps(x), id);
    v = _mm256_and_ps(v, _mm256_cmp_ps(v, v, _CMP_ORD_Q));
    return _mm256_min_epi32(_mm256_cvttps_epi32(_mm256_add_ps(v, _mm256_set1_ps(8.5F))), _mm256_set1_epi32(15));
}

GB_INLINE float extreme(const float *x) {
    return gb_extreme(x, BLOCK);
}

GB_INLINE void encode_codes(const float *x, float id, uint8_t qs[16]) {
    const __m256 v = _mm256_set1_ps(id);
    const __m256i lo = _mm256_packs_epi32(round_codes(x, v), round_codes(x + 8, v));
    const __m256i hi = _mm256_packs_epi32(round_codes(x + 16, v), round_codes(x + 24, v));
    const __m256i code = gb_pack_order(_mm256_packs_epi16(lo, hi));
    const __m128i high = _mm_slli_epi16(_mm256_extracti128_si256(code, 1), 4); /* codes < 16: no carry between bytes */
    _mm_storeu_si128((__m128i *)qs, _mm_or_si128(_mm256_castsi256_si128(code), high));
}

GB_Q4_0_ENCODER(avx2, gb_wide_q4_0_weighted, gb_to_half)

void gb_q4_0_dequantize_avx2(const void *blocks, float *x, size_t n) {
    const gb_block_q4_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++) {
        const __m256 d = _mm256_set1_ps(gb_half(b[k].d));
        int8_t q[BLOCK];
        gb_store256(q, _mm256_sub_epi8(gb_nibbles32(b[k].qs), _mm256_set1_epi8(8)));
        for (size_t j = 0; j < BLOCK; j += 8, x += 8) _mm256_storeu_ps(x, _mm256_mul_ps(gb_floats8_s8(q + j), d));
    }
}

GB_Q4_0_DOTS(avx2)

/* --- gemm --- */

enum { BLOCKS = GB_PANEL_K / BLOCK, QUADS = BLOCK / 4 };

typedef struct {
    __m256i quad[BLOCKS][QUADS][2]; /* lane = row: four codes of eight bits */
    __m256 d[BLOCKS][2];
} weight_panel;

static void fill_panel(const char *const row[GB_PANEL_ROWS], size_t from, size_t count, void *out) {
    weight_panel *p = out;
    for (size_t k = 0; k < count; k++) {
        for (size_t v = 0; v < 2; v++) {
            __m256 m[8];
            for (size_t r = 0; r < 8; r++) {
                const gb_block_q4_0 *b = (const gb_block_q4_0 *)row[8 * v + r] + from + k;
                m[r] = _mm256_castsi256_ps(gb_nibbles32(b->qs));
            }
            gb_transpose8(m);
            for (size_t s = 0; s < QUADS; s++) p->quad[k][s][v] = _mm256_castps_si256(m[s]);
            p->d[k][v] = gb_row_halves8(row + 8 * v, (from + k) * sizeof(gb_block_q4_0));
        }
    }
}

/* Scratch: per column n / 32 pairs of -8 * (sum of the elements that meet in the low, in the high sixteen bits of a
 * lane), then n / 32 scales. */
GB_INLINE const int32_t *column_sums(const gb_gemm_args *g, size_t col) {
    return (const int32_t *)g->scratch + col * (g->n / BLOCK);
}

GB_INLINE const float *column_scales(const gb_gemm_args *g, size_t col) {
    return (const float *)g->scratch + (g->cols + col) * (g->n / BLOCK);
}

/* The sixteen-bit sums start at -8 * (sum of activation codes): they may wrap on the way, but end at the sum of
 * (code - 8) * q over sixteen elements, at most 16 * 8 * 128 = 2^14. */
GB_INLINE void tile(const weight_panel *p, const gb_gemm_args *g, size_t col, size_t cols, size_t from, size_t count,
                    __m256 acc[2][GB_TILE_COLS]) {
    const gb_block_q8_0 *a[GB_TILE_COLS];
    const int32_t *start[GB_TILE_COLS];
    const float *d[GB_TILE_COLS];
    for (size_t c = 0; c < cols; c++) {
        a[c] = (const gb_block_q8_0 *)(const void *)((const char *)g->a + (col + c) * g->a_stride) + from;
        start[c] = column_sums(g, col + c) + from;
        d[c] = column_scales(g, col + c) + from;
    }
    for (size_t k = 0; k < count; k++) {
        __m256i sum[2][GB_TILE_COLS];
        for (size_t c = 0; c < cols; c++) sum[0][c] = sum[1][c] = _mm256_set1_epi32(start[c][k]);
        for (size_t s = 0; s < QUADS; s++) {
            const __m256i w0 = p->quad[k][s][0];
            const __m256i w1 = p->quad[k][s][1];
            for (size_t c = 0; c < cols; c++) {
                const __m256i q = gb_broadcast32(a[c][k].qs + 4 * s);
                sum[0][c] = gb_pin(_mm256_add_epi16(sum[0][c], _mm256_maddubs_epi16(w0, q)));
                sum[1][c] = gb_pin(_mm256_add_epi16(sum[1][c], _mm256_maddubs_epi16(w1, q)));
            }
        }
        for (size_t c = 0; c < cols; c++) {
            const __m256 da = _mm256_set1_ps(d[c][k]);
            for (size_t v = 0; v < 2; v++) {
                const __m256i isum = _mm256_madd_epi16(sum[v][c], _mm256_set1_epi16(1));
                acc[v][c] =
                    _mm256_add_ps(acc[v][c], _mm256_mul_ps(_mm256_mul_ps(p->d[k][v], da), _mm256_cvtepi32_ps(isum)));
            }
        }
    }
}

static void tile4(const void *p, const gb_gemm_args *g, size_t col, size_t from, size_t count,
                  __m256 acc[2][GB_TILE_COLS]) {
    tile(p, g, col, 4, from, count, acc);
}

static void tile1(const void *p, const gb_gemm_args *g, size_t col, size_t from, size_t count,
                  __m256 acc[2][GB_TILE_COLS]) {
    tile(p, g, col, 1, from, count, acc);
}

void gb_q4_0_gemm_avx2(const gb_gemm_args *g) {
    static const gb_gemm_format format = {.elems = BLOCK,
                                          .cols = 4,
                                          .bytes = GB_PANEL_K / BLOCK * sizeof(gb_block_q8_0),
                                          .panel = fill_panel,
                                          .tile = tile4,
                                          .tile1 = tile1};
    weight_panel panel;
    int32_t *start = g->scratch;
    float *d = (float *)g->scratch + g->cols * (g->n / BLOCK);
    for (size_t c = 0; c < g->cols; c++) {
        const gb_block_q8_0 *a = (const void *)((const char *)g->a + c * g->a_stride);
        for (size_t k = 0; k < g->n / BLOCK; k++) {
            const __m256i s = gb_pair_sums16(gb_load256(a[k].qs));
            const __m128i both = _mm_add_epi16(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
            *start++ = _mm_cvtsi128_si32(_mm_sub_epi16(_mm_setzero_si128(), _mm_slli_epi16(both, 3)));
            *d++ = gb_half(a[k].d);
        }
    }
    gb_block_gemm(&format, g, &panel);
}
