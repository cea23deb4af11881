/* gemm of the integer formats. The activations of a block of columns are packed once, as much as L2 holds; for every 48
 * rows and every chunk of K the weights are unpacked once into a panel that stays in L1: one vector = 16 rows x 4
 * elements, so that a broadcast of 4 activation bytes meets 16 rows and lane = row. Between chunks the sums rest in
 * scratch: the order over blocks is that of dot, so are the bits. */
#ifndef GB_VEC64_GEMM_TILE_H
#define GB_VEC64_GEMM_TILE_H

#include "kernels/kernel.h"
#include "kernels/vec64/simd.h"

enum {
    GB_COLS = 4,              /* columns of a tile */
    GB_GROUPS = 3,            /* groups of 16 rows of a panel: 12 sums in flight hide the latency of vpdpbusd */
    GB_CHUNK = 256,           /* elements of a K chunk */
    GB_MAX_TILES = 64,        /* tiles of a block of columns */
    GB_L2_BYTES = 640 * 1024, /* packed activations of a block of columns */
    /* scratch: the panel, the sums, the packed activations */
    GB_PANEL_BYTES = 16384,
    GB_SUMS_BYTES = GB_MAX_TILES * GB_GROUPS * GB_COLS * GB_ROWS * 4
};

/* One weight block (at byte `at` of each row) of 16 rows -> vectors out, out + step, ... */
typedef void gb_unpack_fn(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step);
/* One activation block (at byte `at` of each column) of a tile -> tile bytes. */
typedef void gb_pack_fn(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out);
/* acc[g][t] += rows of group g times column t, block by block. */
typedef void gb_multiply_fn(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups,
                            __m512 acc[GB_GROUPS][GB_COLS]);

typedef struct gb_tile {
    size_t elems;       /* per block */
    size_t w_bytes;     /* of a weight block */
    size_t a_bytes;     /* of an activation block */
    size_t panel_bytes; /* per block and 16 rows */
    size_t tile_bytes;  /* packed activations per block and tile */
    float unit;         /* a power of two on the finished sums; 0: there is none */
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
    for (size_t i = 0; i < vectors; i++) sum = gb_sum_bytes16(sum, gb_load128(packed + 16 * i));
    return sum;
}

/* f16 scales at byte `at` of 16 rows. */
GB_INLINE __m512 gb_row_scales(const uint8_t *const row[GB_ROWS], size_t at) {
    uint16_t d[GB_ROWS];
    GB_UNROLL
    for (size_t i = 0; i < GB_ROWS; i++) memcpy(&d[i], row[i] + at, sizeof d[i]);
    return _mm512_cvtph_ps(gb_load256(d));
}

/* sum[g][t] += the products of 4 elements: one broadcast of 4 activation bytes meets 16 rows. most: the largest code.
 */
GB_INLINE void gb_dot_vector(const uint8_t *panel, const uint8_t *tile, size_t groups, int most,
                             __m512i sum[GB_GROUPS][GB_COLS]) {
    __m512i w[GB_GROUPS];
    GB_UNROLL
    for (size_t i = 0; i < groups; i++) {
        w[i] = gb_load512_once(panel + i * 64);
    }
    GB_UNROLL
    for (size_t t = 0; t < GB_COLS; t++) {
        const __m512i a = gb_broadcast32(tile + 4 * t);
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) sum[i][t] = gb_add_bytes(sum[i][t], w[i], a, most);
    }
}

/* The same of some vectors, whose pairs of products fit sixteen bits together. */
GB_INLINE void gb_dot_short(const uint8_t *panel, const uint8_t *tile, size_t vectors, size_t groups,
                            __m512i sum[GB_GROUPS][GB_COLS]) {
    __m512i pairs[GB_GROUPS][GB_COLS];
    GB_UNROLL
    for (size_t k = 0; k < vectors; k++) {
        GB_UNROLL
        for (size_t t = 0; t < GB_COLS; t++) {
            const __m512i a = gb_broadcast32(tile + 16 * k + 4 * t);
            GB_UNROLL
            for (size_t i = 0; i < groups; i++) {
                const __m512i more = _mm512_maddubs_epi16(gb_load512(panel + (k * groups + i) * 64), a);
                pairs[i][t] = k ? _mm512_add_epi16(pairs[i][t], more) : more;
            }
        }
    }
    GB_UNROLL
    for (size_t t = 0; t < GB_COLS; t++) {
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) sum[i][t] = gb_add_pairs(sum[i][t], pairs[i][t], _mm512_set1_epi16(1));
    }
}

/* sum[g][t] += the products of `vectors` x 4 elements. */
GB_INLINE void gb_dot_run(const uint8_t *panel, const uint8_t *tile, size_t vectors, size_t groups, int most,
                          __m512i sum[GB_GROUPS][GB_COLS]) {
    const size_t run = gb_run_of(most);
    GB_UNROLL
    for (size_t k = 0; k < vectors; k += run) {
        if (run == 1)
            gb_dot_vector(panel + k * groups * 64, tile + 16 * k, groups, most, sum);
        else
            gb_dot_short(panel + k * groups * 64, tile + 16 * k, gb_min(run, vectors - k), groups, sum);
    }
}

GB_INLINE void gb_set_sums(const uint8_t *start, size_t groups, __m512i sum[GB_GROUPS][GB_COLS]) {
    GB_UNROLL
    for (size_t t = 0; t < GB_COLS; t++) {
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) sum[i][t] = start ? gb_broadcast32(start + 4 * t) : _mm512_setzero_si512();
    }
}

/* sum[g][t] = start[t] + the products of `vectors` x 4 elements. The start is added last where there is one short sum:
 * until then that takes the registers. */
GB_INLINE void gb_dot_codes(const uint8_t *panel, const uint8_t *tile, const uint8_t *start, size_t vectors,
                            size_t groups, int most, __m512i sum[GB_GROUPS][GB_COLS]) {
    const size_t run = gb_run_of(most);
    if (run == 1 || run < vectors) {
        gb_set_sums(start, groups, sum);
        gb_dot_run(panel, tile, vectors, groups, most, sum);
        return;
    }
    gb_set_sums(NULL, groups, sum);
    gb_dot_run(panel, tile, vectors, groups, most, sum);
    GB_UNROLL
    for (size_t t = 0; t < GB_COLS; t++) {
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) sum[i][t] = _mm512_add_epi32(sum[i][t], gb_broadcast32(start + 4 * t));
    }
}

/* --- the driver */

/* Where a panel pass stands: columns first .. first + cols, rows r .., K chunk at block k. */
typedef struct gb_pass {
    size_t first, cols;
    size_t r, rows;
    size_t k, blocks;
    const uint8_t *next; /* weights that the next pass unpacks, read ahead while this one multiplies; rows as here */
    uint8_t *panel;
    float *sums;          /* per tile: groups x columns x 16 rows, between chunks */
    const uint8_t *tiles; /* packed activations of this chunk */
} gb_pass;

GB_INLINE void gb_pack_columns(const gb_tile *f, const gb_gemm_args *g, size_t first, size_t cols, uint8_t *out) {
    const size_t chunk = GB_CHUNK / f->elems;
    const size_t all = g->n / f->elems;
    for (size_t k = 0; k < all; k += chunk) {
        for (size_t c = first; c < first + cols; c += GB_COLS) {
            const uint8_t *col[GB_COLS]; /* past the last column its copy stands in; the result is not stored */
            for (size_t t = 0; t < GB_COLS; t++)
                col[t] = (const uint8_t *)g->a + gb_min(c + t, g->cols - 1) * g->a_stride;
            for (size_t b = k; b < gb_min(k + chunk, all); b++, out += f->tile_bytes) f->pack(col, b * f->a_bytes, out);
        }
    }
}

GB_INLINE void gb_unpack_rows(const gb_tile *f, const gb_gemm_args *g, const gb_pass *p, size_t groups) {
    const uint8_t *w = (const uint8_t *)g->w + p->r * g->w_stride + p->k * f->w_bytes;
    for (size_t i = 0; i < groups; i++) {
        const uint8_t *row[GB_ROWS];
        gb_row_pointers(w + i * GB_ROWS * g->w_stride, g->w_stride, p->rows - i * GB_ROWS, row);
        for (size_t b = 0; b < p->blocks; b++)
            f->unpack(row, b * f->w_bytes, p->panel + b * f->panel_bytes * groups + i * 64, 64 * groups);
    }
}

/* Reads ahead rows from .. to - 1 of the next pass: a stride of rows is what the hardware does not guess. */
GB_INLINE void gb_read_ahead(const gb_pass *p, size_t stride, size_t bytes, size_t from, size_t to) {
    for (size_t i = from; i < gb_min(to, p->rows); i++)
        for (size_t at = 0; at < bytes + 63; at += 64)
            _mm_prefetch((const char *)((uintptr_t)p->next + i * stride + gb_min(at, bytes - 1)), _MM_HINT_T1);
}

/* All columns of the pass times the rows of its panel. */
GB_INLINE void gb_multiply_panel(const gb_tile *f, const gb_gemm_args *g, const gb_pass *p, size_t groups) {
    const int from_start = p->k == 0;
    const int to_end = p->k + p->blocks == g->n / f->elems;
    const size_t tiles = p->cols / GB_COLS;
    if (tiles == 0) return;
    const size_t share = (p->rows + tiles - 1) / tiles; /* rows read ahead per tile */
    const size_t bytes = p->blocks * f->w_bytes;
    for (size_t tile = 0; tile < tiles; tile++) {
        float *sums = p->sums + tile * (GB_GROUPS * GB_COLS * GB_ROWS);
        __m512 acc[GB_GROUPS][GB_COLS];
        gb_read_ahead(p, g->w_stride, bytes, tile * share, (tile + 1) * share);
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++)
                acc[i][t] = from_start ? _mm512_setzero_ps() : _mm512_load_ps(sums + (i * GB_COLS + t) * GB_ROWS);
        }
        f->multiply(p->panel, p->tiles + tile * p->blocks * f->tile_bytes, p->blocks, groups, acc);
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++) {
                const size_t c = p->first + tile * GB_COLS + t;
                if (f->unit > 0.0F && to_end) acc[i][t] = _mm512_mul_ps(acc[i][t], _mm512_set1_ps(f->unit));
                if (!to_end)
                    _mm512_store_ps(sums + (i * GB_COLS + t) * GB_ROWS, acc[i][t]);
                else if (c < g->cols)
                    _mm512_mask_storeu_ps(g->y + c * g->y_stride + p->r + i * GB_ROWS, gb_lanes(p->rows - i * GB_ROWS),
                                          acc[i][t]);
            }
        }
    }
}

GB_INLINE void gb_gemm_pass(const gb_tile *f, const gb_gemm_args *g, const gb_pass *p) {
    switch ((p->rows + GB_ROWS - 1) / GB_ROWS) {
    case 1:
        gb_unpack_rows(f, g, p, 1);
        gb_multiply_panel(f, g, p, 1);
        break;
    case 2:
        gb_unpack_rows(f, g, p, 2);
        gb_multiply_panel(f, g, p, 2);
        break;
    default:
        gb_unpack_rows(f, g, p, GB_GROUPS);
        gb_multiply_panel(f, g, p, GB_GROUPS);
    }
}

/* Columns per block: what L2 holds of packed activations, in equal shares, whole tiles. */
GB_INLINE size_t gb_block_cols(const gb_tile *f, const gb_gemm_args *g) {
    const size_t tile_row = g->n / f->elems * f->tile_bytes;
    const size_t most = gb_min(gb_max(GB_L2_BYTES / tile_row, 8), GB_MAX_TILES);
    const size_t tiles = (g->cols + GB_COLS - 1) / GB_COLS;
    const size_t shares = (tiles + most - 1) / most;
    return (tiles + shares - 1) / shares * GB_COLS;
}

GB_INLINE void gb_gemm_tiles(const gb_tile *f, const gb_gemm_args *g) {
    gb_pass p = {.panel = g->scratch, .sums = (float *)g->scratch + GB_PANEL_BYTES / sizeof(float)};
    uint8_t *packed = (uint8_t *)g->scratch + GB_PANEL_BYTES + GB_SUMS_BYTES;
    const size_t all = g->n / f->elems;
    const size_t chunk = GB_CHUNK / f->elems;
    const size_t block = gb_block_cols(f, g);
    for (p.first = 0; p.first < g->cols; p.first += block) {
        p.cols = gb_min(block, (g->cols - p.first + GB_COLS - 1) / GB_COLS * GB_COLS);
        gb_pack_columns(f, g, p.first, p.cols, packed);
        for (p.r = 0; p.r < g->rows; p.r += GB_GROUPS * GB_ROWS) {
            p.rows = gb_min(g->rows - p.r, GB_GROUPS * GB_ROWS);
            p.tiles = packed;
            const uint8_t *w = (const uint8_t *)g->w + p.r * g->w_stride;
            for (p.k = 0; p.k < all; p.k += chunk) {
                p.blocks = gb_min(chunk, all - p.k);
                p.next = p.k + chunk < all ? w + (p.k + chunk) * f->w_bytes : w + GB_GROUPS * GB_ROWS * g->w_stride;
                gb_gemm_pass(f, g, &p);
                p.tiles += p.cols / GB_COLS * p.blocks * f->tile_bytes;
            }
        }
    }
}

#endif
