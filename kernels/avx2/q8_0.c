/* q8_0, AVX2. Codes are widened to 16 bits before they are multiplied: maddubs would saturate or wrap at -128. */
#include <float.h>

#include "kernels/avx2/gemm.h"
#include "kernels/avx2/gemv.h"
#include "kernels/avx2/quant.h"

enum { BLOCK = 32 };

/* Ties away from zero: trunc(v + just under 1/2 with the sign of v); see kernels/scalar/q8_0.c for why it is exact. */
GB_INLINE __m256i round_codes(const float *x, __m256 id) {
    __m256 v = _mm256_mul_ps(_mm256_loadu_ps(x), id);
    v = _mm256_and_ps(v, _mm256_cmp_ps(v, v, _CMP_ORD_Q)); /* NaN: 0 */
    const __m256 sign = _mm256_and_ps(v, _mm256_set1_ps(-0.0F));
    return _mm256_cvttps_epi32(_mm256_add_ps(v, _mm256_or_ps(sign, _mm256_set1_ps(0x1.fffffep-2F))));
}

static void encode(const float *x, gb_block_q8_0 *b) {
    const float d = gb_largest(x, BLOCK) / 127.0F;
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (id > FLT_MAX) id = 0.0F;
    b->d = (uint16_t)_cvtss_sh(d, 0);
    const __m256 v = _mm256_set1_ps(id);
    const __m256i lo = _mm256_packs_epi32(round_codes(x, v), round_codes(x + 8, v));
    const __m256i hi = _mm256_packs_epi32(round_codes(x + 16, v), round_codes(x + 24, v));
    gb_store256(b->qs, gb_pack_order(_mm256_packs_epi16(lo, hi)));
}

void gb_q8_0_quantize_act_avx2(const float *x, void *blocks, size_t n) {
    gb_block_q8_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) encode(x + i * BLOCK, &b[i]);
}

void gb_q8_0_quantize_avx2(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_q8_0_quantize_act_avx2(x, blocks, n);
}

void gb_q8_0_dequantize_avx2(const void *blocks, float *x, size_t n) {
    const gb_block_q8_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++) {
        const __m256 d = _mm256_set1_ps(gb_half(b[k].d));
        for (size_t j = 0; j < BLOCK; j += 8, x += 8) _mm256_storeu_ps(x, _mm256_mul_ps(gb_floats8_s8(b[k].qs + j), d));
    }
}

/* --- dot, gemv --- */

typedef struct {
    int16_t qs[GB_GEMV_BLOCKS * BLOCK];
    float d[GB_GEMV_BLOCKS];
} activations;

static void prepare(const gb_block_q8_0 *a, size_t count, void *out) {
    activations *act = out;
    for (size_t k = 0; k < count; k++) {
        act->d[k] = gb_half(a[k].d);
        gb_store256(act->qs + k * BLOCK, _mm256_cvtepi8_epi16(gb_load128(a[k].qs)));
        gb_store256(act->qs + k * BLOCK + 16, _mm256_cvtepi8_epi16(gb_load128(a[k].qs + 16)));
    }
    for (size_t k = count; k % 8 != 0; k++) {
        act->d[k] = 0.0F;
        memset(act->qs + k * BLOCK, 0, BLOCK * sizeof act->qs[0]);
    }
}

GB_INLINE __m256 terms(const void *w, const void *prepared, size_t k) {
    const gb_block_q8_0 *b = w;
    const activations *act = prepared;
    __m256i sum[8];
    for (size_t i = 0; i < 8; i++) {
        const int16_t *q = act->qs + (k + i) * BLOCK;
        const __m256i lo = _mm256_madd_epi16(_mm256_cvtepi8_epi16(gb_load128(b[i].qs)), gb_load256(q));
        const __m256i hi = _mm256_madd_epi16(_mm256_cvtepi8_epi16(gb_load128(b[i].qs + 16)), gb_load256(q + 16));
        sum[i] = _mm256_add_epi32(lo, hi);
    }
    const __m256 d = _mm256_mul_ps(gb_halves8(b, sizeof *b), _mm256_loadu_ps(act->d + k));
    return _mm256_mul_ps(d, _mm256_cvtepi32_ps(gb_sum8(sum)));
}

void gb_q8_0_gemv_avx2(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    static const gb_gemv_format format = {.block_bytes = sizeof(gb_block_q8_0), .prepare = prepare, .terms = terms};
    activations act;
    gb_block32_gemv(&format, w, w_stride, rows, a, n, y, &act);
}

float gb_q8_0_dot_avx2(const void *w, const void *a, size_t n) {
    float y = 0.0F;
    gb_q8_0_gemv_avx2(w, 0, 1, a, n, &y);
    return y;
}

/* --- gemm --- */

enum { BLOCKS = GB_PANEL_K / BLOCK, PAIRS = BLOCK / 2, UNROLL = 4 };

typedef struct {
    __m256i pair[BLOCKS][PAIRS][2]; /* lane = row: two codes of sixteen bits */
    __m256 d[BLOCKS][2];
} weight_panel;

static void fill_panel(const char *const row[GB_PANEL_ROWS], size_t from, size_t count, void *out) {
    weight_panel *p = out;
    for (size_t k = 0; k < count; k++) {
        for (size_t v = 0; v < 2; v++) {
            for (size_t half = 0; half < 2; half++) {
                __m256 m[8];
                for (size_t r = 0; r < 8; r++) {
                    const gb_block_q8_0 *b = (const gb_block_q8_0 *)row[8 * v + r] + from + k;
                    m[r] = _mm256_castsi256_ps(_mm256_cvtepi8_epi16(gb_load128(b->qs + 16 * half)));
                }
                gb_transpose8(m);
                for (size_t s = 0; s < 8; s++) p->pair[k][8 * half + s][v] = _mm256_castps_si256(m[s]);
            }
            p->d[k][v] = gb_row_halves8(row + 8 * v, (from + k) * sizeof(gb_block_q8_0));
        }
    }
}

/* Scratch: per column n codes of sixteen bits, then n / 32 scales. */
GB_INLINE const int16_t *column_codes(const gb_gemm_args *g, size_t col) {
    return (const int16_t *)g->scratch + col * g->n;
}

GB_INLINE const float *column_scales(const gb_gemm_args *g, size_t col) {
    return (const float *)(const void *)column_codes(g, g->cols) + col * (g->n / BLOCK);
}

/* Two codes of every row times two codes of every column. */
GB_INLINE void pair_step(const __m256i w[2], const int16_t *const q[GB_TILE_COLS], size_t at, size_t cols,
                         __m256i sum[2][GB_TILE_COLS]) {
    for (size_t c = 0; c < cols; c++) {
        const __m256i a = gb_broadcast32(q[c] + at);
        sum[0][c] = gb_pin(_mm256_add_epi32(sum[0][c], _mm256_madd_epi16(w[0], a)));
        sum[1][c] = gb_pin(_mm256_add_epi32(sum[1][c], _mm256_madd_epi16(w[1], a)));
    }
}

GB_INLINE void tile(const weight_panel *p, const gb_gemm_args *g, size_t col, size_t cols, size_t from, size_t count,
                    __m256 acc[2][GB_TILE_COLS]) {
    const int16_t *q[GB_TILE_COLS];
    const float *d[GB_TILE_COLS];
    for (size_t c = 0; c < cols; c++) {
        q[c] = column_codes(g, col + c) + from * BLOCK;
        d[c] = column_scales(g, col + c) + from;
    }
    for (size_t k = 0; k < count; k++) {
        __m256i sum[2][GB_TILE_COLS];
        for (size_t c = 0; c < cols; c++) sum[0][c] = sum[1][c] = _mm256_setzero_si256();
        for (size_t s = 0; s < PAIRS; s += UNROLL)
            for (size_t u = s; u < s + UNROLL; u++) pair_step(p->pair[k][u], q, k * BLOCK + 2 * u, cols, sum);
        for (size_t c = 0; c < cols; c++) {
            const __m256 da = _mm256_set1_ps(d[c][k]);
            for (size_t v = 0; v < 2; v++)
                acc[v][c] = _mm256_add_ps(acc[v][c],
                                          _mm256_mul_ps(_mm256_mul_ps(p->d[k][v], da), _mm256_cvtepi32_ps(sum[v][c])));
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

void gb_q8_0_gemm_avx2(const gb_gemm_args *g) {
    static const gb_gemm_format format = {
        .elems = BLOCK, .cols = 4, .panel = fill_panel, .tile = tile4, .tile1 = tile1};
    weight_panel panel;
    int16_t *q = g->scratch;
    float *d = (float *)(void *)(q + g->cols * g->n);
    for (size_t c = 0; c < g->cols; c++) {
        const gb_block_q8_0 *a = (const void *)((const char *)g->a + c * g->a_stride);
        for (size_t k = 0; k < g->n / BLOCK; k++, q += BLOCK) {
            *d++ = gb_half(a[k].d);
            gb_store256(q, _mm256_cvtepi8_epi16(gb_load128(a[k].qs)));
            gb_store256(q + 16, _mm256_cvtepi8_epi16(gb_load128(a[k].qs + 16)));
        }
    }
    gb_block_gemm(&format, g, &panel);
}
