/* Attention over a KV cache of f16 or f32 rows; the query is f32, so products are not exact: two roundings each. */
#include "kernels/avx512vnni/lanes16.h"

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

void gb_f16_attn_score_avx512vnni(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,
                                  float scale, float *scores) {
    score(&f16_rows, q, k, k_stride, count, head_dim, scale, scores);
}

void gb_f32_attn_score_avx512vnni(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim,
                                  float scale, float *scores) {
    score(&f32_rows, q, k, k_stride, count, head_dim, scale, scores);
}

void gb_f16_attn_acc_avx512vnni(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim,
                                float *out) {
    accumulate(&f16_rows, p, v, v_stride, count, head_dim, out);
}

void gb_f32_attn_acc_avx512vnni(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim,
                                float *out) {
    accumulate(&f32_rows, p, v, v_stride, count, head_dim, out);
}
