/* q4_K, AVX2. Codes 0..15 times signed bytes by maddubs: a pair is at most 2 * 15 * 128 = 3840, so the eight pairs of a
 * sub-block that meet in one place (30720) fit sixteen bits. Scales and mins (0..63) are multiplied by madd. */
#include "kernels/avx2/gemm.h"
#include "kernels/avx2/kquant.h"
#include "kernels/avx2/quant.h"

enum { BLOCK = 256, SUB = 32, SUBS = 8, CHUNK = 64 };

/* Eight scales, then eight mins, one byte each; the layout is that of reference/q4_K.c, four bytes a word. */
GB_INLINE __m128i scale_bytes(const gb_block_q4_K *b) {
    uint32_t u[3];
    memcpy(u, b->scales, sizeof u);
    const uint32_t high_sc = (u[2] & 0x0f0f0f0fU) | (u[0] >> 2 & 0x30303030U);
    const uint32_t high_mn = (u[2] >> 4 & 0x0f0f0f0fU) | (u[1] >> 2 & 0x30303030U);
    return _mm_set_epi32((int)high_mn, (int)(u[1] & 0x3f3f3f3fU), (int)high_sc, (int)(u[0] & 0x3f3f3f3fU));
}

/* Codes of sub-blocks 2c and 2c + 1. */
GB_INLINE void codes(const gb_block_q4_K *b, size_t c, __m256i *even, __m256i *odd) {
    const __m256i x = gb_load256(b->qs + SUB * c);
    *even = _mm256_and_si256(x, _mm256_set1_epi8(15));
    *odd = _mm256_and_si256(_mm256_srli_epi16(x, 4), _mm256_set1_epi8(15));
}

static void decode_sub(__m256i code, float ds, float dm, float *x) {
    int8_t q[SUB];
    gb_store256(q, code);
    for (size_t j = 0; j < SUB; j += 8) {
        const __m256 v = _mm256_mul_ps(_mm256_set1_ps(ds), gb_floats8_s8(q + j));
        _mm256_storeu_ps(x + j, _mm256_sub_ps(v, _mm256_set1_ps(dm)));
    }
}

void gb_q4_K_dequantize_avx2(const void *blocks, float *x, size_t n) {
    const gb_block_q4_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++) {
        uint8_t sc[2 * SUBS]; /* then the mins */
        const float d = gb_half(b->d);
        const float dmin = gb_half(b->dmin);
        _mm_storeu_si128((__m128i *)sc, scale_bytes(b));
        for (size_t j = 0; j < SUBS; j += 2, x += CHUNK) {
            __m256i even;
            __m256i odd;
            codes(b, j / 2, &even, &odd);
            decode_sub(even, d * (float)sc[j], dmin * (float)sc[SUBS + j], x);
            decode_sub(odd, d * (float)sc[j + 1], dmin * (float)sc[SUBS + j + 1], x + SUB);
        }
    }
}

/* --- dot, gemv --- */

/* Sums of 32 activation codes, from the sums of sixteen: at most 4096. */
GB_INLINE __m128i sums32(const gb_block_q8_K *a) {
    return _mm_hadd_epi16(gb_load128(a->bsums), gb_load128(a->bsums + 8));
}

GB_INLINE void part(const void *w, const gb_block_q8_K *a, gb_k_parts *p, size_t k, size_t r) {
    const gb_block_q4_K *b = w;
    const __m128i bytes = scale_bytes(b);
    const __m256i sc = _mm256_broadcastsi128_si256(_mm_cvtepu8_epi16(bytes));
    __m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (int c = 0; c < BLOCK / CHUNK; c++) {
        __m256i even;
        __m256i odd;
        codes(b, (size_t)c, &even, &odd);
        even = _mm256_maddubs_epi16(even, gb_load256(a->qs + CHUNK * c));
        odd = _mm256_maddubs_epi16(odd, gb_load256(a->qs + CHUNK * c + SUB));
        sum[0] = _mm256_add_epi32(sum[0], _mm256_madd_epi16(even, gb_spread16(sc, 2 * c)));
        sum[1] = _mm256_add_epi32(sum[1], _mm256_madd_epi16(odd, gb_spread16(sc, 2 * c + 1)));
    }
    p->isum[k][r] = _mm256_add_epi32(sum[0], sum[1]);
    p->msum[k][r] = _mm_madd_epi16(_mm_cvtepu8_epi16(_mm_srli_si128(bytes, 8)), sums32(a));
    p->d[k][r] = gb_half(b->d);
    p->dmin[k][r] = gb_half(b->dmin);
}

void gb_q4_K_gemv_avx2(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    static const gb_k_format format = {.block_bytes = sizeof(gb_block_q4_K), .mins = 1, .part = part};
    gb_k_gemv(&format, w, w_stride, rows, a, n, y);
}

float gb_q4_K_dot_avx2(const void *w, const void *a, size_t n) {
    float y = 0.0F;
    gb_q4_K_gemv_avx2(w, 0, 1, a, n, &y);
    return y;
}

/* --- gemm --- */

enum { QUADS = SUB / 4 };

typedef struct {
    __m256i quad[SUBS][QUADS][2]; /* lane = row: four codes of eight bits */
    __m256i sc[SUBS][2];          /* the scale twice */
    __m256i mn[SUBS / 2][2];      /* the mins of two sub-blocks */
    __m256 d[2], dmin[2];
} weight_panel;

GB_INLINE void fill_scales(const gb_block_q4_K *const b[8], weight_panel *p, size_t v) {
    __m256 sc[8];
    __m256 mn[8];
    for (size_t r = 0; r < 8; r++) {
        const __m128i bytes = scale_bytes(b[r]);
        sc[r] = _mm256_castsi256_ps(gb_twice16(_mm_cvtepu8_epi16(bytes)));
        mn[r] = _mm256_castsi256_ps(_mm256_zextsi128_si256(_mm_cvtepu8_epi16(_mm_srli_si128(bytes, 8))));
    }
    gb_transpose8(sc);
    gb_transpose8(mn);
    for (size_t j = 0; j < SUBS; j++) p->sc[j][v] = _mm256_castps_si256(sc[j]);
    for (size_t j = 0; j < SUBS / 2; j++) p->mn[j][v] = _mm256_castps_si256(mn[j]);
}

static void fill_panel(const char *const row[GB_PANEL_ROWS], size_t from, size_t count, void *out) {
    weight_panel *p = out;
    (void)count; /* one super-block is a whole chunk */
    for (size_t v = 0; v < 2; v++) {
        const gb_block_q4_K *b[8];
        for (size_t r = 0; r < 8; r++) b[r] = (const gb_block_q4_K *)row[8 * v + r] + from;
        for (size_t c = 0; c < BLOCK / CHUNK; c++) {
            __m256 even[8];
            __m256 odd[8];
            for (size_t r = 0; r < 8; r++) {
                __m256i x;
                __m256i y;
                codes(b[r], c, &x, &y);
                even[r] = _mm256_castsi256_ps(x);
                odd[r] = _mm256_castsi256_ps(y);
            }
            gb_transpose8(even);
            gb_transpose8(odd);
            for (size_t s = 0; s < QUADS; s++) {
                p->quad[2 * c][s][v] = _mm256_castps_si256(even[s]);
                p->quad[2 * c + 1][s][v] = _mm256_castps_si256(odd[s]);
            }
        }
        fill_scales(b, p, v);
        p->d[v] = gb_row_halves8(row + 8 * v, from * sizeof(gb_block_q4_K));
        p->dmin[v] = gb_row_halves8(row + 8 * v, from * sizeof(gb_block_q4_K) + 2);
    }
}

/* Scratch: per column and super-block the eight sums of 32 activation codes. */
GB_INLINE const int16_t *column_sums(const gb_gemm_args *g, size_t col) {
    return (const int16_t *)g->scratch + col * (g->n / SUB);
}

GB_INLINE void tile(const weight_panel *p, const gb_gemm_args *g, size_t col, size_t cols, size_t from,
                    __m256 acc[2][GB_TILE_COLS]) {
    const gb_block_q8_K *a[2];
    const int16_t *sum32[2];
    __m256i isum[2][2];
    for (size_t c = 0; c < cols; c++) {
        a[c] = (const gb_block_q8_K *)(const void *)((const char *)g->a + (col + c) * g->a_stride) + from;
        sum32[c] = column_sums(g, col + c) + from * SUBS;
        isum[0][c] = isum[1][c] = _mm256_setzero_si256();
    }
    for (size_t j = 0; j < SUBS; j++) {
        __m256i sum[2][2];
        for (size_t c = 0; c < cols; c++) sum[0][c] = sum[1][c] = _mm256_setzero_si256();
        for (size_t s = 0; s < QUADS; s++) {
            const __m256i w0 = p->quad[j][s][0];
            const __m256i w1 = p->quad[j][s][1];
            for (size_t c = 0; c < cols; c++) {
                const __m256i q = gb_broadcast32(a[c]->qs + j * SUB + 4 * s);
                sum[0][c] = gb_pin(_mm256_add_epi16(sum[0][c], _mm256_maddubs_epi16(w0, q)));
                sum[1][c] = gb_pin(_mm256_add_epi16(sum[1][c], _mm256_maddubs_epi16(w1, q)));
            }
        }
        for (size_t c = 0; c < cols; c++)
            for (size_t v = 0; v < 2; v++)
                isum[v][c] = gb_pin(_mm256_add_epi32(isum[v][c], _mm256_madd_epi16(sum[v][c], p->sc[j][v])));
    }
    for (size_t c = 0; c < cols; c++) {
        const __m256 da = gb_broadcast_f32(&a[c]->d);
        for (size_t v = 0; v < 2; v++) {
            __m256i msum = _mm256_setzero_si256();
            for (size_t j = 0; j < SUBS / 2; j++)
                msum = _mm256_add_epi32(msum, _mm256_madd_epi16(p->mn[j][v], gb_broadcast32(sum32[c] + 2 * j)));
            const __m256 scaled = _mm256_mul_ps(_mm256_mul_ps(p->d[v], da), _mm256_cvtepi32_ps(isum[v][c]));
            const __m256 offset = _mm256_mul_ps(_mm256_mul_ps(p->dmin[v], da), _mm256_cvtepi32_ps(msum));
            acc[v][c] = _mm256_add_ps(acc[v][c], _mm256_sub_ps(scaled, offset));
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

void gb_q4_K_gemm_avx2(const gb_gemm_args *g) {
    static const gb_gemm_format format = {
        .elems = BLOCK, .cols = 2, .panel = fill_panel, .tile = tile2, .tile1 = tile1};
    weight_panel panel;
    int16_t *sum = g->scratch;
    for (size_t c = 0; c < g->cols; c++) {
        const gb_block_q8_K *a = (const void *)((const char *)g->a + c * g->a_stride);
        for (size_t k = 0; k < g->n / BLOCK; k++, sum += SUBS) _mm_storeu_si128((__m128i *)(void *)sum, sums32(a + k));
    }
    gb_block_gemm(&format, g, &panel);
}
