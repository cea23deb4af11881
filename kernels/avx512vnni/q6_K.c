/* q6_K with VNNI. Codes 0..63 are the unsigned operand of vpdpbusd; products are scaled inside the integers with
 * vpdpwssd, which multiplies the low 16 bits of a lane by a signed scale (its high half is 0) and adds. The sum of four
 * products, at most 63 * 128 * 4 = 32256 in magnitude, fits as it is. */
#include "kernels/avx512vnni/gemm_tile.h"
#include "kernels/avx512vnni/gemv_k.h"

enum { BLOCK = 256, SUB = 16, SUBS = 16, HALF = 128 };

/* The six-bit codes of quarters 0 .. 3 of a half from bytes a = ql[l], b = ql[32 + l], h = qh[l]: the low or high
 * nibble and, from h, two bits moved to bits 4 and 5. Shifts act on 16-bit lanes; what crosses a byte is masked away.
 */
GB_INLINE void assemble(__m512i a, __m512i b, __m512i h, __m512i code[4]) {
    const __m512i low = _mm512_set1_epi8(15);
    const __m512i high = _mm512_set1_epi8(0x30);
    const __m512i nibble[4] = {a, b, _mm512_srli_epi16(a, 4), _mm512_srli_epi16(b, 4)};
    const __m512i bits[4] = {_mm512_slli_epi16(h, 4), _mm512_slli_epi16(h, 2), h, _mm512_srli_epi16(h, 2)};
    GB_UNROLL
    for (size_t q = 0; q < 4; q++)
        code[q] = _mm512_or_si512(_mm512_and_si512(nibble[q], low), _mm512_and_si512(bits[q], high));
}

void gb_q6_K_dequantize_avx512vnni(const void *blocks, float *x, size_t n) {
    const gb_block_q6_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        const float d = gb_half(b->d);
        for (size_t part = 0; part < 4; part++) { /* 16 bytes of ql twice, 16 of qh: one sub-block of each quarter */
            const uint8_t *ql = b->ql + part / 2 * 64 + part % 2 * 16;
            const __m128i h = gb_load128(b->qh + part * 16);
            __m512i code[4];
            assemble(_mm512_castsi128_si512(gb_load128(ql)), _mm512_castsi128_si512(gb_load128(ql + 32)),
                     _mm512_castsi128_si512(h), code);
            GB_UNROLL
            for (size_t q = 0; q < 4; q++) {
                const size_t j = part / 2 * 8 + 2 * q + part % 2;
                const __m512i wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(code[q]));
                const __m512 value = _mm512_cvtepi32_ps(_mm512_sub_epi32(wide, _mm512_set1_epi32(32)));
                _mm512_storeu_ps(x + j * SUB, _mm512_mul_ps(_mm512_set1_ps(d * (float)b->scales[j]), value));
            }
        }
    }
}

GB_INLINE void prepare(gb_act_k *act, size_t k, const gb_block_q8_K *a) {
    memcpy(act->q[k], a->qs, BLOCK);
    memcpy(act->bsums[k], a->bsums, sizeof act->bsums[k]);
}

/* Codes of 128 elements in natural order: quarters 0 and 1, quarters 2 and 3. The bytes of qh serve both halves of a
 * vector, shifted by different amounts. */
GB_INLINE void half_codes(const uint8_t *ql, const uint8_t *qh, __m512i code[2]) {
    const __m512i low = _mm512_set1_epi8(15);
    const __m512i high = _mm512_set1_epi8(0x30);
    const __m512i left = _mm512_inserti64x4(_mm512_set1_epi16(4), _mm256_set1_epi16(2), 1);
    const __m512i right = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi16(2), 1);
    const __m512i q = gb_load512(ql);
    const __m512i h = _mm512_broadcast_i64x4(gb_load256(qh));
    code[0] = _mm512_or_si512(_mm512_and_si512(q, low), _mm512_and_si512(_mm512_sllv_epi16(h, left), high));
    code[1] = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi16(q, 4), low),
                              _mm512_and_si512(_mm512_srlv_epi16(h, right), high));
}

/* Scales 4i .. 4i + 3, each in the low half of four dwords: the byte goes to bits 8-15 and is shifted down signed. */
GB_INLINE __m512i spread_scales(__m512i scales, int i) {
    const __m512i z = _mm512_set1_epi32((int)0x80808080U);
    const __m512i quarter = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1)),
                                               _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3), 1);
    const __m512i byte = _mm512_slli_epi32(_mm512_add_epi32(quarter, _mm512_set1_epi32(4 * i)), 8);
    const __m512i which = _mm512_or_si512(_mm512_and_si512(z, _mm512_set1_epi32((int)0xffff00ffU)), byte);
    return _mm512_srai_epi16(_mm512_shuffle_epi8(scales, which), 8);
}

GB_INLINE void row(const uint8_t *w, const gb_act_k *act, size_t blocks, gb_sums_k *s, size_t r) {
    for (size_t k = 0; k < blocks; k++, w += sizeof(gb_block_q6_K)) {
        const gb_block_q6_K *b = (const gb_block_q6_K *)w;
        for (size_t line = 0; line < 4; line++) gb_prefetch(w, GB_K_PREFETCH + 64 * line);
        const __m128i sc = gb_load128(b->scales);
        const __m512i scales = _mm512_broadcast_i32x4(sc);
        __m512i sum[2];
        GB_UNROLL
        for (int h = 0; h < 2; h++) {
            __m512i code[2];
            half_codes(b->ql + 64 * h, b->qh + 32 * h, code);
            sum[h] = _mm512_setzero_si512();
            GB_UNROLL
            for (int i = 0; i < 2; i++) {
                const int8_t *q = act->q[k] + HALF * h + 64 * i;
                const __m512i products = _mm512_dpbusd_epi32(_mm512_setzero_si512(), code[i], gb_load512(q));
                sum[h] = _mm512_dpwssd_epi32(sum[h], products, spread_scales(scales, 2 * h + i));
            }
        }
        sum[0] = _mm512_add_epi32(sum[0], sum[1]);
        /* the offset of the codes: 32 * sum of scale times activations */
        const __m256i offset = _mm256_madd_epi16(_mm256_cvtepi8_epi16(sc), gb_load256(act->bsums[k]));
        const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(sum[0]), _mm512_extracti64x4_epi64(sum[0], 1));
        const __m256i part = _mm256_sub_epi32(half, _mm256_slli_epi32(offset, 5));
        const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(part), _mm256_extracti128_si256(part, 1));
        const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
        s->sum[k][r] = _mm_cvtsi128_si32(two) + _mm_extract_epi32(two, 1);
        s->scale[k][r] = b->d;
    }
}

GB_INLINE __m512 term(const gb_sums_k *s, size_t k, __m512 da) {
    const __m512 d = gb_halves(gb_load512(s->scale[k]));
    return _mm512_mul_ps(_mm512_mul_ps(d, da), _mm512_cvtepi32_ps(gb_load512(s->sum[k])));
}

static const gb_super_k format = {sizeof(gb_block_q6_K), prepare, row, term};

void gb_q6_K_gemv_avx512vnni(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_gemv_k(&format, w, w_stride, rows, a, n, y);
}

float gb_q6_K_dot_avx512vnni(const void *w, const void *a, size_t n) {
    float y = 0.0F;
    gb_gemv_k(&format, w, 0, 1, a, n, &y);
    return y;
}

/* Panel per super-block and 16 rows: per sub-block 4 vectors of codes and one of scales; then twice the sum of the
 * scales; d. Tile per super-block: per sub-block 4 x 4 columns x 4 bytes and the starts of its two integer sums; then
 * the scales.
 * A sum covers 8 elements (s = sum of their activations) and starts at -32 s - 1: sum (code - 32) q - 1 lies in
 * -32513 .. 32767 (8 * -32 * -128 - 1) and is a 16-bit operand of vpdpwssd. The 1 is given back, times the scale, by
 * the start of the total. */
enum {
    SUB_PANEL = 5 * 64,
    PANEL = SUBS * SUB_PANEL + 2 * 64,
    SUB_TILE = 24 * GB_COLS,
    TILE = SUBS * SUB_TILE + 4 * GB_COLS
};

GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    for (size_t part = 0; part < 4; part++) {
        const size_t ql = at + offsetof(gb_block_q6_K, ql) + part / 2 * 64 + part % 2 * 16;
        __m512i a[4];
        __m512i b[4];
        __m512i h[4];
        gb_load_rows(rows, ql, a);
        gb_load_rows(rows, ql + 32, b);
        gb_load_rows(rows, at + offsetof(gb_block_q6_K, qh) + part * 16, h);
        uint8_t *to = out + (part / 2 * 8 + part % 2) * 5 * step;
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) {
            __m512i code[4];
            assemble(a[i], b[i], h[i], code);
            GB_UNROLL
            for (size_t q = 0; q < 4; q++) _mm512_storeu_si512(to + (10 * q + i) * step, code[q]);
        }
    }
    __m512i sc[4];
    gb_load_rows(rows, at + offsetof(gb_block_q6_K, scales), sc);
    __m512i total = _mm512_setzero_si512();
    for (size_t j = 0; j < SUBS; j++) {
        const __m512i byte = _mm512_slli_epi32(_mm512_srlv_epi32(sc[j / 4], _mm512_set1_epi32((int)(j % 4 * 8))), 24);
        const __m512i scale = _mm512_srai_epi32(byte, 24);
        total = _mm512_add_epi32(total, _mm512_slli_epi32(scale, 1));
        _mm512_storeu_si512(out + (5 * j + 4) * step, _mm512_and_si512(scale, _mm512_set1_epi32(0xffff)));
    }
    _mm512_storeu_si512(out + SUBS * 5 * step, total);
    _mm512_storeu_ps(out + (SUBS * 5 + 1) * step, gb_row_scales(rows, at + offsetof(gb_block_q6_K, d)));
}

GB_INLINE void pack(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    for (size_t j = 0; j < SUBS; j += 2, out += 2 * SUB_TILE) {
        uint8_t codes[32 * GB_COLS];
        gb_pack_codes(col, at + offsetof(gb_block_q8_K, qs) + j * SUB, codes);
        for (size_t i = 0; i < 4; i++) { /* 8 elements of four columns */
            uint8_t *sub = out + i / 2 * SUB_TILE;
            const uint8_t *from = codes + i * 8 * GB_COLS;
            memcpy(sub + i % 2 * 8 * GB_COLS, from, 8 * GB_COLS);
            const __m128i sum = _mm_slli_epi32(gb_column_sums(from, 2), 5);
            _mm_storeu_si128((__m128i *)(sub + 64 + i % 2 * 16), _mm_sub_epi32(_mm_set1_epi32(-1), sum));
        }
    }
    for (size_t t = 0; t < GB_COLS; t++) memcpy(out + 4 * t, col[t] + at + offsetof(gb_block_q8_K, d), sizeof(float));
}

/* Codes of one sub-block times four columns, scaled into total. */
GB_INLINE void multiply_sub(const uint8_t *panel, const uint8_t *tile, size_t groups,
                            __m512i total[GB_GROUPS][GB_COLS]) {
    GB_UNROLL
    for (size_t half = 0; half < 2; half++) {
        __m512i sum[GB_GROUPS][GB_COLS];
        gb_dot_codes(panel + 2 * half * groups * 64, tile + 32 * half, tile + 64 + 16 * half, 2, groups, sum);
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++)
                total[i][t] = gb_dpwssd(total[i][t], sum[i][t], panel + (4 * groups + i) * 64);
        }
    }
}

GB_INLINE void multiply(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups,
                        __m512 acc[GB_GROUPS][GB_COLS]) {
    for (size_t b = 0; b < blocks; b++, panel += PANEL * groups, tile += TILE) {
        const uint8_t *rest = panel + SUBS * SUB_PANEL * groups;
        __m512i total[GB_GROUPS][GB_COLS];
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++) total[i][t] = gb_load512(rest + i * 64);
        }
        for (size_t j = 0; j < SUBS; j++)
            multiply_sub(panel + j * SUB_PANEL * groups, tile + j * SUB_TILE, groups, total);
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            const __m512 dw = _mm512_loadu_ps(rest + (groups + i) * 64);
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++) {
                const __m512 d = _mm512_mul_ps(dw, gb_broadcast_f32(tile + SUBS * SUB_TILE + 4 * t));
                acc[i][t] = _mm512_add_ps(acc[i][t], _mm512_mul_ps(d, _mm512_cvtepi32_ps(total[i][t])));
            }
        }
    }
}

void gb_q6_K_gemm_avx512vnni(const gb_gemm_args *g) {
    static const gb_tile tile = {.elems = BLOCK,
                                 .w_bytes = sizeof(gb_block_q6_K),
                                 .a_bytes = sizeof(gb_block_q8_K),
                                 .panel_bytes = PANEL,
                                 .tile_bytes = TILE,
                                 .unpack = unpack,
                                 .pack = pack,
                                 .multiply = multiply};
    gb_gemm_tiles(&tile, g);
}
