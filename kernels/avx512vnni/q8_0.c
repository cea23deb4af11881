/* q8_0 with VNNI. Weights xor 0x80 are unsigned (code + 128) and meet the signed activations in vpdpbusd; the 128 is
 * taken back with the sum of the activation block. 32 products of 255 * 128 fit 32 bits many times over. */
#include <float.h>

#include "kernels/avx512vnni/gemm_block32.h"
#include "kernels/avx512vnni/gemv_block32.h"

enum { BLOCK = 32 };

/* x * id rounded to nearest, ties away from zero, NaN to 0: t = trunc(v), and v - t is exact. */
static inline __m128i round_codes(__m512 x, __m512 id) {
    const __m512 v = _mm512_mul_ps(x, id);
    const __m512i t = _mm512_cvttps_epi32(v);
    const __m512 rest = _mm512_sub_ps(v, _mm512_cvtepi32_ps(t));
    const __mmask16 up = _mm512_cmp_ps_mask(rest, _mm512_set1_ps(0.5F), _CMP_GE_OQ);
    const __mmask16 down = _mm512_cmp_ps_mask(rest, _mm512_set1_ps(-0.5F), _CMP_LE_OQ);
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i q = _mm512_mask_sub_epi32(_mm512_mask_add_epi32(t, up, t, one), down, t, one);
    return _mm512_maskz_cvtepi32_epi8(_mm512_cmp_ps_mask(v, v, _CMP_ORD_Q), q);
}

static void encode(const float *x, gb_block_q8_0 *b) {
    const __m512 x0 = _mm512_loadu_ps(x);
    const __m512 x1 = _mm512_loadu_ps(x + 16);
    const __m512 largest = gb_max_magnitude(x1, gb_max_magnitude(x0, _mm512_setzero_ps()));
    const float d = _mm512_reduce_max_ps(largest) / 127.0F;
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (id > FLT_MAX) id = 0.0F;
    b->d = gb_to_half(d);
    _mm_storeu_si128((__m128i *)b->qs, round_codes(x0, _mm512_set1_ps(id)));
    _mm_storeu_si128((__m128i *)(b->qs + 16), round_codes(x1, _mm512_set1_ps(id)));
}

void gb_q8_0_quantize_act_avx512vnni(const float *x, void *blocks, size_t n) {
    gb_block_q8_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) encode(x + i * BLOCK, &b[i]);
}

void gb_q8_0_quantize_avx512vnni(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_q8_0_quantize_act_avx512vnni(x, blocks, n);
}

void gb_q8_0_dequantize_avx512vnni(const void *blocks, float *x, size_t n) {
    const gb_block_q8_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++, x += BLOCK) {
        const __m512 d = _mm512_set1_ps(gb_half(b[i].d));
        _mm512_storeu_ps(x, _mm512_mul_ps(gb_bytes_to_f32(b[i].qs), d));
        _mm512_storeu_ps(x + 16, _mm512_mul_ps(gb_bytes_to_f32(b[i].qs + 16), d));
    }
}

GB_INLINE void place(gb_act32 *act, size_t b, const int8_t *qs) {
    _mm256_store_si256((__m256i *)(act->q + 32 * b), gb_load256(qs));
}

GB_INLINE __m512i sums(const uint8_t *w, const gb_act32 *act, size_t b) {
    __m512i s[8];
    GB_UNROLL
    for (size_t i = 0; i < 8; i++) {
        __m512i u = _mm512_set1_epi8(1);
        if (w) {
            const uint8_t *qs = w + 2 * i * sizeof(gb_block_q8_0) + offsetof(gb_block_q8_0, qs);
            u = _mm512_castsi256_si512(gb_load256(qs));
            u = _mm512_inserti64x4(u, gb_load256(qs + sizeof(gb_block_q8_0)), 1);
            u = _mm512_xor_si512(u, _mm512_set1_epi8((char)0x80));
        }
        s[i] = _mm512_dpbusd_epi32(_mm512_setzero_si512(), u, gb_load512(act->q + 32 * (b + 2 * i)));
    }
    return gb_sum_halves(s);
}

static const gb_block32 format = {sizeof(gb_block_q8_0), 128, place, sums};

void gb_q8_0_gemv_avx512vnni(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_gemv_block32(&format, w, w_stride, rows, a, n, y);
}

float gb_q8_0_dot_avx512vnni(const void *w, const void *a, size_t n) {
    float y = 0.0F;
    gb_gemv_block32(&format, w, 0, 1, a, n, &y);
    return y;
}

GB_INLINE void unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    GB_UNROLL
    for (size_t half = 0; half < 2; half++) {
        __m512i v[4];
        gb_load_rows(row, at + offsetof(gb_block_q8_0, qs) + 16 * half, v);
        GB_UNROLL
        for (size_t i = 0; i < 4; i++)
            _mm512_storeu_si512(out + (4 * half + i) * step, _mm512_xor_si512(v[i], _mm512_set1_epi8((char)0x80)));
    }
    _mm512_storeu_ps(out + 8 * step, gb_row_scales(row, at));
}

GB_INLINE void pack(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    gb_pack_block32(col, at, out, 128);
}

void gb_q8_0_gemm_avx512vnni(const gb_gemm_args *g) {
    static const gb_tile tile = {.elems = BLOCK,
                                 .w_bytes = sizeof(gb_block_q8_0),
                                 .a_bytes = sizeof(gb_block_q8_0),
                                 .panel_bytes = GB_PANEL32,
                                 .tile_bytes = GB_TILE32,
                                 .unpack = unpack,
                                 .pack = pack,
                                 .multiply = gb_multiply_block32};
    gb_gemm_tiles(&tile, g);
}
