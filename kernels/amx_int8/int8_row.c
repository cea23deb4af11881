/* int8_row on AMX. Its only floats are those of the whole row, so sums stay in tiles over a run: two tiles of sixteen
 * weight rows times two of sixteen columns, four multiplications for four loads. The weights are on the left, where
 * TDPBSSD takes bytes in the order of rows, and are mostly multiplied where they lie; the columns, packed once for all
 * rows, are on the right, four elements of sixteen columns a vector. So the results' lanes are columns, and they are
 * turned at the end, sixteen rows at a time.
 *
 * A chunk of the weights stays in L1 while all packed columns pass by; between chunks the sums rest in scratch. A sum
 * of a run (kernels/int8_row.h) fits its lane; longer rows add them to totals of 64 bits. */
#include "kernels/int8_row.h"
#include "kernels/amx_int8/gemm.h"

enum {
    ROWS = GB_AMX_GROUPS * GB_ROWS,
    DEPTH = GB_TILE_BYTES, /* elements of a step */
    CHUNK = 512,
    RESULT = GB_ROWS * GB_AMX_COLS, /* sums of a tile */
    LONG_TILES = 4,                 /* of columns, where there are totals */
    COPY_BYTES = ROWS * CHUNK,
    SUMS_BYTES = GB_AMX_MAX_TILES * GB_AMX_GROUPS * RESULT * 4,
    TOTALS_BYTES = LONG_TILES * GB_AMX_GROUPS * RESULT * 8,
    FIXED_BYTES = COPY_BYTES + SUMS_BYTES + TOTALS_BYTES
};
_Static_assert(FIXED_BYTES <= 65536, "gb_gemm_scratch() has 64 KiB beside the packed columns");
_Static_assert(GB_INT8_RUN % CHUNK == 0, "a run is whole chunks");
_Static_assert(GB_AMX_L2_BYTES / GB_AMX_COLS / GB_INT8_RUN <= LONG_TILES, "long rows: few tiles in L2");

/* What gb_amx_block_tiles() and gb_amx_read_ahead() ask for. */
static const gb_amx blocks = {.elems = 32, .w_bytes = 32, .steps = 1, .act_bytes = 32 * GB_AMX_COLS};

typedef struct pass {
    const gb_gemm_args *g;
    size_t first, tiles; /* of columns */
    size_t steps;        /* of a row, the last one perhaps half empty */
    uint8_t *copy;       /* of a chunk of rows, where they cannot be multiplied where they lie */
    int32_t *sums;       /* tile by tile, group by group: rows x columns */
    int64_t *totals;
    uint8_t *acts; /* tile by tile, step by step */
} pass;

GB_INLINE void pack(const pass *p) {
    const gb_gemm_args *const g = p->g;
    uint8_t *out = p->acts;
    for (size_t tile = 0; tile < p->tiles; tile++) {
        const size_t column = p->first + tile * GB_AMX_COLS;
        const uint8_t *col[GB_ROWS];
        gb_row_pointers((const uint8_t *)g->a + column * g->a_stride, g->a_stride, g->cols - column, col);
        for (size_t i = 0; i < p->steps * DEPTH; i += 16) {
            __m512i v[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                            _mm512_setzero_si512()};
            if (i < g->n) gb_load_rows(col, sizeof(float) + i, v);
            for (size_t k = 0; k < 4; k++, out += 64) _mm512_storeu_si512(out, v[k]);
        }
    }
}

/* Codes from .. of 32 rows, as many as the chunk has. A row too few is a copy of the last one; behind the end of a row
 * there may be anything, since it meets zeros. */
typedef struct chunk {
    const uint8_t *at;
    size_t stride;
} chunk;

GB_INLINE chunk chunk_of(const pass *p, size_t row, size_t from) {
    const gb_gemm_args *const g = p->g;
    const uint8_t *const w = (const uint8_t *)g->w + row * g->w_stride + sizeof(float) + from;
    const size_t bytes = gb_min(CHUNK, g->n - from);
    if (g->rows - row >= ROWS && bytes % DEPTH == 0) return (chunk){w, g->w_stride};
    for (size_t i = 0; i < ROWS; i++)
        memcpy(p->copy + i * CHUNK, w + gb_min(i, g->rows - row - 1) * g->w_stride, bytes);
    return (chunk){p->copy, CHUNK};
}

/* Sums of 32 rows and one or two tiles of columns, whose acts are `apart` bytes apart. anew: from zero. */
GB_INLINE void multiply(chunk w, const uint8_t *acts, size_t apart, size_t tiles, size_t steps, int anew,
                        int32_t *sums) {
    if (anew) {
        GB_TILE_ZERO(0);
        GB_TILE_ZERO(1);
        GB_TILE_ZERO(2);
        GB_TILE_ZERO(3);
    } else {
        GB_TILE_LOAD(0, sums, GB_TILE_BYTES);
        GB_TILE_LOAD(1, sums + RESULT, GB_TILE_BYTES);
        if (tiles == 2) GB_TILE_LOAD(2, sums + 2 * RESULT, GB_TILE_BYTES);
        if (tiles == 2) GB_TILE_LOAD(3, sums + 3 * RESULT, GB_TILE_BYTES);
    }
    for (size_t i = 0; i < steps; i++) {
        GB_TILE_LOAD(4, w.at + i * DEPTH, w.stride);
        GB_TILE_LOAD(6, acts + i * GB_AMX_TILE_BYTES, GB_TILE_BYTES);
        GB_TILE_DOT_SS(0, 4, 6);
        GB_TILE_LOAD(5, w.at + GB_ROWS * w.stride + i * DEPTH, w.stride);
        GB_TILE_DOT_SS(1, 5, 6);
        if (tiles == 1) continue;
        GB_TILE_LOAD(7, acts + apart + i * GB_AMX_TILE_BYTES, GB_TILE_BYTES);
        GB_TILE_DOT_SS(2, 4, 7);
        GB_TILE_DOT_SS(3, 5, 7);
    }
    GB_TILE_STORE(0, sums, GB_TILE_BYTES);
    GB_TILE_STORE(1, sums + RESULT, GB_TILE_BYTES);
    if (tiles == 2) GB_TILE_STORE(2, sums + 2 * RESULT, GB_TILE_BYTES);
    if (tiles == 2) GB_TILE_STORE(3, sums + 3 * RESULT, GB_TILE_BYTES);
}

/* All columns of the pass times the chunk of rows that begins with that step. */
GB_INLINE void multiply_all(const pass *p, chunk w, size_t step) {
    const size_t apart = p->steps * GB_AMX_TILE_BYTES;
    const size_t steps = gb_min(CHUNK / DEPTH, p->steps - step);
    const int anew = step * DEPTH % GB_INT8_RUN == 0;
    const uint8_t *acts = p->acts + step * GB_AMX_TILE_BYTES;
    for (size_t tile = 0; tile < p->tiles; tile += 2, acts += 2 * apart) {
        int32_t *const sums = p->sums + tile * GB_AMX_GROUPS * RESULT;
        if (p->tiles - tile > 1)
            multiply(w, acts, apart, 2, steps, anew, sums);
        else
            multiply(w, acts, apart, 1, steps, anew, sums);
    }
}

/* Sixteen rows from `row` on times the columns of a tile. */
GB_INLINE void store(const pass *p, size_t row, size_t tile, const int32_t *sums, const int64_t *totals) {
    const gb_gemm_args *const g = p->g;
    const size_t column = p->first + tile * GB_AMX_COLS;
    const uint8_t *w[GB_ROWS];
    const uint8_t *a[GB_AMX_COLS];
    const uint8_t *line[GB_ROWS];
    float dw[GB_ROWS];
    _Alignas(64) float value[RESULT];
    _Alignas(64) float y[RESULT];
    gb_row_pointers((const uint8_t *)g->w + row * g->w_stride, g->w_stride, g->rows - row, w);
    gb_row_pointers((const uint8_t *)g->a + column * g->a_stride, g->a_stride, g->cols - column, a);
    gb_row_pointers(value, sizeof(float) * GB_AMX_COLS, GB_ROWS, line);
    for (size_t i = 0; i < GB_ROWS; i++) dw[i] = gb_load_f32(w[i], 0);
    for (size_t i = 0; i < RESULT; i++) value[i] = totals ? (float)totals[i] : (float)sums[i];
    for (size_t c = 0; c < GB_AMX_COLS; c += 4) {
        __m512i v[4];
        gb_load_rows(line, 4 * c, v);
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) {
            const __m512 d = _mm512_mul_ps(_mm512_loadu_ps(dw), gb_broadcast_f32(a[c + i]));
            _mm512_store_ps(y + (c + i) * GB_ROWS, _mm512_mul_ps(d, _mm512_castsi512_ps(v[i])));
        }
    }
    gb_amx_store_tile(g, y, row, column, 0.0F);
}

/* All columns of the pass times 32 rows. */
GB_INLINE void group(const pass *p, size_t row) {
    const size_t n = p->g->n;
    const size_t results = p->tiles * GB_AMX_GROUPS * RESULT;
    int64_t *const totals = n > GB_INT8_RUN ? p->totals : NULL;
    if (totals) memset(totals, 0, results * sizeof *totals);
    for (size_t from = 0; from < n; from += CHUNK) {
        const size_t next = from + CHUNK < n ? from + CHUNK : 0;
        gb_amx_read_ahead(&blocks, p->g, next ? row : row + ROWS, next / 32, gb_min(CHUNK, n - next) / 32);
        multiply_all(p, chunk_of(p, row, from), from / DEPTH);
        if (totals && ((from + CHUNK) % GB_INT8_RUN == 0 || from + CHUNK >= n))
            for (size_t i = 0; i < results; i++) totals[i] += p->sums[i];
    }
    for (size_t i = 0; i < p->tiles * GB_AMX_GROUPS; i++) {
        const size_t from = row + i % GB_AMX_GROUPS * GB_ROWS;
        if (from < p->g->rows)
            store(p, from, i / GB_AMX_GROUPS, p->sums + i * RESULT, totals ? totals + i * RESULT : NULL);
    }
}

void gb_int8_row_gemm_amx_int8(const gb_gemm_args *g) {
    if (g->cols < GB_AMX_LEAST_COLS) { /* what scratch holds */
        gb_int8_row_gemm_avx512vnni(g);
        return;
    }
    uint8_t *const scratch = g->scratch;
    const size_t tiles = gb_amx_block_tiles(&blocks, g);
    pass p = {.g = g,
              .steps = (g->n + DEPTH - 1) / DEPTH,
              .copy = scratch,
              .sums = (int32_t *)(void *)(scratch + COPY_BYTES),
              .totals = (int64_t *)(void *)(scratch + COPY_BYTES + SUMS_BYTES),
              .acts = scratch + FIXED_BYTES};
    gb_amx_configure(DEPTH);
    for (; p.first < g->cols; p.first += tiles * GB_AMX_COLS) {
        p.tiles = gb_min(tiles, (g->cols - p.first + GB_AMX_COLS - 1) / GB_AMX_COLS);
        pack(&p);
        for (size_t row = 0; row < g->rows; row += ROWS) group(&p, row);
    }
    GB_TILE_RELEASE();
}
