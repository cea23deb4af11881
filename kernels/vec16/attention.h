/* Attention over a key-value cache of f32, f16 or q8_0 rows. The query and the weights p are f32, so no product is
 * exact: multiply and add stay separate for all formats. */
#include "kernels/engine.h"
#include "kernels/vec16/lanes.h"

GB_INLINE void score(gb_elements kind, const float *q, const char *k, size_t k_stride, size_t count, size_t head_dim,
                     float scale, float *scores) {
    const char *query = (const char *)q;
    size_t t = 0;
    for (; t + GB_TILE_ROWS <= count; t += GB_TILE_ROWS) {
        const gb_floats dots =
            gb_lanes_dot(kind, k + t * k_stride, k_stride, GB_TILE_ROWS, GB_LANES_F32, query, head_dim, 0);
        gb_v_fstore(scores + t, dots * gb_v_fset(scale));
    }
    for (; t < count; t++) {
        const gb_floats dot = gb_lanes_dot(kind, k + t * k_stride, k_stride, 1, GB_LANES_F32, query, head_dim, 0);
        scores[t] = gb_v_first(dot) * scale;
    }
}

/* 16 * width elements of the result, kept in registers while all rows pass by. */
GB_INLINE void accumulate(gb_elements kind, const float *p, const char *v, size_t v_stride, size_t count, size_t width,
                          float *out) {
    gb_floats4 acc[4];
    for (size_t b = 0; b < width; b++) acc[b] = gb_zero_lanes();
    for (size_t t = 0; t < count; t++) {
        const gb_floats weight = gb_v_fset(p[t]);
        const gb_floats4 weights = {{weight, weight, weight, weight}};
        for (size_t b = 0; b < width; b++) {
            const gb_floats4 x = kind.load(v + t * v_stride + b * GB_LANES * kind.bytes);
            acc[b] = gb_add_products(acc[b], weights, x, 0);
        }
    }
    for (size_t b = 0; b < width; b++)
        for (size_t j = 0; j < 4; j++) gb_v_fstore(out + b * GB_LANES + 4 * j, acc[b].val[j]);
}

GB_INLINE void attn_acc(gb_elements kind, const float *p, const char *v, size_t v_stride, size_t count, size_t head_dim,
                        float *out) {
    size_t i = 0;
    for (; i + 4 * GB_LANES <= head_dim; i += 4 * GB_LANES)
        accumulate(kind, p, v + i * kind.bytes, v_stride, count, 4, out + i);
    for (; i + GB_LANES <= head_dim; i += GB_LANES)
        accumulate(kind, p, v + i * kind.bytes, v_stride, count, 1, out + i);
    if (i == head_dim) return;
    gb_floats4 acc = gb_zero_lanes();
    for (size_t t = 0; t < count; t++) {
        const gb_floats weight = gb_v_fset(p[t]);
        const gb_floats4 x = gb_load_tail(kind, v + t * v_stride + i * kind.bytes, head_dim - i);
        acc = gb_add_products(acc, (gb_floats4){{weight, weight, weight, weight}}, x, 0);
    }
    float last[GB_LANES];
    for (size_t j = 0; j < 4; j++) gb_v_fstore(last + 4 * j, acc.val[j]);
    memcpy(out + i, last, (head_dim - i) * sizeof *out);
}

/* p[t] * d of up to four rows. */
GB_INLINE gb_floats row_weights(const float *p, const char *v, size_t v_stride, size_t rows) {
    float weight[4] = {0};
    uint16_t d[4] = {0};
    for (size_t j = 0; j < rows; j++) {
        weight[j] = p[j];
        d[j] = gb_load_u16(v + j * v_stride, 0);
    }
    return gb_v_fload(weight) * gb_v_from_halves(d);
}

/* One block of all rows: 32 elements of the result. */
GB_INLINE void accumulate_block(size_t blocks, const float *p, const void *values, size_t v_stride, size_t count,
                                float *out) {
    const char *v = values;
    (void)blocks;
    gb_floats4 acc[2] = {gb_zero_lanes(), gb_zero_lanes()};
    for (size_t t = 0; t < count; t += 4) {
        const size_t rows = count - t < 4 ? count - t : 4;
        float weight[4];
        gb_v_fstore(weight, row_weights(p + t, v + t * v_stride, v_stride, rows));
        for (size_t j = 0; j < rows; j++) {
            const gb_block_q8_0 *b = (const gb_block_q8_0 *)(v + (t + j) * v_stride);
            const gb_floats w = gb_v_fset(weight[j]);
            for (size_t h = 0; h < 2; h++)
                acc[h] =
                    gb_add_products(acc[h], gb_v_from_bytes(gb_v_load(b->qs + 16 * h)), (gb_floats4){{w, w, w, w}}, 0);
        }
    }
    for (size_t i = 0; i < 8; i++) gb_v_fstore(out + 4 * i, acc[i / 4].val[i % 4]);
}

/* Lane r = the dot of key r and the query, of up to four. The query's codes come from our encoder: below 128. */
GB_INLINE gb_floats byte_dots(const gb_block_q8_0 *query, const char *k, size_t k_stride, size_t rows, size_t blocks) {
    const gb_block_q8_0 *row[4];
    gb_floats acc = gb_v_fset(0.0F);
    for (size_t r = 0; r < 4; r++) row[r] = (const gb_block_q8_0 *)(k + (r < rows ? r : rows - 1) * k_stride);
    for (size_t b = 0; b < blocks; b++) {
        const gb_bytes low = gb_v_load(query[b].qs);
        const gb_bytes high = gb_v_load(query[b].qs + 16);
        gb_ints sum[4];
        uint16_t d[4];
        for (size_t r = 0; r < 4; r++) {
            sum[r] = gb_v_sums32(low, high, gb_v_load(row[r][b].qs), gb_v_load(row[r][b].qs + 16), GB_BELOW_128);
            d[r] = row[r][b].d;
        }
        const gb_floats scale = gb_v_from_halves(d) * gb_v_fset(gb_v_scale(&query[b]));
        acc = acc + scale * gb_v_from_ints(gb_v_sum_rows(sum));
    }
    return acc;
}

GB_INLINE void byte_scores(const gb_block_q8_0 *query, const void *k, size_t k_stride, size_t count, size_t blocks,
                           float scale, float *scores) {
    for (size_t t = 0; t < count; t += 4) {
        const size_t rows = count - t < 4 ? count - t : 4;
        float four[4];
        gb_v_fstore(four, byte_dots(query, (const char *)k + t * k_stride, k_stride, rows, blocks) * gb_v_fset(scale));
        memcpy(scores + t, four, rows * sizeof *scores);
    }
}

#define GB_ATTENTION_KERNELS(name, isa, kind)                                                                          \
    void gb_##name##_attn_score_##isa(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,   \
                                      float scale, float *scores) {                                                    \
        score(kind, q, k, k_stride, count, head_dim, scale, scores);                                                   \
    }                                                                                                                  \
    void gb_##name##_attn_acc_##isa(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim,     \
                                    float *out) {                                                                      \
        attn_acc(kind, p, v, v_stride, count, head_dim, out);                                                          \
    }
