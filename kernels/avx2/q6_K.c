/* q6_K, AVX2. Codes 0..63 times signed bytes by maddubs: a pair is at most 2 * 63 * 128 = 16128. The 32 that a code is
 * above its value is taken away through sums of the activation codes. */
#include "kernels/avx2/gemm.h"
#include "kernels/avx2/kquant.h"
#include "kernels/avx2/quant.h"

enum { BLOCK = 256, SUB = 16, SUBS = 16, HALF = 128, QUARTER = 32 };

/* The four quarters of a half: low nibbles of two vectors, then their high nibbles, each with two bits of qh on top. */
GB_INLINE void codes(const gb_block_q6_K *b, size_t half, __m256i code[4]) {
    const __m256i nibble = _mm256_set1_epi8(15);
    const __m256i top = _mm256_set1_epi8(48);
    const __m256i ql0 = gb_load256(b->ql + 64 * half);
    const __m256i ql1 = gb_load256(b->ql + 64 * half + 32);
    const __m256i qh = gb_load256(b->qh + 32 * half);
    code[0] = _mm256_or_si256(_mm256_and_si256(ql0, nibble), _mm256_and_si256(_mm256_slli_epi16(qh, 4), top));
    code[1] = _mm256_or_si256(_mm256_and_si256(ql1, nibble), _mm256_and_si256(_mm256_slli_epi16(qh, 2), top));
    code[2] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(ql0, 4), nibble), _mm256_and_si256(qh, top));
    code[3] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(ql1, 4), nibble),
                              _mm256_and_si256(_mm256_srli_epi16(qh, 2), top));
}

void gb_q6_K_dequantize_avx2(const void *blocks, float *x, size_t n) {
    const gb_block_q6_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++) {
        int8_t q[BLOCK];
        const float d = gb_half(b->d);
        for (size_t half = 0; half < 2; half++) {
            __m256i code[4];
            codes(b, half, code);
            for (size_t i = 0; i < 4; i++)
                gb_store256(q + half * HALF + i * QUARTER, _mm256_sub_epi8(code[i], _mm256_set1_epi8(32)));
        }
        for (size_t j = 0; j < SUBS; j++, x += SUB) {
            const __m256 ds = _mm256_set1_ps(d * (float)b->scales[j]);
            _mm256_storeu_ps(x, _mm256_mul_ps(ds, gb_floats8_s8(q + j * SUB)));
            _mm256_storeu_ps(x + 8, _mm256_mul_ps(ds, gb_floats8_s8(q + j * SUB + 8)));
        }
    }
}

/* --- dot, gemv --- */

GB_INLINE void part(const void *w, const gb_block_q8_K *a, gb_k_parts *p, size_t k, size_t r) {
    const gb_block_q6_K *b = w;
    const __m128i bytes = gb_load128(b->scales);
    /* even scales in the lower half, odd in the upper, as the sixteens lie in a vector of 32 codes */
    const __m128i order = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    const __m256i sc = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(bytes, order));
    /* 32 * sum sc * bsums <= 32 * 16 * 128 * 2048 = 2^27 */
    const __m256i above = _mm256_madd_epi16(_mm256_cvtepi8_epi16(bytes), gb_load256(a->bsums));
    __m256i sum[2] = {_mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32(above, 5)), _mm256_setzero_si256()};
    for (int half = 0; half < 2; half++) {
        __m256i code[4];
        codes(b, (size_t)half, code);
        for (int i = 0; i < 4; i++) {
            const __m256i pair = _mm256_maddubs_epi16(code[i], gb_load256(a->qs + half * HALF + i * QUARTER));
            sum[i % 2] = _mm256_add_epi32(sum[i % 2], _mm256_madd_epi16(pair, gb_spread16(sc, 4 * half + i)));
        }
    }
    p->isum[k][r] = _mm256_add_epi32(sum[0], sum[1]);
    p->d[k][r] = gb_half(b->d);
}

void gb_q6_K_gemv_avx2(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    static const gb_k_format format = {.block_bytes = sizeof(gb_block_q6_K), .part = part};
    gb_k_gemv(&format, w, w_stride, rows, a, n, y);
}

float gb_q6_K_dot_avx2(const void *w, const void *a, size_t n) {
    float y = 0.0F;
    gb_q6_K_gemv_avx2(w, 0, 1, a, n, &y);
    return y;
}

/* --- gemm --- */

enum { QUADS = SUB / 4 };

typedef struct {
    __m256i quad[SUBS][QUADS][2]; /* lane = row: four codes of eight bits */
    __m256i sc[SUBS][2];          /* minus the scale, twice */
    __m256 d[2];
} weight_panel;

static void fill_panel(const char *const row[GB_PANEL_ROWS], size_t from, size_t count, void *out) {
    weight_panel *p = out;
    (void)count; /* one super-block is a whole chunk */
    for (size_t v = 0; v < 2; v++) {
        for (size_t half = 0; half < 2; half++) {
            __m256 quarter[4][8];
            __m256 sc[8];
            for (size_t r = 0; r < 8; r++) {
                const gb_block_q6_K *b = (const gb_block_q6_K *)row[8 * v + r] + from;
                const __m128i eight = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(b->scales + 8 * half)));
                __m256i code[4];
                codes(b, half, code);
                for (size_t i = 0; i < 4; i++) quarter[i][r] = _mm256_castsi256_ps(code[i]);
                sc[r] = _mm256_castsi256_ps(gb_twice16(_mm_sub_epi16(_mm_setzero_si128(), eight)));
            }
            for (size_t i = 0; i < 4; i++) {
                gb_transpose8(quarter[i]);
                for (size_t s = 0; s < 8; s++)
                    p->quad[8 * half + 2 * i + s / QUADS][s % QUADS][v] = _mm256_castps_si256(quarter[i][s]);
            }
            gb_transpose8(sc);
            for (size_t j = 0; j < 8; j++) p->sc[8 * half + j][v] = _mm256_castps_si256(sc[j]);
        }
        p->d[v] = gb_row_halves8(row + 8 * v, from * sizeof(gb_block_q6_K) + offsetof(gb_block_q6_K, d));
    }
}

/* Scratch: per column and sixteen elements a pair of 32 * (sum of the elements that meet in the low, in the high
 * sixteen bits of a lane). */
GB_INLINE const int32_t *column_sums(const gb_gemm_args *g, size_t col) {
    return (const int32_t *)g->scratch + col * (g->n / SUB);
}

/* Sixteen-bit sums start at 32 * (sum of eight activation codes) and the products are subtracted: they may wrap on the
 * way but end at sum of -(code - 32) * q over eight elements, which lies in -32768 .. 32512 (the negation matters: the
 * other end would be +32768). madd with minus the scale (at most 128 in size) undoes the sign. */
GB_INLINE void tile(const weight_panel *p, const gb_gemm_args *g, size_t col, size_t cols, size_t from,
                    __m256 acc[2][GB_TILE_COLS]) {
    const gb_block_q8_K *a[2];
    const int32_t *start[2];
    __m256i isum[2][2];
    for (size_t c = 0; c < cols; c++) {
        a[c] = (const gb_block_q8_K *)(const void *)((const char *)g->a + (col + c) * g->a_stride) + from;
        start[c] = column_sums(g, col + c) + from * SUBS;
        isum[0][c] = isum[1][c] = _mm256_setzero_si256();
    }
    for (size_t j = 0; j < SUBS; j++) {
        __m256i sum[2][2];
        for (size_t c = 0; c < cols; c++) sum[0][c] = sum[1][c] = _mm256_set1_epi32(start[c][j]);
        for (size_t s = 0; s < QUADS; s++) {
            const __m256i w0 = p->quad[j][s][0];
            const __m256i w1 = p->quad[j][s][1];
            for (size_t c = 0; c < cols; c++) {
                const __m256i q = gb_broadcast32(a[c]->qs + j * SUB + 4 * s);
                sum[0][c] = gb_pin(_mm256_sub_epi16(sum[0][c], _mm256_maddubs_epi16(w0, q)));
                sum[1][c] = gb_pin(_mm256_sub_epi16(sum[1][c], _mm256_maddubs_epi16(w1, q)));
            }
        }
        for (size_t c = 0; c < cols; c++)
            for (size_t v = 0; v < 2; v++)
                isum[v][c] = gb_pin(_mm256_add_epi32(isum[v][c], _mm256_madd_epi16(sum[v][c], p->sc[j][v])));
    }
    for (size_t c = 0; c < cols; c++) {
        const __m256 da = gb_broadcast_f32(&a[c]->d);
        for (size_t v = 0; v < 2; v++) {
            const __m256 scale = _mm256_mul_ps(p->d[v], da);
            acc[v][c] = _mm256_add_ps(acc[v][c], _mm256_mul_ps(scale, _mm256_cvtepi32_ps(isum[v][c])));
        }
    }
}

static void tile2(const void *p, const gb_gemm_args *g, size_t col, size_t from, size_t count,
                  __m256 acc[2][GB_TILE_COLS]) {
    (void)count;
    tile(p, g, col, 2, from, acc);
}

static void tile1(const void *p, const gb_gemm_args *g, size_t col, size_t from, size_t count,
                  __m256 acc[2][GB_TILE_COLS]) {
    (void)count;
    tile(p, g, col, 1, from, acc);
}

void gb_q6_K_gemm_avx2(const gb_gemm_args *g) {
    static const gb_gemm_format format = {
        .elems = BLOCK, .cols = 2, .panel = fill_panel, .tile = tile2, .tile1 = tile1};
    weight_panel panel;
    int32_t *start = g->scratch;
    for (size_t c = 0; c < g->cols; c++) {
        const gb_block_q8_K *a = (const void *)((const char *)g->a + c * g->a_stride);
        for (size_t k = 0; k < g->n / BLOCK; k++, a++) {
            for (size_t j = 0; j < SUBS; j += 2) {
                const __m256i s = _mm256_slli_epi16(gb_pair_sums16(gb_load256(a->qs + j * SUB)), 5);
                *start++ = _mm256_extract_epi32(s, 0);
                *start++ = _mm256_extract_epi32(s, 4);
            }
        }
    }
    gb_block_gemm(&format, g, &panel);
}
