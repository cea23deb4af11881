/* vec16/ops.h with SSSE3 and SSE4.1: no F16C, no fused multiply-add. Every x86-64 operating system saves these
 * registers. */
#ifndef GB_SSE41_VEC16_H
#define GB_SSE41_VEC16_H

#include <smmintrin.h>

#include "kernels/vec16/ops.h"

typedef __m128i gb_bytes;
typedef __m128i gb_ints;
typedef __m128 gb_floats;
typedef struct gb_floats4 {
    gb_floats val[4];
} gb_floats4;

GB_INLINE gb_bytes gb_v_load(const void *p) {
    return _mm_loadu_si128((const __m128i *)p);
}

GB_INLINE void gb_v_store(void *p, gb_bytes v) {
    _mm_storeu_si128((__m128i *)p, v);
}

GB_INLINE gb_bytes gb_v_load8(const void *p) {
    return _mm_loadl_epi64((const __m128i *)p);
}

GB_INLINE gb_bytes gb_v_set(uint8_t b) {
    return _mm_set1_epi8((char)b);
}

GB_INLINE gb_bytes gb_v_halves(uint8_t low, uint8_t high) {
    const __m128i order = _mm_set_epi64x(0x0101010101010101, 0);
    return _mm_shuffle_epi8(_mm_cvtsi32_si128(low | high << 8), order);
}

GB_INLINE gb_bytes gb_v_words(uint64_t low, uint64_t high) {
    return _mm_set_epi64x((long long)high, (long long)low);
}

GB_V_IS(gb_bytes, gb_v_and, _mm_and_si128)
GB_V_IS(gb_bytes, gb_v_or, _mm_or_si128)
GB_V_IS(gb_bytes, gb_v_xor, _mm_xor_si128)
GB_V_IS(gb_bytes, gb_v_add, _mm_add_epi8)
GB_V_IS(gb_bytes, gb_v_sub, _mm_sub_epi8)

/* There are shifts of sixteen bits only: what crosses into the neighbouring byte is masked. */
GB_INLINE gb_bytes gb_v_shl(gb_bytes v, int n) {
    return _mm_and_si128(_mm_slli_epi16(v, n), gb_v_set((uint8_t)(255 << n)));
}

GB_INLINE gb_bytes gb_v_shr(gb_bytes v, int n) {
    return _mm_and_si128(_mm_srli_epi16(v, n), gb_v_set((uint8_t)(255 >> n)));
}

GB_INLINE gb_bytes gb_v_shift(gb_bytes v, int n) {
    return n < 0 ? gb_v_shr(v, -n) : gb_v_shl(v, n);
}

GB_INLINE gb_bytes gb_v_test(gb_bytes v, gb_bytes bit) {
    return _mm_cmpeq_epi8(_mm_and_si128(v, bit), bit);
}

GB_INLINE gb_bytes gb_v_from(gb_bytes v, uint8_t least) {
    return _mm_cmpeq_epi8(_mm_max_epu8(v, gb_v_set(least)), v);
}

GB_V_IS(gb_bytes, gb_v_lookup, _mm_shuffle_epi8)
GB_V_IS(gb_bytes, gb_v_low64s, _mm_unpacklo_epi64)
GB_V_IS(gb_bytes, gb_v_high64s, _mm_unpackhi_epi64)
GB_V_IS(gb_bytes, gb_v_zip8_low, _mm_unpacklo_epi8)
GB_V_IS(gb_bytes, gb_v_zip8_high, _mm_unpackhi_epi8)
GB_V_IS(gb_bytes, gb_v_zip16_low, _mm_unpacklo_epi16)
GB_V_IS(gb_bytes, gb_v_zip16_high, _mm_unpackhi_epi16)
GB_V_IS(gb_bytes, gb_v_mul16, _mm_mullo_epi16)

GB_INLINE gb_ints gb_v_zero(void) {
    return _mm_setzero_si128();
}

GB_INLINE gb_ints gb_v_sum_rows(const gb_ints sum[GB_TILE_ROWS]) {
    return _mm_hadd_epi32(_mm_hadd_epi32(sum[0], sum[1]), _mm_hadd_epi32(sum[2], sum[3]));
}

/* psadbw sums unsigned bytes: they are moved up by 128. */
GB_INLINE int gb_v_byte_sum(gb_bytes v) {
    const __m128i s = _mm_sad_epu8(_mm_xor_si128(v, gb_v_set(128)), _mm_setzero_si128());
    return _mm_extract_epi16(s, 0) + _mm_extract_epi16(s, 4) - 16 * 128;
}

GB_INLINE gb_ints gb_v_at_most(gb_ints i, int top) {
    return _mm_min_epi32(i, _mm_set1_epi32(top));
}

GB_V_IS(gb_ints, gb_v_iadd, _mm_add_epi32)
GB_V_IS(gb_ints, gb_v_isub, _mm_sub_epi32)

GB_INLINE gb_ints gb_v_ihalf(gb_ints i) {
    return _mm_srai_epi32(i, 1);
}

GB_INLINE gb_floats gb_v_power(gb_ints i) {
    return _mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(i, _mm_set1_epi32(127)), 23));
}

GB_INLINE void gb_v_istore(int32_t *p, gb_ints i) {
    gb_v_store(p, i);
}

GB_INLINE gb_bytes gb_v_low_bytes(const gb_ints v[4]) {
    __m128i b[4];
    for (size_t j = 0; j < 4; j++) b[j] = _mm_and_si128(v[j], _mm_set1_epi32(255));
    return _mm_packus_epi16(_mm_packs_epi32(b[0], b[1]), _mm_packs_epi32(b[2], b[3]));
}

/* Pairs of products, |w| < 128: w takes the sign of q, whose magnitude, up to 128, is the unsigned operand. */
GB_INLINE __m128i gb_sse_products16(gb_bytes w, gb_bytes q) {
    return _mm_maddubs_epi16(_mm_abs_epi8(q), _mm_sign_epi8(w, q));
}

GB_INLINE __m128i gb_sse_high16(gb_bytes v) {
    return _mm_srai_epi16(_mm_unpackhi_epi8(v, v), 8);
}

/* Of any bytes, widened. */
GB_INLINE gb_ints gb_sse_bytes16(gb_bytes w, gb_bytes q) {
    return _mm_add_epi32(_mm_madd_epi16(_mm_cvtepi8_epi16(w), _mm_cvtepi8_epi16(q)),
                         _mm_madd_epi16(gb_sse_high16(w), gb_sse_high16(q)));
}

/* s + sc * products: madd adds pairs as it multiplies. */
GB_INLINE gb_ints gb_sse_add_scaled(gb_ints s, __m128i products, int8_t sc) {
    return _mm_add_epi32(s, _mm_madd_epi16(products, _mm_set1_epi16(sc)));
}

GB_INLINE gb_ints gb_v_add_scaled16(gb_ints s, gb_bytes w, gb_bytes q, int8_t sc) {
    return gb_sse_add_scaled(s, gb_sse_products16(w, q), sc);
}

GB_INLINE gb_ints gb_v_add_scaled32(gb_ints s, gb_bytes w0, gb_bytes w1, gb_bytes q0, gb_bytes q1, int8_t sc,
                                    gb_range range) {
    const __m128i p0 = gb_sse_products16(w0, q0);
    const __m128i p1 = gb_sse_products16(w1, q1);
    if (range == GB_BELOW_64) return gb_sse_add_scaled(s, _mm_add_epi16(p0, p1), sc);
    return gb_sse_add_scaled(gb_sse_add_scaled(s, p0, sc), p1, sc);
}

GB_INLINE gb_ints gb_v_sums16(gb_bytes w, gb_bytes q) {
    return _mm_madd_epi16(gb_sse_products16(w, q), _mm_set1_epi16(1));
}

GB_INLINE gb_ints gb_v_sums32(gb_bytes w0, gb_bytes w1, gb_bytes q0, gb_bytes q1, gb_range range) {
    if (range == GB_ANY_BYTE) return _mm_add_epi32(gb_sse_bytes16(w0, q0), gb_sse_bytes16(w1, q1));
    return gb_v_add_scaled32(_mm_setzero_si128(), w0, w1, q0, q1, 1, range);
}

/* Of pairs of bsums in sub-blocks of 32: they agree with the codes, so pairs fit sixteen bits. */
GB_INLINE gb_ints gb_v_min_sums(const uint8_t mn[16], const void *bsums, size_t sub) {
    const __m128i low = gb_v_load(bsums);
    const __m128i high = gb_v_load((const char *)bsums + 16);
    const __m128i m = _mm_cvtepu8_epi16(gb_v_load8(mn));
    if (sub == 32) return _mm_madd_epi16(m, _mm_hadd_epi16(low, high));
    return _mm_add_epi32(_mm_madd_epi16(m, low), _mm_madd_epi16(_mm_cvtepu8_epi16(gb_v_load8(mn + 8)), high));
}

GB_INLINE gb_floats gb_v_fset(float x) {
    return _mm_set1_ps(x);
}

GB_INLINE gb_floats gb_v_fload(const void *p) {
    return _mm_castsi128_ps(gb_v_load(p));
}

GB_INLINE void gb_v_fstore(float *p, gb_floats x) {
    _mm_storeu_ps(p, x);
}

GB_INLINE float gb_v_first(gb_floats x) {
    return _mm_cvtss_f32(x);
}

GB_INLINE gb_bytes gb_v_as_bytes(gb_floats f) {
    return _mm_castps_si128(f);
}

GB_INLINE gb_floats gb_v_as_floats(gb_bytes v) {
    return _mm_castsi128_ps(v);
}

GB_INLINE gb_floats gb_v_from_ints(gb_ints i) {
    return _mm_cvtepi32_ps(i);
}

GB_INLINE gb_floats4 gb_v_from_bytes(gb_bytes v) {
    gb_floats4 f;
    f.val[0] = _mm_cvtepi32_ps(_mm_cvtepi8_epi32(v));
    f.val[1] = _mm_cvtepi32_ps(_mm_cvtepi8_epi32(_mm_srli_si128(v, 4)));
    f.val[2] = _mm_cvtepi32_ps(_mm_cvtepi8_epi32(_mm_srli_si128(v, 8)));
    f.val[3] = _mm_cvtepi32_ps(_mm_cvtepi8_epi32(_mm_srli_si128(v, 12)));
    return f;
}

/* gb_f32_from_f16() of reference/number.h on four lanes, each f16 in the upper half. Moved down by three bits, exponent
 * and mantissa lie where those of binary32 do, and the value is 2^112 too small: a product that is exact, of subnormals
 * too. Infinities and NaN get their exponent back. */
GB_INLINE gb_floats gb_sse_from_f16(__m128i upper) {
    const __m128i moved = _mm_and_si128(_mm_srai_epi32(upper, 3), _mm_set1_epi32((int)0x8fffffffU));
    const __m128i magnitude = _mm_and_si128(upper, _mm_set1_epi32(0x7fff0000));
    const __m128i top = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7bff0000));
    const __m128i x = _mm_castps_si128(_mm_mul_ps(_mm_castsi128_ps(moved), _mm_set1_ps(0x1p112F)));
    return _mm_castsi128_ps(_mm_or_si128(x, _mm_and_si128(top, _mm_set1_epi32(0x7f800000))));
}

GB_INLINE gb_floats gb_v_from_halves(const void *p) {
    return gb_sse_from_f16(_mm_unpacklo_epi16(_mm_setzero_si128(), gb_v_load8(p)));
}

GB_INLINE gb_floats4 gb_v_from_f16(gb_bytes v, gb_bytes w) {
    const __m128i zero = _mm_setzero_si128();
    return (gb_floats4){{gb_sse_from_f16(_mm_unpacklo_epi16(zero, v)), gb_sse_from_f16(_mm_unpackhi_epi16(zero, v)),
                         gb_sse_from_f16(_mm_unpacklo_epi16(zero, w)), gb_sse_from_f16(_mm_unpackhi_epi16(zero, w))}};
}

GB_INLINE float gb_v_scale(const void *p) {
    return _mm_cvtss_f32(gb_sse_from_f16(_mm_cvtsi32_si128((int)((uint32_t)gb_load_u16(p, 0) << 16))));
}

/* gb_f16_from_f32() of reference/number.h on four lanes. */
GB_INLINE __m128i gb_sse_f16(gb_floats x) {
    const __m128i u = _mm_castps_si128(x);
    const __m128i a = _mm_and_si128(u, _mm_set1_epi32(0x7fffffff));
    const __m128i sign = _mm_and_si128(_mm_srli_epi32(u, 16), _mm_set1_epi32(0x8000));
    const __m128i odd = _mm_and_si128(_mm_srli_epi32(a, 13), _mm_set1_epi32(1));
    const __m128i normal = _mm_srli_epi32(_mm_add_epi32(_mm_add_epi32(a, odd), _mm_set1_epi32(0xfff - 0x38000000)), 13);
    const __m128 half = _mm_set1_ps(0.5F); /* puts the unit in the last place at 2^-24 */
    const __m128i small =
        _mm_sub_epi32(_mm_castps_si128(_mm_add_ps(_mm_castsi128_ps(a), half)), _mm_castps_si128(half));
    __m128i h = _mm_blendv_epi8(normal, small, _mm_cmplt_epi32(a, _mm_set1_epi32(0x38800000)));
    h = _mm_blendv_epi8(h, _mm_set1_epi32(0x7c00), _mm_cmpgt_epi32(a, _mm_set1_epi32(0x477fefff)));
    h = _mm_blendv_epi8(h, _mm_set1_epi32(0x7e00), _mm_cmpgt_epi32(a, _mm_set1_epi32(0x7f800000)));
    return _mm_or_si128(h, sign);
}

GB_INLINE gb_bytes gb_v_to_f16(gb_floats a, gb_floats b) {
    return _mm_packus_epi32(gb_sse_f16(a), gb_sse_f16(b));
}

GB_INLINE gb_floats4 gb_v_from_bf16(const void *p) {
    const __m128i zero = _mm_setzero_si128();
    gb_floats4 x;
    for (size_t h = 0; h < 2; h++) {
        const __m128i v = gb_v_load((const char *)p + 16 * h);
        x.val[2 * h] = _mm_castsi128_ps(_mm_unpacklo_epi16(zero, v));
        x.val[2 * h + 1] = _mm_castsi128_ps(_mm_unpackhi_epi16(zero, v));
    }
    return x;
}

/* Nearest even on the upper half; a NaN keeps its upper half and is made quiet. */
GB_INLINE __m128i gb_sse_bf16(gb_floats x) {
    const __m128i u = _mm_castps_si128(x);
    const __m128i odd = _mm_and_si128(_mm_srli_epi32(u, 16), _mm_set1_epi32(1));
    const __m128i rounded = _mm_add_epi32(_mm_add_epi32(u, _mm_set1_epi32(0x7fff)), odd);
    const __m128i quiet = _mm_or_si128(u, _mm_set1_epi32(0x400000));
    return _mm_srli_epi32(_mm_blendv_epi8(rounded, quiet, _mm_castps_si128(_mm_cmpunord_ps(x, x))), 16);
}

GB_INLINE gb_bytes gb_v_to_bf16(gb_floats a, gb_floats b) {
    return _mm_packus_epi32(gb_sse_bf16(a), gb_sse_bf16(b));
}

GB_INLINE gb_floats gb_v_add_exact(gb_floats s, gb_floats x, gb_floats y) {
    return _mm_add_ps(s, _mm_mul_ps(x, y));
}

GB_V_IS(gb_floats, gb_v_pairs, _mm_hadd_ps)

GB_INLINE gb_floats gb_v_fold(gb_floats a, gb_floats b) {
    return _mm_add_ps(_mm_movelh_ps(a, b), _mm_movehl_ps(b, a));
}

GB_INLINE __m128 gb_sse_abs(__m128 x) {
    return _mm_andnot_ps(_mm_set1_ps(-0.0F), x);
}

/* maxps returns its second operand if one is NaN. */
GB_INLINE float gb_v_magnitude(const float *x, size_t n) {
    __m128 m[4] = {_mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps()};
    for (size_t i = 0; i < n; i += 16)
        for (size_t j = 0; j < 4; j++) m[j] = _mm_max_ps(gb_sse_abs(_mm_loadu_ps(x + i + 4 * j)), m[j]);
    m[0] = _mm_max_ps(_mm_max_ps(m[0], m[1]), _mm_max_ps(m[2], m[3]));
    m[0] = _mm_max_ps(m[0], _mm_movehl_ps(m[0], m[0]));
    return _mm_cvtss_f32(_mm_max_ss(m[0], _mm_movehdup_ps(m[0])));
}

GB_INLINE float gb_v_first_extreme(const float *x, size_t n, float magnitude) {
    if (magnitude == 0.0F) return 0.0F;
    for (size_t i = 0; i < n; i += 4) {
        const int hit = _mm_movemask_ps(_mm_cmpeq_ps(gb_sse_abs(_mm_loadu_ps(x + i)), _mm_set1_ps(magnitude)));
        if (hit) return x[i + (size_t)__builtin_ctz((unsigned)hit)];
    }
    return 0.0F; /* not reached: the magnitude is one of theirs */
}

/* trunc(x + just under 1/2 with the sign of x); see kernels/scalar/bytes32.h for why it is exact. */
GB_INLINE gb_ints gb_v_round_away(gb_floats x) {
    const __m128 v = _mm_and_ps(x, _mm_cmpord_ps(x, x));
    const __m128 sign = _mm_and_ps(v, _mm_set1_ps(-0.0F));
    return _mm_cvttps_epi32(_mm_add_ps(v, _mm_or_ps(sign, _mm_set1_ps(0x1.fffffep-2F))));
}

/* A NaN gives INT32_MIN. */
GB_INLINE gb_ints gb_v_nearest_even(gb_floats x) {
    return _mm_cvtps_epi32(x);
}

GB_INLINE gb_ints gb_v_truncated(gb_floats x) {
    return _mm_cvttps_epi32(x);
}

/* maxps and minps return their second operand if one is NaN. */
GB_INLINE gb_floats gb_v_clamp(gb_floats x, float low, float high) {
    return _mm_min_ps(_mm_set1_ps(high), _mm_max_ps(_mm_set1_ps(low), x));
}

GB_INLINE gb_floats gb_v_larger(gb_floats x, gb_floats m) {
    return _mm_max_ps(x, m);
}

GB_INLINE int gb_v_any_equal(gb_floats x, gb_floats y) {
    return _mm_movemask_ps(_mm_cmpeq_ps(x, y));
}

GB_INLINE void gb_v_rotate8(float *x, const float *cs) {
    for (size_t i = 0; i < 8; i += 4) {
        const __m128 v = _mm_loadu_ps(x + i);
        const __m128 angle = _mm_loadu_ps(cs + i);
        const __m128 by_cos = _mm_mul_ps(v, _mm_moveldup_ps(angle));
        const __m128 by_sin = _mm_mul_ps(_mm_shuffle_ps(v, v, 0xb1), _mm_movehdup_ps(angle));
        _mm_storeu_ps(x + i, _mm_addsub_ps(by_cos, by_sin));
    }
}

/* The low mantissa bits of x + 1.5 * 2^23, 0 for a NaN. */
GB_INLINE gb_ints gb_v_nearest_int(gb_floats x) {
    const __m128 t = _mm_add_ps(x, _mm_set1_ps(12582912.0F));
    const __m128i low = _mm_and_si128(_mm_castps_si128(t), _mm_set1_epi32(0x7fffff));
    return _mm_and_si128(_mm_sub_epi32(low, _mm_set1_epi32(0x400000)), _mm_castps_si128(_mm_cmpord_ps(t, t)));
}

#endif
