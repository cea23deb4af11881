/* q4_K with VNNI. Codes are the unsigned operand of vpdpbusd; products are scaled inside the integers with vpdpwssd,
 * which multiplies the low 16 bits of a lane by a 6-bit scale (the scale's high half is 0) and adds: the sum of four
 * products is at most 15 * 128 * 4 in magnitude, that of 32 products is brought into 16 bits by an offset. */
#include "kernels/avx512vnni/gemm_tile.h"
#include "kernels/avx512vnni/gemv_k.h"

enum { BLOCK = 256, SUB = 32, SUBS = 8 };

static inline __m512i nibble_mask(void) {
    return _mm512_set1_epi8(15);
}

/* Eight scales or mins as bytes of a word, from the three dwords of the twelve packed bytes. */
static inline uint64_t unpack_scales(uint32_t a, uint32_t c) {
    return (a & 0x3f3f3f3fU) | (uint64_t)((c & 0x0f0f0f0fU) | (a >> 2 & 0x30303030U)) << 32;
}

static inline void read_scales(const uint8_t q[12], uint64_t *sc, uint64_t *mn) {
    *sc = unpack_scales(gb_load_u32(q), gb_load_u32(q + 8));
    *mn = unpack_scales(gb_load_u32(q + 4), gb_load_u32(q + 8) >> 4);
}

void gb_q4_K_dequantize_avx512vnni(const void *blocks, float *x, size_t n) {
    const gb_block_q4_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++) {
        uint64_t sc;
        uint64_t mn;
        read_scales(b->scales, &sc, &mn);
        const float d = gb_half(b->d);
        const float dmin = gb_half(b->dmin);
        for (size_t j = 0; j < SUBS; j++, sc >>= 8, mn >>= 8, x += SUB) {
            const __m512 ds = _mm512_set1_ps(d * (float)(int)(sc & 63));
            const __m512 dm = _mm512_set1_ps(dmin * (float)(int)(mn & 63));
            for (size_t i = 0; i < SUB; i += 16) {
                const __m128i q = gb_load128(b->qs + j / 2 * 32 + i);
                const __m128i code = _mm_and_si128(j % 2 ? _mm_srli_epi16(q, 4) : q, _mm_set1_epi8(15));
                const __m512 value = _mm512_mul_ps(ds, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(code)));
                _mm512_storeu_ps(x + i, _mm512_sub_ps(value, dm));
            }
        }
    }
}

/* A vector of 64 code bytes holds sub-blocks c, c + 2 in its low and c + 1, c + 3 in its high nibbles (c = 0, 4):
 * activations in the order 0 2 1 3 4 6 5 7 of sub-blocks. */
GB_INLINE void prepare(gb_act_k *act, size_t k, const gb_block_q8_K *a) {
    static const uint8_t order[SUBS] = {0, 2, 1, 3, 4, 6, 5, 7};
    for (size_t j = 0; j < SUBS; j++) {
        memcpy(act->q[k] + j * SUB, a->qs + order[j] * SUB, SUB);
        act->bsums[k][j] = (int16_t)(a->bsums[2 * j] + a->bsums[2 * j + 1]);
    }
}

/* Adds the scaled lane sums of 64 codes: sub-blocks j (low half) and j + 2 (high half). */
GB_INLINE __m512i add_scaled(__m512i sum, __m512i codes, const int8_t *q, __m512i scales, int j) {
    const __m512i products = _mm512_dpbusd_epi32(_mm512_setzero_si512(), codes, gb_load512(q));
    const __m512i which = _mm512_inserti64x4(_mm512_set1_epi32(j), _mm256_set1_epi32(j + 2), 1);
    return _mm512_dpwssd_epi32(sum, products, _mm512_permutexvar_epi32(which, scales));
}

GB_INLINE void row(const uint8_t *w, const gb_act_k *act, size_t blocks, gb_sums_k *s, size_t r) {
    for (size_t k = 0; k < blocks; k++, w += sizeof(gb_block_q4_K)) {
        gb_prefetch(w, GB_K_PREFETCH);
        gb_prefetch(w, GB_K_PREFETCH + 64);
        gb_prefetch(w, GB_K_PREFETCH + 128);
        uint64_t sc;
        uint64_t mn;
        read_scales(w + offsetof(gb_block_q4_K, scales), &sc, &mn);
        const __m512i scales = _mm512_castsi256_si512(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)sc)));
        const __m128i mins = _mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)mn));
        const __m512i q0 = gb_load512(w + offsetof(gb_block_q4_K, qs));
        const __m512i q1 = gb_load512(w + offsetof(gb_block_q4_K, qs) + 64);
        const int8_t *q = act->q[k];
        __m512i a = add_scaled(_mm512_setzero_si512(), _mm512_and_si512(q0, nibble_mask()), q, scales, 0);
        __m512i b = add_scaled(_mm512_setzero_si512(), _mm512_and_si512(q1, nibble_mask()), q + 128, scales, 4);
        a = add_scaled(a, _mm512_and_si512(_mm512_srli_epi16(q0, 4), nibble_mask()), q + 64, scales, 1);
        b = add_scaled(b, _mm512_and_si512(_mm512_srli_epi16(q1, 4), nibble_mask()), q + 192, scales, 5);
        a = _mm512_add_epi32(a, b);
        const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
        const __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
        const __m128i min_sum = _mm_madd_epi16(mins, gb_load128(act->bsums[k]));
        const __m128i both = _mm_add_epi32(_mm_unpacklo_epi32(sum, min_sum), _mm_unpackhi_epi32(sum, min_sum));
        const __m128i total = _mm_add_epi32(both, _mm_unpackhi_epi64(both, both));
        s->sum[k][r] = _mm_cvtsi128_si32(total);
        s->min_sum[k][r] = _mm_extract_epi32(total, 1);
        s->scale[k][r] = gb_load_u32(w);
    }
}

/* (d * da) * isum - (dmin * da) * msum, scale = d | dmin << 16. */
GB_INLINE __m512 combine(__m512 d, __m512 dmin, __m512 da, __m512i sum, __m512i min_sum) {
    const __m512 scaled = _mm512_mul_ps(_mm512_mul_ps(d, da), _mm512_cvtepi32_ps(sum));
    const __m512 offset = _mm512_mul_ps(_mm512_mul_ps(dmin, da), _mm512_cvtepi32_ps(min_sum));
    return _mm512_sub_ps(scaled, offset);
}

GB_INLINE __m512 term(const gb_sums_k *s, size_t k, __m512 da) {
    const __m512i scale = gb_load512(s->scale[k]);
    return combine(gb_halves(scale), gb_halves(_mm512_srli_epi32(scale, 16)), da, gb_load512(s->sum[k]),
                   gb_load512(s->min_sum[k]));
}

static const gb_super_k format = {sizeof(gb_block_q4_K), prepare, row, term};

void gb_q4_K_gemv_avx512vnni(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_gemv_k(&format, w, w_stride, rows, a, n, y);
}

float gb_q4_K_dot_avx512vnni(const void *w, const void *a, size_t n) {
    float y = 0.0F;
    gb_gemv_k(&format, w, 0, 1, a, n, &y);
    return y;
}

/* Panel per super-block and 16 rows: per sub-block 8 vectors of codes and one of scales; then four vectors of mins and
 * four of scales, two sub-blocks a lane; the sum of the scales; d; dmin.
 * Tile per super-block: per sub-block 8 x 4 columns x 4 bytes and the start of its integer sum; then per pair of
 * sub-blocks their sums s as 16-bit pairs, and 8 s; then the scales.
 * The sum of a sub-block starts at -8 s - 1: sum (code - 8) q - 1 lies in -32513 .. 32767 (32 * -8 * -128 - 1) and is
 * a 16-bit operand of vpdpwssd. What that leaves out, sc * (8 s + 1), is added per pair and with the sum of the
 * scales. 8 s itself is within -32768 .. 32512. */
enum {
    SUB_PANEL = 9 * 64,
    PANEL = SUBS * SUB_PANEL + 11 * 64,
    SUB_TILE = 36 * GB_COLS,
    TILE = SUBS * SUB_TILE + 36 * GB_COLS
};

GB_INLINE void unpack_codes(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    for (size_t part = 0; part < 8; part++) { /* 16 bytes of each row: 16 elements of two sub-blocks */
        __m512i v[4];
        gb_load_rows(rows, at + 16 * part, v);
        uint8_t *low = out + (part / 2 * 2 * 9 + part % 2 * 4) * step;
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) {
            _mm512_storeu_si512(low + i * step, _mm512_and_si512(v[i], nibble_mask()));
            _mm512_storeu_si512(low + (9 + i) * step, _mm512_and_si512(_mm512_srli_epi16(v[i], 4), nibble_mask()));
        }
    }
}

/* Bytes 2i, 2i + 1 of each dword -> two 16-bit lanes. */
GB_INLINE __m512i byte_pair(__m512i v, int i) {
    const __m512i low = _mm512_and_si512(_mm512_srli_epi32(v, (unsigned)(16 * i)), _mm512_set1_epi32(0xff));
    const __m512i high = _mm512_srli_epi32(_mm512_slli_epi32(v, (unsigned)(16 - 16 * i)), 24);
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    unpack_codes(rows, at + offsetof(gb_block_q4_K, qs), out, step);
    __m512i h[4]; /* d and dmin, then the twelve scale bytes, lane = row */
    gb_load_rows(rows, at, h);
    const __m512i six = _mm512_set1_epi32(0x3f3f3f3f);
    const __m512i four = _mm512_set1_epi32(0x0f0f0f0f);
    const __m512i two = _mm512_set1_epi32(0x30303030);
    const __m512i sc[2] = {
        _mm512_and_si512(h[1], six),
        _mm512_or_si512(_mm512_and_si512(h[3], four), _mm512_and_si512(_mm512_srli_epi32(h[1], 2), two))};
    const __m512i mn[2] = {_mm512_and_si512(h[2], six),
                           _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi32(h[3], 4), four),
                                           _mm512_and_si512(_mm512_srli_epi32(h[2], 2), two))};
    uint8_t *tail = out + SUBS * 9 * step;
    __m512i total = _mm512_setzero_si512();
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) {
        const __m512i pair = byte_pair(sc[i / 2], i % 2);
        total = _mm512_dpwssd_epi32(total, pair, _mm512_set1_epi16(1));
        _mm512_storeu_si512(tail + i * step, byte_pair(mn[i / 2], i % 2));
        _mm512_storeu_si512(tail + (4 + i) * step, pair);
        _mm512_storeu_si512(out + (18 * i + 8) * step, _mm512_and_si512(pair, _mm512_set1_epi32(0xffff)));
        _mm512_storeu_si512(out + (18 * i + 17) * step, _mm512_srli_epi32(pair, 16));
    }
    _mm512_storeu_si512(tail + 8 * step, total);
    _mm512_storeu_ps(tail + 9 * step, gb_halves(h[0]));
    _mm512_storeu_ps(tail + 10 * step, gb_halves(_mm512_srli_epi32(h[0], 16)));
}

GB_INLINE void pack(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    uint8_t *tail = out + SUBS * SUB_TILE;
    __m128i even = _mm_setzero_si128();
    for (size_t j = 0; j < SUBS; j++, out += SUB_TILE) {
        gb_pack_codes(col, at + offsetof(gb_block_q8_K, qs) + j * SUB, out);
        const __m128i sum = gb_column_sums(out, 8);
        const __m128i start = _mm_sub_epi32(_mm_set1_epi32(-1), _mm_slli_epi32(sum, 3));
        _mm_storeu_si128((__m128i *)(out + 32 * GB_COLS), start);
        if (j % 2 == 0) {
            even = sum;
            continue;
        }
        const __m128i pair = _mm_blend_epi16(even, _mm_slli_epi32(sum, 16), 0xaa);
        _mm_storeu_si128((__m128i *)(tail + j / 2 * 32), pair);
        _mm_storeu_si128((__m128i *)(tail + j / 2 * 32 + 16), _mm_slli_epi16(pair, 3));
    }
    for (size_t t = 0; t < GB_COLS; t++)
        memcpy(tail + 128 + 4 * t, col[t] + at + offsetof(gb_block_q8_K, d), sizeof(float));
}

/* Codes of one sub-block times four columns, scaled into total. */
GB_INLINE void multiply_sub(const uint8_t *panel, const uint8_t *tile, size_t groups,
                            __m512i total[GB_GROUPS][GB_COLS]) {
    __m512i sum[GB_GROUPS][GB_COLS];
    gb_dot_codes(panel, tile, tile + 32 * GB_COLS, 8, groups, sum);
    GB_UNROLL
    for (size_t i = 0; i < groups; i++) {
        GB_UNROLL
        for (size_t t = 0; t < GB_COLS; t++)
            total[i][t] = gb_dpwssd(total[i][t], sum[i][t], panel + (8 * groups + i) * 64);
    }
}

GB_INLINE void multiply(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups,
                        __m512 acc[GB_GROUPS][GB_COLS]) {
    for (size_t b = 0; b < blocks; b++, panel += PANEL * groups, tile += TILE) {
        const uint8_t *rest = panel + SUBS * SUB_PANEL * groups;
        const uint8_t *sums = tile + SUBS * SUB_TILE;
        __m512i total[GB_GROUPS][GB_COLS];
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++) total[i][t] = gb_load512(rest + (8 * groups + i) * 64);
        }
        for (size_t j = 0; j < SUBS; j++)
            multiply_sub(panel + j * SUB_PANEL * groups, tile + j * SUB_TILE, groups, total);
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            const uint8_t *p = rest + i * 64;
            const __m512 d = _mm512_loadu_ps(p + 9 * groups * 64);
            const __m512 dmin = _mm512_loadu_ps(p + 10 * groups * 64);
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++) {
                __m512i min_sum = _mm512_setzero_si512();
                GB_UNROLL
                for (size_t j = 0; j < 4; j++) {
                    const uint8_t *pair = sums + 32 * j + 4 * t;
                    min_sum = gb_dpwssd(min_sum, gb_broadcast32(pair), p + j * groups * 64);
                    total[i][t] = gb_dpwssd(total[i][t], gb_broadcast32(pair + 16), p + (4 + j) * groups * 64);
                }
                const __m512 da = gb_broadcast_f32(sums + 128 + 4 * t);
                acc[i][t] = _mm512_add_ps(acc[i][t], combine(d, dmin, da, total[i][t], min_sum));
            }
        }
    }
}

void gb_q4_K_gemm_avx512vnni(const gb_gemm_args *g) {
    static const gb_tile tile = {.elems = BLOCK,
                                 .w_bytes = sizeof(gb_block_q4_K),
                                 .a_bytes = sizeof(gb_block_q8_K),
                                 .panel_bytes = PANEL,
                                 .tile_bytes = TILE,
                                 .unpack = unpack,
                                 .pack = pack,
                                 .multiply = multiply};
    gb_gemm_tiles(&tile, g);
}
