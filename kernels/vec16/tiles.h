/* The loop over tiles, and what is common to the kernels of all formats. A tier's vec16.h comes before. */
#ifndef GB_VEC16_TILES_H
#define GB_VEC16_TILES_H

typedef struct gb_bytes2 {
    gb_bytes val[2];
} gb_bytes2;

typedef struct gb_bytes4 {
    gb_bytes val[4];
} gb_bytes4;

/* x[i] = v[i] * scale for sixteen codes. */
GB_INLINE void gb_v_store_scaled(float *x, gb_bytes v, float scale) {
    const gb_floats4 f = gb_v_from_bytes(v);
    for (size_t j = 0; j < 4; j++) gb_v_fstore(x + 4 * j, f.val[j] * gb_v_fset(scale));
}

/* A tile: acc[c] lane r = dot(row r, column c) for rows 1 or GB_TILE_ROWS and constant cols, 1 or GB_TILE_COLS unless
 * the tier has others; lanes from rows up are undefined. Row r lies at w + r * w_stride bytes, column c at a + c *
 * a_stride bytes. */
typedef void gb_tile_fn(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,
                        size_t n, gb_floats *acc);

/* One tile of the result, from row r and column c; of its columns, the first `stored` belong to the result. */
GB_INLINE void gb_store_tile(const gb_gemm_args *g, gb_tile_fn *tile, size_t r, size_t rows, size_t c, size_t cols,
                             size_t stored) {
    gb_floats acc[GB_MOST_COLS];
    tile((const char *)g->w + r * g->w_stride, g->w_stride, rows, (const char *)g->a + c * g->a_stride, g->a_stride,
         cols, g->n, acc);
    for (size_t j = 0; j < cols && j < stored; j++) { /* cols: or acc would lie in memory */
        float *y = g->y + (c + j) * g->y_stride + r;
        if (rows == GB_TILE_ROWS)
            gb_v_fstore(y, acc[j]);
        else
            *y = gb_v_first(acc[j]);
    }
}

/* A strip of `rows` rows: tiles of `step` columns, then single columns. The rows of the strip stay in the cache. */
GB_INLINE void gb_strip(const gb_gemm_args *g, gb_tile_fn *tile, size_t step, size_t r, size_t rows) {
    size_t c = 0;
    if (step > 1)
        for (; c + step <= g->cols; c += step) gb_store_tile(g, tile, r, rows, c, step, step);
    for (; c < g->cols; c++) gb_store_tile(g, tile, r, rows, c, 1, 1);
}

/* gemm by tiles; step = GB_TILE_COLS, or 1 for a tile that only knows single columns. */
GB_INLINE void gb_tiled_gemm(const gb_gemm_args *g, gb_tile_fn *tile, size_t step) {
    size_t r = 0;
    for (; r + GB_TILE_ROWS <= g->rows; r += GB_TILE_ROWS) gb_strip(g, tile, step, r, GB_TILE_ROWS);
    for (; r < g->rows; r++) gb_strip(g, tile, step, r, 1);
}

GB_INLINE void gb_tiled_gemv(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y,
                             gb_tile_fn *tile) {
    const gb_gemm_args g = {
        .w = w, .w_stride = w_stride, .rows = rows, .a = a, .cols = 1, .n = n, .y = y, .y_stride = rows};
    gb_tiled_gemm(&g, tile, 1);
}

GB_INLINE float gb_tiled_dot(const void *w, const void *a, size_t n, gb_tile_fn *tile) {
    gb_floats acc[GB_TILE_COLS];
    tile(w, 0, 1, a, 0, 1, n, acc);
    return gb_v_first(acc[0]);
}

/* dot, gemv and gemm from a tile; step as in gb_tiled_gemm(). */
#define GB_TILE_KERNELS(name, isa, tile, step)                                                                         \
    float gb_##name##_dot_##isa(const void *w, const void *a, size_t n) {                                              \
        return gb_tiled_dot(w, a, n, tile);                                                                            \
    }                                                                                                                  \
    void gb_##name##_gemv_##isa(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {      \
        gb_tiled_gemv(w, w_stride, rows, a, n, y, tile);                                                               \
    }                                                                                                                  \
    void gb_##name##_gemm_##isa(const gb_gemm_args *g) {                                                               \
        gb_tiled_gemm(g, tile, step);                                                                                  \
    }

#endif
