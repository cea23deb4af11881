/* Attention over a KV cache of f16, f32 or q8_0 rows in vectors of 64 bytes; the query is f32, so products are not
 * exact: two roundings each.
 */
#include "kernels/engine.h"
#include "kernels/vec64/lanes16.h"

static const gb_lanes16 f16_rows = {
    .bytes = sizeof(uint16_t), .load = gb_load_f16x16, .load_some = gb_load_some_f16x16, .madd = gb_madd_separate};
static const gb_lanes16 f32_rows = {
    .bytes = sizeof(float), .load = gb_load_f32x16, .load_some = gb_load_some_f32x16, .madd = gb_madd_separate};

/* Sixteen positions at a time, so that one tree of additions folds sixteen scores. */
GB_INLINE void score(const gb_lanes16 *f, const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,
                     float scale, float *scores) {
    for (size_t t = 0; t < count; t += 16) {
        const size_t some = gb_min(16, count - t);
        __m512 lane[16];
        for (size_t j = 0; j < 16; j++) {
            const uint8_t *row = (const uint8_t *)k + (t + gb_min(j, some - 1)) * k_stride;
            __m512 acc = _mm512_setzero_ps();
            size_t i = 0;
            for (; i + 16 <= head_dim; i += 16) acc = f->madd(_mm512_loadu_ps(q + i), f->load(row + i * f->bytes), acc);
            if (i < head_dim) {
                const __mmask16 tail = gb_lanes(head_dim - i);
                acc = f->madd(_mm512_maskz_loadu_ps(tail, q + i), f->load_some(row + i * f->bytes, tail), acc);
            }
            lane[j] = acc;
        }
        const __m512 sum = _mm512_mul_ps(gb_fold16(lane), _mm512_set1_ps(scale));
        _mm512_mask_storeu_ps(scores + t, gb_lanes(some), sum);
    }
}

/* 64 elements of the output at a time, lane = element; positions in ascending order. */
GB_INLINE void accumulate(const gb_lanes16 *f, const float *p, const void *v, size_t v_stride, size_t count,
                          size_t head_dim, float *out) {
    size_t i = 0;
    for (; i + 64 <= head_dim; i += 64) {
        const uint8_t *row = (const uint8_t *)v + i * f->bytes;
        __m512 acc[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
        for (size_t t = 0; t < count; t++, row += v_stride) {
            const __m512 weight = _mm512_set1_ps(p[t]);
            GB_UNROLL
            for (size_t j = 0; j < 4; j++) acc[j] = f->madd(weight, f->load(row + 16 * j * f->bytes), acc[j]);
        }
        GB_UNROLL
        for (size_t j = 0; j < 4; j++) _mm512_storeu_ps(out + i + 16 * j, acc[j]);
    }
    for (; i < head_dim; i += 16) {
        const __mmask16 lanes = gb_lanes(head_dim - i);
        const uint8_t *row = (const uint8_t *)v + i * f->bytes;
        __m512 acc = _mm512_setzero_ps();
        for (size_t t = 0; t < count; t++, row += v_stride)
            acc = f->madd(_mm512_set1_ps(p[t]), f->load_some(row, lanes), acc);
        _mm512_mask_storeu_ps(out + i, lanes, acc);
    }
}

/* f16 scales of block b of eight rows. */
GB_INLINE __m128i block_scales(const gb_block_q8_0 *const row[8], size_t b) {
    return _mm_set_epi16((short)row[7][b].d, (short)row[6][b].d, (short)row[5][b].d, (short)row[4][b].d,
                         (short)row[3][b].d, (short)row[2][b].d, (short)row[1][b].d, (short)row[0][b].d);
}

/* Lane r = the dot of key r and the query, of up to sixteen. Keys xor 0x80 are code + 128, the unsigned operand; the
 * 128 is taken back with the sum of the query's codes. */
GB_INLINE __m512 byte_dots(const gb_block_q8_0 *query, const uint8_t *k, size_t k_stride, size_t rows, size_t blocks) {
    const gb_block_q8_0 *row[16];
    for (size_t r = 0; r < 16; r++) row[r] = (const gb_block_q8_0 *)(k + gb_min(r, rows - 1) * k_stride);
    const __m512i flip = _mm512_set1_epi8((char)0x80);
    __m512 acc = _mm512_setzero_ps();
    for (size_t b = 0; b < blocks; b++) {
        const __m512i q = _mm512_broadcast_i64x4(gb_load256(query[b].qs));
        const __m512i bias = gb_add_bytes(_mm512_setzero_si512(), flip, q, 255);
        __m512i sum[8];
        GB_UNROLL
        for (size_t r = 0; r < 8; r++) {
            const __m512i low = _mm512_castsi256_si512(gb_load256(row[2 * r][b].qs));
            const __m512i pair = _mm512_inserti64x4(low, gb_load256(row[2 * r + 1][b].qs), 1);
            sum[r] = gb_add_bytes(_mm512_setzero_si512(), _mm512_xor_si512(pair, flip), q, 255);
            sum[r] = _mm512_sub_epi32(sum[r], bias);
        }
        const __m512 d = _mm512_cvtph_ps(_mm256_set_m128i(block_scales(row + 8, b), block_scales(row, b)));
        const __m512 scale = _mm512_mul_ps(d, _mm512_set1_ps(gb_half(query[b].d)));
        acc = gb_madd_separate(scale, _mm512_cvtepi32_ps(gb_sum_halves(sum)), acc);
    }
    return acc;
}

static void byte_scores(const gb_block_q8_0 *query, const void *k, size_t k_stride, size_t count, size_t blocks,
                        float scale, float *scores) {
    for (size_t t = 0; t < count; t += 16) {
        const __m512 dots = byte_dots(query, (const uint8_t *)k + t * k_stride, k_stride, count - t, blocks);
        _mm512_mask_storeu_ps(scores + t, gb_lanes(count - t), _mm512_mul_ps(dots, _mm512_set1_ps(scale)));
    }
}

/* p[t] * d of sixteen rows, or of the `rows` that are left. */
GB_INLINE void row_weights(const float *p, const uint8_t *v, size_t v_stride, size_t rows, float weight[16]) {
    if (rows >= 16) {
        _mm512_storeu_ps(weight, _mm512_mul_ps(_mm512_loadu_ps(p), gb_gather_halves(v, v_stride)));
        return;
    }
    for (size_t j = 0; j < rows; j++) weight[j] = p[j] * gb_half(((const gb_block_q8_0 *)(v + j * v_stride))->d);
}

/* `blocks` of every row: 32 elements of the output each. */
GB_INLINE void accumulate_blocks(size_t blocks, const float *p, const void *values, size_t v_stride, size_t count,
                                 float *out) {
    const uint8_t *v = values;
    __m512 acc[4];
    for (size_t i = 0; i < 2 * blocks; i++) acc[i] = _mm512_setzero_ps();
    for (size_t t = 0; t < count; t += 16, v += 16 * v_stride) {
        const size_t rows = gb_min(16, count - t);
        float weight[2][16];
        for (size_t b = 0; b < blocks; b++)
            row_weights(p + t, v + b * sizeof(gb_block_q8_0), v_stride, rows, weight[b]);
        for (size_t j = 0; j < rows; j++) {
            const gb_block_q8_0 *row = (const gb_block_q8_0 *)(v + j * v_stride);
            for (size_t i = 0; i < 2 * blocks; i++) {
                const __m512i codes = _mm512_cvtepi8_epi32(gb_load128(row[i / 2].qs + 16 * (i % 2)));
                acc[i] = gb_madd_separate(_mm512_set1_ps(weight[i / 2][j]), _mm512_cvtepi32_ps(codes), acc[i]);
            }
        }
    }
    for (size_t i = 0; i < 2 * blocks; i++) _mm512_storeu_ps(out + 16 * i, acc[i]);
}

#define GB_ATTENTION_KERNELS(name, isa, rows)                                                                          \
    void gb_##name##_attn_score_##isa(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,   \
                                      float scale, float *scores) {                                                    \
        score(&(rows), q, k, k_stride, count, head_dim, scale, scores);                                                \
    }                                                                                                                  \
    void gb_##name##_attn_acc_##isa(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim,     \
                                    float *out) {                                                                      \
        accumulate(&(rows), p, v, v_stride, count, head_dim, out);                                                     \
    }
