/* Dots of float rows in the sixteen-lane pattern of reference/lanes.h: four registers of four lanes per row. */
#ifndef GB_VEC16_LANES_H
#define GB_VEC16_LANES_H

#include "kernels/vec16/tiles.h"
#include "reference/lanes.h"

/* How sixteen elements of a row become floats, and how many bytes one element has. */
typedef struct gb_elements {
    gb_floats4 (*load)(const void *p);
    size_t bytes;
} gb_elements;

GB_INLINE gb_floats4 gb_load16_f32(const void *p) {
    gb_floats4 x;
    for (size_t j = 0; j < 4; j++) x.val[j] = gb_v_fload((const char *)p + 16 * j);
    return x;
}

GB_INLINE gb_floats4 gb_load16_f16(const void *p) {
    gb_floats4 x;
    for (size_t j = 0; j < 4; j++) x.val[j] = gb_v_from_halves((const char *)p + 8 * j);
    return x;
}

#define GB_LANES_F32  ((gb_elements){gb_load16_f32, 4})
#define GB_LANES_F16  ((gb_elements){gb_load16_f16, 2})
#define GB_LANES_BF16 ((gb_elements){gb_v_from_bf16, 2})

/* The last count < 16 elements of a row and zeros behind them, without reading past the row. A zero product leaves a
 * lane as it is: lanes start at +0 and a sum of +0 and anything is never -0. */
GB_INLINE gb_floats4 gb_load_tail(gb_elements kind, const void *p, size_t count) {
    uint8_t padded[GB_LANES * 4] = {0};
    memcpy(padded, p, count * kind.bytes);
    return kind.load(padded);
}

/* exact: every product is, as those of two rows of f16 are (docs/numerics.md). */
GB_INLINE gb_floats4 gb_add_products(gb_floats4 lane, gb_floats4 x, gb_floats4 y, int exact) {
    for (size_t j = 0; j < 4; j++) {
        if (exact)
            lane.val[j] = gb_v_add_exact(lane.val[j], x.val[j], y.val[j]);
        else
            lane.val[j] = lane.val[j] + x.val[j] * y.val[j];
    }
    return lane;
}

/* Lanes 8 apart, then 4. */
GB_INLINE gb_floats gb_fold_to_4(gb_floats4 lane) {
    return (lane.val[0] + lane.val[2]) + (lane.val[1] + lane.val[3]);
}

GB_INLINE float gb_fold_row(gb_floats4 lane) {
    const gb_floats two = gb_v_fold(gb_fold_to_4(lane), gb_v_fset(0.0F));
    return gb_v_first(gb_v_pairs(two, two));
}

GB_INLINE gb_floats4 gb_zero_lanes(void) {
    const gb_floats zero = gb_v_fset(0.0F);
    return (gb_floats4){{zero, zero, zero, zero}};
}

/* Four rows at once: lane r = that of row r. */
GB_INLINE gb_floats gb_fold_rows(const gb_floats4 lane[4]) {
    return gb_v_pairs(gb_v_fold(gb_fold_to_4(lane[0]), gb_fold_to_4(lane[1])),
                      gb_v_fold(gb_fold_to_4(lane[2]), gb_fold_to_4(lane[3])));
}

/* Lane r = the dot of row r and the column, rows = 1 or GB_TILE_ROWS; the other lanes are zero. */
GB_INLINE gb_floats gb_lanes_dot(gb_elements w_kind, const char *w, size_t w_stride, size_t rows, gb_elements a_kind,
                                 const char *a, size_t n, int exact) {
    gb_floats4 lane[GB_TILE_ROWS];
    for (size_t r = 0; r < GB_TILE_ROWS; r++) lane[r] = gb_zero_lanes();
    size_t i = 0;
    for (; i + GB_LANES <= n; i += GB_LANES) {
        const gb_floats4 x = a_kind.load(a + i * a_kind.bytes);
        for (size_t r = 0; r < rows; r++)
            lane[r] = gb_add_products(lane[r], w_kind.load(w + r * w_stride + i * w_kind.bytes), x, exact);
    }
    if (i < n) {
        const gb_floats4 x = gb_load_tail(a_kind, a + i * a_kind.bytes, n - i);
        for (size_t r = 0; r < rows; r++)
            lane[r] =
                gb_add_products(lane[r], gb_load_tail(w_kind, w + r * w_stride + i * w_kind.bytes, n - i), x, exact);
    }
    return gb_fold_rows(lane);
}

/* dot, gemv and gemm of a float format: a row and column take four registers of lanes, so columns go one by one. */
#define GB_LANES_KERNELS(name, isa, kind, exact)                                                                       \
    GB_INLINE void tile(const char *w, size_t w_stride, size_t rows, const char *a, size_t a_stride, size_t cols,      \
                        size_t n, gb_floats *acc) {                                                                    \
        (void)a_stride;                                                                                                \
        (void)cols;                                                                                                    \
        acc[0] = gb_lanes_dot(kind, w, w_stride, rows, kind, a, n, exact);                                             \
    }                                                                                                                  \
    GB_TILE_KERNELS(name, isa, tile, 1)

/* quantize_act and dequantize of a format of two bytes, eight and sixteen at a time. */
#define GB_HALVES_KERNELS(name, isa, kind)                                                                             \
    void gb_##name##_quantize_act_##isa(const float *x, void *blocks, size_t n) {                                      \
        size_t i = 0;                                                                                                  \
        for (; i + 8 <= n; i += 8)                                                                                     \
            gb_v_store((char *)blocks + 2 * i, gb_v_to_##name(gb_v_fload(x + i), gb_v_fload(x + i + 4)));              \
        for (; i < n; i++) gb_store_u16(blocks, i, gb_##name##_from_f32(x[i]));                                        \
    }                                                                                                                  \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        size_t i = 0;                                                                                                  \
        for (; i + 16 <= n; i += 16) {                                                                                 \
            const gb_floats4 f = kind.load((const char *)blocks + 2 * i);                                              \
            for (size_t j = 0; j < 4; j++) gb_v_fstore(x + i + 4 * j, f.val[j]);                                       \
        }                                                                                                              \
        for (; i < n; i++) x[i] = gb_f32_from_##name(gb_load_u16(blocks, i));                                          \
    }

#endif
