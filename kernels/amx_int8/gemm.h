/* gemm of the integer formats on tiles. A tile of sixteen columns' activations (rows of it: columns, signed) times a
 * tile of sixteen weight rows (as gemm_tile.h lays its panels out: four elements of sixteen rows a vector, which is
 * what TDPB..D wants on its right) is a tile of integer sums whose lanes are weight rows; so the float terms are those
 * of gemm_tile.h, one vector a column.
 *
 * The activations of a block of columns are packed once, as much as L2 holds; for every 32 rows and every chunk of K
 * the weights are unpacked once into a panel that stays in L1. Between chunks the sums rest in scratch: the order over
 * blocks is that of dot, so are the bits.
 *
 * Tiles are configured when a gemm begins and released when it ends: nobody else's configuration is relied on, none is
 * left behind, a thread has its own, and one that computes something else does not carry 8 KiB of tiles through every
 * context switch. Both instructions together cost less than one block of weights. */
#ifndef GB_AMX_INT8_GEMM_H
#define GB_AMX_INT8_GEMM_H

#include "kernels/amx_int8/tile.h"
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/gemm_tile.h"

enum {
    GB_AMX_COLS = 16,
    GB_AMX_GROUPS = 2, /* of sixteen rows: their panels and the activations of sixteen columns fit L1 */
    GB_AMX_MAX_TILES = 16,
    GB_AMX_L2_BYTES = 1280 * 1024, /* packed activations of a block of columns; cores with AMX have 2 MiB */
    GB_AMX_TILE_BYTES = GB_TILE_ROWS * GB_TILE_BYTES,
    /* scratch: the panel, the sums, the results of two steps of two tiles, the packed activations */
    GB_AMX_PANEL_BYTES = 18 * 1024,
    GB_AMX_SUMS_BYTES = GB_AMX_MAX_TILES * GB_AMX_GROUPS * GB_AMX_TILE_BYTES,
    GB_AMX_RESULT_BYTES = 2 * GB_AMX_TILE_BYTES,
    GB_AMX_FIXED_BYTES = GB_AMX_PANEL_BYTES + GB_AMX_SUMS_BYTES + 2 * GB_AMX_RESULT_BYTES
};
_Static_assert(GB_AMX_FIXED_BYTES <= 65536, "gb_gemm_scratch() has 64 KiB beside the packed activations");

/* Sixteen columns' worth of packed activations a block, of at most 640 bytes for 32 elements, also where they are
 * fewer columns: gb_gemm_scratch() has 640 bytes for eight columns and up, counting in fours. */
enum { GB_AMX_LEAST_COLS = 5, GB_AMX_MAX_ACT32 = 640 };

/* Formats with two planes to make, or a term for every 16 elements, pay later. Verified from the first column count on
 * that scratch allows: what verify walks most, lengths of rows, it walks with six columns. */
#ifdef GB_STAND_IN
enum { GB_AMX_LEAST_COLS_2 = 5 };
#else
enum { GB_AMX_LEAST_COLS_2 = 9 };
#endif

/* One panel times the packed activations of the columns, for one chunk of K. */
typedef struct gb_amx_pass {
    uint8_t *panel;      /* group by group, step by step */
    const uint8_t *acts; /* tile by tile, step by step */
    float *sums;         /* tile by tile, group by group: columns x rows */
    uint8_t *results;    /* of the tiles, for two steps in turn */
    size_t tiles, groups, steps;
} gb_amx_pass;

typedef struct gb_amx {
    size_t elems, w_bytes, a_bytes; /* of a weight block, and bytes of the activations that meet it */
    size_t steps;                   /* float terms in a weight block */
    size_t depth;                   /* elements that one instruction sums: a row of an activation tile */
    size_t panel_bytes, act_bytes;  /* of a step: of sixteen rows, of sixteen columns */
    float unit;                     /* a power of two on the finished sums; 0: there is none */
    void (*unpack)(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *panel); /* a weight block */
    void (*pack)(const uint8_t *const col[GB_AMX_COLS], size_t at, uint8_t *act); /* what meets it */
    void (*multiply)(const gb_amx_pass *p);
} gb_amx;

/* A step of a pass. They follow one another over the blocks of a group, the groups of a tile, the tiles. */
typedef struct gb_amx_step {
    const uint8_t *panel, *act;
    size_t step, group, tile;
} gb_amx_step;

GB_INLINE gb_amx_step gb_amx_first(const gb_amx_pass *p) {
    return (gb_amx_step){.panel = p->panel, .act = p->acts};
}

/* panel_bytes, act_bytes: of a step. */
GB_INLINE gb_amx_step gb_amx_after(const gb_amx_pass *p, gb_amx_step s, size_t panel_bytes, size_t act_bytes) {
    s.panel += panel_bytes;
    s.act += act_bytes;
    if (++s.step < p->steps) return s;
    s.step = 0;
    if (++s.group < p->groups) {
        s.act -= p->steps * act_bytes;
        return s;
    }
    s.group = 0;
    s.panel = p->panel;
    s.tile++;
    return s;
}

GB_INLINE float *gb_amx_sums_of(const gb_amx_pass *p, size_t tile, size_t group) {
    return p->sums + (tile * p->groups + group) * (GB_AMX_TILE_BYTES / sizeof(float));
}

/* sum + pairs of products of a and of one lane at p. As assembly, because gcc 12 loads the lane into a register first.
 */
GB_INLINE __m512i gb_amx_add_pairs(__m512i sum, __m512i a, const void *p) {
    __asm__("vpdpwssd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(a), "m"(*(const uint32_t *)p));
    return sum;
}

/* Tiles 0 to 3: sums; 4 and 5: activations; 6 and 7: weights. */
GB_INLINE void gb_amx_configure(size_t depth) {
    gb_tile_config config = {.palette = 1};
    for (size_t t = 0; t < GB_TILES; t++) {
        config.colsb[t] = (uint16_t)(t == 4 || t == 5 ? depth : GB_TILE_BYTES);
        config.rows[t] = (uint8_t)(t >= 6 ? depth / 4 : GB_TILE_ROWS);
    }
    GB_TILE_CONFIG(&config);
}

GB_INLINE void gb_amx_pack_columns(const gb_amx *f, const gb_gemm_args *g, size_t first, size_t tiles, uint8_t *out) {
    const size_t chunk = GB_CHUNK / f->elems;
    const size_t all = g->n / f->elems;
    for (size_t k = 0; k < all; k += chunk) {
        for (size_t tile = 0; tile < tiles; tile++) {
            const uint8_t *col[GB_AMX_COLS]; /* past the last column its copy stands in; the result is not stored */
            for (size_t t = 0; t < GB_AMX_COLS; t++)
                col[t] = (const uint8_t *)g->a + gb_min(first + tile * GB_AMX_COLS + t, g->cols - 1) * g->a_stride;
            for (size_t b = k; b < gb_min(k + chunk, all); b++, out += f->steps * f->act_bytes)
                f->pack(col, b * f->a_bytes, out);
        }
    }
}

GB_INLINE void gb_amx_unpack_rows(const gb_amx *f, const gb_gemm_args *g, const gb_amx_pass *p, size_t r, size_t k) {
    const uint8_t *w = (const uint8_t *)g->w + r * g->w_stride + k * f->w_bytes;
    uint8_t *out = p->panel;
    for (size_t i = 0; i < p->groups; i++) {
        const uint8_t *row[GB_ROWS];
        gb_row_pointers(w + i * GB_ROWS * g->w_stride, g->w_stride, g->rows - r - i * GB_ROWS, row);
        for (size_t b = 0; b < p->steps / f->steps; b++, out += f->steps * f->panel_bytes)
            f->unpack(row, b * f->w_bytes, out);
    }
}

/* The next chunk of these rows, while this one is multiplied: a stride of rows is what the hardware does not guess. */
GB_INLINE void gb_amx_read_ahead(const gb_amx *f, const gb_gemm_args *g, size_t r, size_t k, size_t blocks) {
    const size_t bytes = blocks * f->w_bytes;
    const uint8_t *w = (const uint8_t *)g->w + k * f->w_bytes;
    for (size_t i = r; i < gb_min(r + GB_AMX_GROUPS * GB_ROWS, g->rows); i++)
        for (size_t at = 0; at < bytes; at += 64) _mm_prefetch((const char *)(w + i * g->w_stride + at), _MM_HINT_T1);
}

/* Finished sums of sixteen rows and columns to y. */
GB_INLINE void gb_amx_store_tile(const gb_gemm_args *g, const float *sums, size_t row, size_t column, float unit) {
    for (size_t t = 0; t < gb_min(GB_AMX_COLS, g->cols - column); t++) {
        __m512 v = _mm512_load_ps(sums + t * GB_ROWS);
        if (unit > 0.0F) v = _mm512_mul_ps(v, _mm512_set1_ps(unit));
        _mm512_mask_storeu_ps(g->y + (column + t) * g->y_stride + row, gb_lanes(g->rows - row), v);
    }
}

GB_INLINE void gb_amx_store(const gb_amx *f, const gb_gemm_args *g, const gb_amx_pass *p, size_t first, size_t r) {
    for (size_t tile = 0; tile < p->tiles; tile++)
        for (size_t i = 0; i < p->groups; i++)
            gb_amx_store_tile(g, gb_amx_sums_of(p, tile, i), r + i * GB_ROWS, first + tile * GB_AMX_COLS, f->unit);
}

/* Tiles per block of columns: what L2 holds of packed activations, in equal shares. */
GB_INLINE size_t gb_amx_block_tiles(const gb_amx *f, const gb_gemm_args *g) {
    const size_t tile_row = g->n / f->elems * f->steps * f->act_bytes;
    const size_t most = gb_min(gb_max(GB_AMX_L2_BYTES / tile_row, 4), GB_AMX_MAX_TILES);
    const size_t tiles = (g->cols + GB_AMX_COLS - 1) / GB_AMX_COLS;
    const size_t shares = (tiles + most - 1) / most;
    return (tiles + shares - 1) / shares;
}

/* All rows times the packed columns from `first` on. */
GB_INLINE void gb_amx_rows(const gb_amx *f, const gb_gemm_args *g, gb_amx_pass *p, size_t first, const uint8_t *acts) {
    const size_t all = g->n / f->elems;
    const size_t chunk = GB_CHUNK / f->elems;
    for (size_t r = 0; r < g->rows; r += GB_AMX_GROUPS * GB_ROWS) {
        p->groups = g->rows - r > GB_ROWS ? GB_AMX_GROUPS : 1;
        p->acts = acts;
        memset(p->sums, 0, p->tiles * p->groups * GB_AMX_TILE_BYTES);
        for (size_t k = 0; k < all; k += chunk) {
            const size_t blocks = gb_min(chunk, all - k);
            p->steps = blocks * f->steps;
            gb_amx_unpack_rows(f, g, p, r, k);
            if (k + blocks < all)
                gb_amx_read_ahead(f, g, r, k + blocks, gb_min(chunk, all - k - blocks));
            else
                gb_amx_read_ahead(f, g, r + GB_AMX_GROUPS * GB_ROWS, 0, gb_min(chunk, all));
            f->multiply(p);
            p->acts += p->tiles * p->steps * f->act_bytes;
        }
        gb_amx_store(f, g, p, first, r);
    }
}

GB_INLINE void gb_amx_gemm(const gb_amx *f, const gb_gemm_args *g) {
    uint8_t *const scratch = g->scratch;
    uint8_t *const acts = scratch + GB_AMX_FIXED_BYTES;
    gb_amx_pass p = {.panel = scratch,
                     .sums = (float *)(void *)(scratch + GB_AMX_PANEL_BYTES),
                     .results = scratch + GB_AMX_PANEL_BYTES + GB_AMX_SUMS_BYTES};
    const size_t tiles = gb_amx_block_tiles(f, g);
    gb_amx_configure(f->depth);
    for (size_t first = 0; first < g->cols; first += tiles * GB_AMX_COLS) {
        p.tiles = gb_min(tiles, (g->cols - first + GB_AMX_COLS - 1) / GB_AMX_COLS);
        gb_amx_pack_columns(f, g, first, p.tiles, acts);
        gb_amx_rows(f, g, &p, first, acts);
    }
    GB_TILE_RELEASE();
}

/* gemm of a format from its gb_amx. Below `least` columns tiles would be mostly empty, and the vectors of the tier
 * `other` are quicker (docs/amx.md counts). */
#define GB_AMX_KERNEL(name, amx, other, least)                                                                         \
    _Static_assert((int)(least) >= (int)GB_AMX_LEAST_COLS, "scratch holds whole tiles of columns from there on");      \
    void gb_##name##_gemm_amx_int8(const gb_gemm_args *g) {                                                            \
        if (g->cols < (least))                                                                                         \
            gb_##name##_gemm_##other(g);                                                                               \
        else                                                                                                           \
            gb_amx_gemm(&(amx), g);                                                                                    \
    }

#endif
