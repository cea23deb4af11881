/* int8_row in vectors of sixteen bytes. */
#include "kernels/vec16/tiles.h"

#include "kernels/int8_row.h"

GB_INLINE void sums(const int8_t *const w[GB_INT8_ROWS], size_t rows, const int8_t *a, size_t n,
                    int64_t total[GB_INT8_ROWS]) {
    gb_ints sum[GB_INT8_ROWS] = {gb_v_zero(), gb_v_zero(), gb_v_zero(), gb_v_zero()};
    for (size_t i = 0; i < n; i += 32) {
        const gb_bytes2 q = {{gb_v_load(a + i), gb_v_load(a + i + 16)}};
        for (size_t r = 0; r < rows; r++) {
            const int8_t *p = w[r] + i;
            sum[r] = gb_v_iadd(sum[r], gb_v_sums32(gb_v_load(p), gb_v_load(p + 16), q.val[0], q.val[1], GB_ANY_BYTE));
        }
    }
    int32_t all[GB_INT8_ROWS];
    gb_v_istore(all, gb_v_sum_rows(sum));
    for (size_t r = 0; r < rows; r++) total[r] += all[r];
}

GB_INLINE void encode(const float *x, void *row, size_t n) {
    const gb_floats inverse = gb_v_fset(gb_int8_head(row, gb_v_magnitude(x, n)));
    int8_t *q = (int8_t *)row + sizeof(float);
    for (size_t i = 0; i < n; i += 16) {
        gb_ints code[4];
        for (size_t j = 0; j < 4; j++) code[j] = gb_v_nearest_even(gb_v_fload(x + i + 4 * j) * inverse);
        gb_v_store(q + i, gb_v_low_bytes(code));
    }
}

#define GB_INT8_ROW_CODEC(isa)                                                                                         \
    void gb_int8_row_quantize_act_##isa(const float *x, void *blocks, size_t n) {                                      \
        encode(x, blocks, n);                                                                                          \
    }                                                                                                                  \
    void gb_int8_row_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        const float d = gb_load_f32(blocks, 0);                                                                        \
        const char *q = (const char *)blocks + sizeof d;                                                               \
        for (size_t i = 0; i < n; i += 16) gb_v_store_scaled(x + i, gb_v_load(q + i), d);                              \
    }
