/* gemm of the integer formats. K is cut into chunks; the activations of a chunk are packed once for all columns (they
 * then stay in L2), and for every 32 rows the weights of the chunk are unpacked once into a panel that stays in L1:
 * one vector = 16 rows x 4 elements, so that a broadcast of 4 activation bytes meets 16 rows and lane = row. Between
 * chunks the sums rest in y: the order over blocks is that of dot, so are the bits. */
#ifndef GB_AVX512VNNI_GEMM_TILE_H
#define GB_AVX512VNNI_GEMM_TILE_H

#include "kernels/avx512vnni/simd.h"
#include "kernels/kernel.h"

enum {
    GB_COLS = 4,           /* columns of a tile */
    GB_CHUNK = 512,        /* elements of a K chunk */
    GB_PANEL_BYTES = 32768 /* room for the panel at the start of scratch */
};

/* One weight block (at byte `at` of each row) of 16 rows -> vectors out, out + step, ... */
typedef void gb_unpack_fn(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step);
/* One activation block (at byte `at` of each column) of a tile -> tile bytes. */
typedef void gb_pack_fn(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out);
/* acc[g][t] += rows of group g times column t, block by block. */
typedef void gb_multiply_fn(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups,
                            __m512 acc[2][GB_COLS]);

typedef struct gb_tile {
    size_t elems;       /* per block */
    size_t w_bytes;     /* of a weight block */
    size_t a_bytes;     /* of an activation block */
    size_t panel_bytes; /* per block and 16 rows */
    size_t tile_bytes;  /* packed activations per block and tile */
    gb_unpack_fn *unpack;
    gb_pack_fn *pack;
    gb_multiply_fn *multiply;
} gb_tile;

/* --- pieces of the formats' functions */

/* 32 codes at byte `at` of four columns -> 8 x 4 columns x 4 bytes. */
GB_INLINE void gb_pack_codes(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    const __m256i a = _mm256_unpacklo_epi32(gb_load256(col[0] + at), gb_load256(col[1] + at));
    const __m256i b = _mm256_unpackhi_epi32(gb_load256(col[0] + at), gb_load256(col[1] + at));
    const __m256i c = _mm256_unpacklo_epi32(gb_load256(col[2] + at), gb_load256(col[3] + at));
    const __m256i d = _mm256_unpackhi_epi32(gb_load256(col[2] + at), gb_load256(col[3] + at));
    const __m256i v[4] = {_mm256_unpacklo_epi64(a, c), _mm256_unpackhi_epi64(a, c), _mm256_unpacklo_epi64(b, d),
                          _mm256_unpackhi_epi64(b, d)};
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        _mm_storeu_si128((__m128i *)(out + 16 * i), _mm256_castsi256_si128(v[i]));
        _mm_storeu_si128((__m128i *)(out + 64 + 16 * i), _mm256_extracti128_si256(v[i], 1));
    }
}

/* Sum of `vectors` x 4 bytes per column of a packed tile, lane = column. */
GB_INLINE __m128i gb_column_sums(const uint8_t *packed, size_t vectors) {
    __m128i sum = _mm_setzero_si128();
    GB_UNROLL
    for (size_t i = 0; i < vectors; i++) sum = _mm_dpbusd_epi32(sum, _mm_set1_epi8(1), gb_load128(packed + 16 * i));
    return sum;
}

/* f16 scales at byte `at` of 16 rows. */
GB_INLINE __m512 gb_row_scales(const uint8_t *const row[GB_ROWS], size_t at) {
    uint16_t d[GB_ROWS];
    for (size_t i = 0; i < GB_ROWS; i++) memcpy(&d[i], row[i] + at, sizeof d[i]);
    return _mm512_cvtph_ps(gb_load256(d));
}

/* sum[g][t] = start[t] + the products of `vectors` x 4 elements: one broadcast of 4 activation bytes meets 16 rows. */
GB_INLINE void gb_dot_codes(const uint8_t *panel, const uint8_t *tile, const uint8_t *start, size_t vectors,
                            size_t groups, __m512i sum[2][GB_COLS]) {
    GB_UNROLL
    for (size_t t = 0; t < GB_COLS; t++) {
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) sum[i][t] = gb_broadcast32(start + 4 * t);
    }
    GB_UNROLL
    for (size_t k = 0; k < vectors; k++) {
        __m512i w[2];
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) w[i] = gb_load512(panel + (k * groups + i) * 64);
        GB_UNROLL
        for (size_t t = 0; t < GB_COLS; t++) {
            const __m512i a = gb_broadcast32(tile + 16 * k + 4 * t);
            GB_UNROLL
            for (size_t i = 0; i < groups; i++) sum[i][t] = _mm512_dpbusd_epi32(sum[i][t], w[i], a);
        }
    }
}

/* --- the driver */

GB_INLINE void gb_pack_columns(const gb_tile *f, const gb_gemm_args *g, size_t k, size_t blocks, uint8_t *out) {
    for (size_t c = 0; c < g->cols; c += GB_COLS) {
        const uint8_t *col[GB_COLS]; /* past the last column its copy stands in; the result is not stored */
        for (size_t t = 0; t < GB_COLS; t++) col[t] = (const uint8_t *)g->a + gb_min(c + t, g->cols - 1) * g->a_stride;
        for (size_t b = 0; b < blocks; b++, out += f->tile_bytes) f->pack(col, (k + b) * f->a_bytes, out);
    }
}

GB_INLINE void gb_unpack_rows(const gb_tile *f, const uint8_t *w, size_t stride, size_t rows, size_t blocks,
                              size_t groups, uint8_t *panel) {
    for (size_t i = 0; i < groups; i++) {
        const uint8_t *row[GB_ROWS];
        gb_row_pointers(w + i * GB_ROWS * stride, stride, rows - i * GB_ROWS, row);
        for (size_t b = 0; b < blocks; b++)
            f->unpack(row, b * f->w_bytes, panel + b * f->panel_bytes * groups + i * 64, 64 * groups);
    }
}

/* All columns times the rows of one panel. */
GB_INLINE void gb_multiply_panel(const gb_tile *f, const gb_gemm_args *g, const uint8_t *panel, const uint8_t *tiles,
                                 size_t r, size_t blocks, size_t groups, int resume) {
    const __mmask16 rows[2] = {gb_lanes(g->rows - r), gb_lanes(groups > 1 ? g->rows - r - GB_ROWS : 0)};
    for (size_t c = 0; c < g->cols; c += GB_COLS, tiles += blocks * f->tile_bytes) {
        float *y[GB_COLS];
        __mmask16 lanes[2][GB_COLS];
        __m512 acc[2][GB_COLS];
        GB_UNROLL
        for (size_t t = 0; t < GB_COLS; t++) {
            const size_t column = gb_min(c + t, g->cols - 1);
            y[t] = g->y + column * g->y_stride + r;
            GB_UNROLL
            for (size_t i = 0; i < groups; i++) {
                lanes[i][t] = c + t < g->cols ? rows[i] : 0;
                acc[i][t] = resume ? _mm512_maskz_loadu_ps(lanes[i][t], y[t] + i * GB_ROWS) : _mm512_setzero_ps();
            }
        }
        f->multiply(panel, tiles, blocks, groups, acc);
        GB_UNROLL
        for (size_t t = 0; t < GB_COLS; t++) {
            GB_UNROLL
            for (size_t i = 0; i < groups; i++) _mm512_mask_storeu_ps(y[t] + i * GB_ROWS, lanes[i][t], acc[i][t]);
        }
    }
}

GB_INLINE void gb_gemm_tiles(const gb_tile *f, const gb_gemm_args *g) {
    uint8_t *panel = g->scratch;
    uint8_t *tiles = panel + GB_PANEL_BYTES;
    const size_t all = g->n / f->elems;
    for (size_t k = 0; k < all; k += GB_CHUNK / f->elems) {
        const size_t blocks = gb_min(GB_CHUNK / f->elems, all - k);
        gb_pack_columns(f, g, k, blocks, tiles);
        for (size_t r = 0; r < g->rows; r += 2 * GB_ROWS) {
            const uint8_t *w = (const uint8_t *)g->w + r * g->w_stride + k * f->w_bytes;
            if (g->rows - r > GB_ROWS) {
                gb_unpack_rows(f, w, g->w_stride, g->rows - r, blocks, 2, panel);
                gb_multiply_panel(f, g, panel, tiles, r, blocks, 2, k > 0);
            } else {
                gb_unpack_rows(f, w, g->w_stride, g->rows - r, blocks, 1, panel);
                gb_multiply_panel(f, g, panel, tiles, r, blocks, 1, k > 0);
            }
        }
    }
}

#endif
