/* q4_0 with VNNI. Codes 0..15 are the unsigned operand of vpdpbusd; the 8 is taken back with the sum of the activation
 * block. */
#include <float.h>

#include "kernels/avx512vnni/gemm_block32.h"
#include "kernels/avx512vnni/gemv_block32.h"
#include "reference/reference.h"

enum { BLOCK = 32 };

static inline __m512i nibble_mask(void) {
    return _mm512_set1_epi8(15);
}

/* trunc(x / d + 8.5), at most 15, of sixteen elements; NaN counts as 0. */
static inline __m128i encode_codes(__m512 x, __m512 id) {
    const __m512 v = _mm512_mul_ps(x, id);
    const __m512 safe = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, v, _CMP_ORD_Q), v);
    const __m512i c = _mm512_cvttps_epi32(_mm512_add_ps(safe, _mm512_set1_ps(8.5F)));
    return _mm512_cvtepi32_epi8(_mm512_min_epi32(c, _mm512_set1_epi32(15)));
}

static void encode(const float *x, gb_block_q4_0 *b) {
    const __m512 x0 = _mm512_loadu_ps(x);
    const __m512 x1 = _mm512_loadu_ps(x + 16);
    const float extreme = gb_extreme(x, gb_max_magnitude(x1, gb_max_magnitude(x0, _mm512_setzero_ps())), BLOCK);
    const float d = extreme / -8.0F; /* -0 for an all-zero block */
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (!(id <= FLT_MAX && id >= -FLT_MAX)) id = 0.0F;
    b->d = gb_to_half(d);
    const __m128i low = encode_codes(x0, _mm512_set1_ps(id));
    const __m128i high = encode_codes(x1, _mm512_set1_ps(id));
    _mm_storeu_si128((__m128i *)b->qs, _mm_or_si128(low, _mm_slli_epi16(high, 4))); /* codes are 0..15: no carry */
}

void gb_q4_0_quantize_avx512vnni(const float *x, void *blocks, size_t n, const float *importance) {
    if (importance) { /* a search, not a loop worth vectors */
        gb_ref_q4_0_quantize(x, blocks, n, importance);
        return;
    }
    gb_block_q4_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) encode(x + i * BLOCK, &b[i]);
}

void gb_q4_0_dequantize_avx512vnni(const void *blocks, float *x, size_t n) {
    const gb_block_q4_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++, x += BLOCK) {
        const __m512 d = _mm512_set1_ps(gb_half(b[i].d));
        const __m512i code = _mm512_cvtepu8_epi32(gb_load128(b[i].qs));
        const __m512i low = _mm512_and_si512(code, _mm512_set1_epi32(15));
        const __m512i high = _mm512_srli_epi32(code, 4);
        const __m512i eight = _mm512_set1_epi32(8);
        _mm512_storeu_ps(x, _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(low, eight)), d));
        _mm512_storeu_ps(x + 16, _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(high, eight)), d));
    }
}

/* Low halves of all blocks first, then the high halves: four blocks are one vector of low and one of high nibbles. */
GB_INLINE void place(gb_act32 *act, size_t b, const int8_t *qs) {
    memcpy(act->q + 16 * b, qs, 16);
    memcpy(act->q + 16 * (GB_SPAN + b), qs + 16, 16);
}

GB_INLINE __m512i sums(const uint8_t *w, const gb_act32 *act, size_t b) {
    __m512i s[4];
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        __m512i low = _mm512_set1_epi8(1);
        __m512i high = low;
        if (w) {
            const uint8_t *qs = w + 4 * i * sizeof(gb_block_q4_0) + offsetof(gb_block_q4_0, qs);
            __m512i q = _mm512_castsi128_si512(gb_load128(qs));
            q = _mm512_inserti32x4(q, gb_load128(qs + sizeof(gb_block_q4_0)), 1);
            q = _mm512_inserti32x4(q, gb_load128(qs + 2 * sizeof(gb_block_q4_0)), 2);
            q = _mm512_inserti32x4(q, gb_load128(qs + 3 * sizeof(gb_block_q4_0)), 3);
            low = _mm512_and_si512(q, nibble_mask());
            high = _mm512_and_si512(_mm512_srli_epi16(q, 4), nibble_mask());
        }
        s[i] = _mm512_dpbusd_epi32(_mm512_setzero_si512(), low, gb_load512(act->q + 16 * (b + 4 * i)));
        s[i] = _mm512_dpbusd_epi32(s[i], high, gb_load512(act->q + 16 * (GB_SPAN + b + 4 * i)));
    }
    return gb_sum_quarters(s);
}

static const gb_block32 format = {sizeof(gb_block_q4_0), 8, place, sums};

void gb_q4_0_gemv_avx512vnni(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_gemv_block32(&format, w, w_stride, rows, a, n, y);
}

float gb_q4_0_dot_avx512vnni(const void *w, const void *a, size_t n) {
    float y = 0.0F;
    gb_gemv_block32(&format, w, 0, 1, a, n, &y);
    return y;
}

GB_INLINE void unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    __m512i v[4];
    gb_load_rows(row, at + offsetof(gb_block_q4_0, qs), v);
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        _mm512_storeu_si512(out + i * step, _mm512_and_si512(v[i], nibble_mask()));
        _mm512_storeu_si512(out + (4 + i) * step, _mm512_and_si512(_mm512_srli_epi16(v[i], 4), nibble_mask()));
    }
    _mm512_storeu_ps(out + 8 * step, gb_row_scales(row, at));
}

GB_INLINE void pack(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    gb_pack_block32(col, at, out, 8);
}

void gb_q4_0_gemm_avx512vnni(const gb_gemm_args *g) {
    static const gb_tile tile = {.elems = BLOCK,
                                 .w_bytes = sizeof(gb_block_q4_0),
                                 .a_bytes = sizeof(gb_block_q8_0),
                                 .panel_bytes = GB_PANEL32,
                                 .tile_bytes = GB_TILE32,
                                 .unpack = unpack,
                                 .pack = pack,
                                 .multiply = gb_multiply_block32};
    gb_gemm_tiles(&tile, g);
}
