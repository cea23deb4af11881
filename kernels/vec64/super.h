/* The K-quants (and, by lattice.h, i-quants) in vectors of 64 bytes: super-blocks of 256 codes that are the unsigned
 * operand of gb_add_bytes() (vpdpbusd where the tier has it), with integer scales of sub-blocks. Here: dequantize and
 * gemv of a format from its descriptor; their gemm is in gemm_scaled.h, gemm_levels.h and gemm_flat.h.
 *
 * gemv: a row is read once, front to back. Products are scaled inside the integers by gb_add_pairs(), which multiplies
 * the low 16 bits of a lane by a scale (its high half is 0) and adds: the sum of four products is at most 63 * 128 * 4
 * = 32256 in magnitude. Per super-block only its integers and its f16 scales are kept, with lane = row, and after
 * sixteen rows the float terms are computed and summed in order for all of them at once. */
#ifndef GB_VEC64_SUPER_H
#define GB_VEC64_SUPER_H

#include "kernels/vec64/gemm_tile.h"
#include "reference/number.h"

enum {
    GB_BLOCK = 256,
    GB_QUADS = 64,       /* vectors of codes of a gemm panel: four elements of sixteen rows each */
    GB_SUPER = 32,       /* super-blocks of a row handled at a time */
    GB_K_PREFETCH = 2560 /* bytes ahead */
};

/* One byte each: scales of 32 (the first eight) or 16 elements in order, and mins likewise. */
typedef struct gb_super_scales {
    __m128i sc, mn;
} gb_super_scales;

/* The activation row as a span of gemv wants it, computed once for all rows. */
typedef struct gb_act_k {
    _Alignas(64) int8_t q[GB_SUPER][GB_BLOCK]; /* in the order of the format's codes */
    _Alignas(64) int32_t start[GB_SUPER][32];  /* of sums of products, where the format has its own `prepare` */
    int16_t sums[GB_SUPER][16];                /* of the sub-blocks */
    float d[GB_SUPER];
} gb_act_k;

typedef struct gb_super {
    size_t bytes, d_at; /* of a block; of its f16 d (and, in formats with mins, dmin behind it) */
    size_t sub;         /* elements of a sub-block: 16, 32 */
    int mins;           /* or a value is its code minus 1 << offset_log2, and scales are signed */
    unsigned offset_log2;
    int ones;                         /* scales are all 1 */
    int wide;                         /* codes of eight bits (sub = 32, no mins): products are scaled in 32 bits */
    float unit;                       /* a power of two on the finished sum and on d * sc; 0: there is none */
    uint16_t (*d)(const void *block); /* where d is not at one place; otherwise NULL */
    uint8_t order[8];                 /* which 32 elements the halves of the four vectors of codes hold */
    void (*codes)(const uint8_t *w, __m512i code[4]);
    void (*natural)(const uint8_t *w, __m512i code[4]); /* in natural order, of dot; NULL: codes() are */
    int by_rows; /* gemv is dot, row after row: here it takes less time than sums of sixteen rows */
    int unaided; /* no prefetch: the processor's own reading ahead is faster without */
    gb_super_scales (*scales)(const uint8_t *w);
    /* gemv of a format whose products are in another order; otherwise NULL */
    void (*prepare)(gb_act_k *act, size_t k, const gb_block_q8_K *a);
    int32_t (*sum)(const uint8_t *w, const gb_act_k *act, size_t k);
} gb_super;

GB_INLINE uint16_t gb_super_d(const gb_super *f, const uint8_t *w) {
    return f->d ? f->d(w) : gb_load_u16(w + f->d_at, 0);
}

/* Other shifts in the two halves of a vector. */
GB_INLINE __m512i gb_two_counts(short low, short high) {
    return _mm512_inserti64x4(_mm512_set1_epi16(low), _mm256_set1_epi16(high), 1);
}

/* Vector v: bits of 32 bytes twice, `step` bits apart, from step * 2 * v on. What comes from the next byte lies above.
 */
GB_INLINE __m512i gb_twice_shifted(const uint8_t *bytes, short step, size_t v) {
    const __m512i twice = _mm512_broadcast_i64x4(gb_load256(bytes));
    const short first = (short)(2 * v * (size_t)step);
    return _mm512_srlv_epi16(twice, gb_two_counts(first, (short)(first + step)));
}

/* a & low | b & high. */
GB_INLINE __m512i gb_join_bits(__m512i a, char low, __m512i b, char high) {
    const __m512i bits = _mm512_and_si512(a, _mm512_set1_epi8(low));
    return _mm512_ternarylogic_epi64(bits, b, _mm512_set1_epi8(high), 0xf8);
}

/* Bits 2v and 2v + 1 of the 32 bytes at p moved to bit `to` of the two halves. */
GB_INLINE __m512i gb_bits_of_runs(const uint8_t *p, size_t v, unsigned to) {
    const __m512i twice = _mm512_broadcast_i64x4(gb_load256(p));
    const int right = (int)(2 * v) - (int)to; /* a negative count turns left */
    return _mm512_rorv_epi32(twice,
                             _mm512_inserti64x4(_mm512_set1_epi32(right & 31), _mm256_set1_epi32((right + 1) & 31), 1));
}

/* Eight scales and eight mins in twelve bytes (q4_K, q5_K): the layout of reference/kquant.c, four bytes a word. */
GB_INLINE uint64_t gb_unpack_scales(uint32_t a, uint32_t c) {
    return (a & 0x3f3f3f3fU) | (uint64_t)((c & 0x0f0f0f0fU) | (a >> 2 & 0x30303030U)) << 32;
}

GB_INLINE gb_super_scales gb_scales_mins(const uint8_t q[12]) {
    const uint32_t c = gb_load_u32(q + 8);
    return (gb_super_scales){_mm_cvtsi64_si128((long long)gb_unpack_scales(gb_load_u32(q), c)),
                             _mm_cvtsi64_si128((long long)gb_unpack_scales(gb_load_u32(q + 4), c >> 4))};
}

/* Vector i: bits 2i, 2i + 1 of 64 bytes. */
GB_INLINE void gb_two_bits(const uint8_t *bytes, __m512i code[4]) {
    const __m512i two = _mm512_set1_epi8(3);
    const __m512i q = gb_load512_once(bytes);
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) code[i] = _mm512_and_si512(_mm512_srli_epi16(q, (gb_shift16)(2 * i)), two);
}

/* The same in natural order: 32 bytes hold two vectors. */
GB_INLINE void gb_two_bits_natural(const uint8_t *bytes, __m512i code[4]) {
    GB_UNROLL
    for (size_t v = 0; v < 4; v++)
        code[v] = _mm512_and_si512(gb_twice_shifted(bytes + 32 * (v / 2), 2, v % 2), _mm512_set1_epi8(3));
}

GB_INLINE gb_super_scales gb_scales_one(const uint8_t *w) {
    (void)w;
    return (gb_super_scales){_mm_set1_epi8(1), _mm_set1_epi8(1)};
}

/* The codes of a block, lowered by `offset`, in natural order. */
GB_INLINE void gb_ordered_codes(const gb_super *f, const uint8_t *w, __m512i offset, uint8_t q[GB_BLOCK]) {
    __m512i code[4];
    f->codes(w, code);
    GB_UNROLL
    for (size_t v = 0; v < 4; v++) {
        code[v] = _mm512_sub_epi8(code[v], offset);
        _mm256_storeu_si256((__m256i *)(q + 32 * f->order[2 * v]), _mm512_castsi512_si256(code[v]));
        _mm256_storeu_si256((__m256i *)(q + 32 * f->order[2 * v + 1]), _mm512_extracti64x4_epi64(code[v], 1));
    }
}

/* --- dequantize */

/* scale * (float)byte for sixteen signed bytes. */
GB_INLINE void gb_scaled16(float scale, __m128i bytes, float out[16]) {
    _mm512_storeu_ps(out, _mm512_mul_ps(_mm512_set1_ps(scale), _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))));
}

GB_INLINE void gb_super_dequantize(const gb_super *f, const void *blocks, float *x, size_t n) {
    const uint8_t *w = blocks;
    const __m512i offset = _mm512_set1_epi8((char)(f->mins ? 0 : 1 << f->offset_log2));
    for (size_t k = 0; k < n / GB_BLOCK; k++, w += f->bytes) {
        const gb_super_scales s = f->scales(w);
        uint8_t q[GB_BLOCK];
        float ds[16];
        float dm[16];
        gb_ordered_codes(f, w, offset, q);
        gb_scaled16(gb_half(gb_super_d(f, w)), s.sc, ds);
        if (f->mins) gb_scaled16(gb_half(gb_load_u16(w + f->d_at, 1)), s.mn, dm);
        if (f->unit > 0.0F) _mm512_storeu_ps(ds, _mm512_mul_ps(_mm512_loadu_ps(ds), _mm512_set1_ps(f->unit)));
        GB_UNROLL
        for (size_t i = 0; i < GB_BLOCK; i += 16, x += 16) {
            __m512 v = _mm512_mul_ps(_mm512_set1_ps(ds[i / f->sub]), gb_bytes_to_f32(q + i));
            if (f->mins) v = _mm512_sub_ps(v, _mm512_set1_ps(dm[i / f->sub]));
            _mm512_storeu_ps(x, v);
        }
    }
}

/* --- gemv */

/* Exact integers of sixteen rows. scale: bytes of the block's f16 d (and dmin above it). */
typedef struct gb_sums_k {
    _Alignas(64) int32_t sum[GB_SUPER][GB_ROWS];
    int32_t min_sum[GB_SUPER][GB_ROWS];
    uint32_t scale[GB_SUPER][GB_ROWS];
} gb_sums_k;

GB_INLINE void gb_prepare_k(const gb_super *f, gb_act_k *act, size_t k, const gb_block_q8_K *a) {
    act->d[k] = a->d;
    if (f->prepare) {
        f->prepare(act, k, a);
        return;
    }
    for (size_t j = 0; j < 8; j++) memcpy(act->q[k] + 32 * j, a->qs + 32 * f->order[j], 32);
    for (size_t j = 0; j < GB_BLOCK / f->sub; j++)
        act->sums[k][j] = f->sub == 16 ? a->bsums[j] : (int16_t)(a->bsums[2 * j] + a->bsums[2 * j + 1]);
}

/* What gb_spread_scales takes them from: bytes in every quarter, or signed lanes of 16 or 32 bits. */
GB_INLINE __m512i gb_scales_source(const gb_super *f, __m128i bytes) {
    if (f->mins) return _mm512_broadcast_i32x4(bytes);
    if (f->wide) return _mm512_cvtepi8_epi32(bytes);
    return _mm512_castsi256_si512(_mm256_cvtepi8_epi16(bytes));
}

/* The scales of vector v, each in the low half of its dwords, zeros above (wide: in all of them). */
GB_INLINE __m512i gb_spread_scales(const gb_super *f, __m512i source, size_t v) {
    const int per = 32 / (int)f->sub;
    const int a = f->order[2 * v] * per;
    const int b = f->order[2 * v + 1] * per;
    const int last = per - 1; /* the upper sixteen of 32 elements have a scale of their own, or not */
    const __m512i which = _mm512_setr_epi32(a, a, a, a, a + last, a + last, a + last, a + last, b, b, b, b, b + last,
                                            b + last, b + last, b + last);
    if (f->wide) return _mm512_permutexvar_epi32(which, source);
    if (f->mins) return _mm512_shuffle_epi8(source, _mm512_or_si512(which, _mm512_set1_epi32((int)0x80808000U)));
    return _mm512_maskz_permutexvar_epi16(0x55555555, which, source);
}

/* Eight or sixteen scales or mins times the sums of their sub-blocks, four partial sums. */
GB_INLINE __m128i gb_times_sums(const gb_super *f, __m128i bytes, const int16_t *sums) {
    if (f->sub == 32) return _mm_madd_epi16(_mm_cvtepi8_epi16(bytes), gb_load128(sums));
    const __m256i products = _mm256_madd_epi16(_mm256_cvtepi8_epi16(bytes), gb_load256(sums));
    return _mm_add_epi32(_mm256_castsi256_si128(products), _mm256_extracti128_si256(products, 1));
}

GB_INLINE void gb_row_k(const gb_super *f, const uint8_t *w, const gb_act_k *act, size_t blocks, gb_sums_k *s,
                        size_t r) {
    for (size_t k = 0; k < blocks; k++, w += f->bytes) {
        for (size_t line = 0; !f->unaided && line < f->bytes; line += 64) gb_prefetch(w, GB_K_PREFETCH + line);
        if (f->sum) {
            s->sum[k][r] = f->sum(w, act, k);
            s->scale[k][r] = gb_super_d(f, w);
            continue;
        }
        const gb_super_scales scales = f->scales(w);
        const __m512i sc = gb_scales_source(f, scales.sc);
        __m512i code[4];
        __m512i sum[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
        f->codes(w, code);
        GB_UNROLL
        for (size_t v = 0; v < 4; v++) {
            const __m512i q = gb_load512(act->q[k] + 64 * v);
            if (f->ones) {
                sum[v / 2] = gb_add_bytes(sum[v / 2], code[v], q, 127);
                continue;
            }
            const __m512i products = gb_add_bytes(_mm512_setzero_si512(), code[v], q, f->wide ? 255 : 127);
            const __m512i scale = gb_spread_scales(f, sc, v);
            if (f->wide)
                sum[v / 2] = _mm512_add_epi32(sum[v / 2], _mm512_mullo_epi32(products, scale));
            else
                sum[v / 2] = gb_add_pairs(sum[v / 2], products, scale);
        }
        const __m512i all = _mm512_add_epi32(sum[0], sum[1]);
        const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
        __m128i four = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
        const __m128i by_sum = gb_times_sums(f, f->mins ? scales.mn : scales.sc, act->sums[k]);
        if (f->mins) {
            const __m128i both = _mm_add_epi32(_mm_unpacklo_epi32(four, by_sum), _mm_unpackhi_epi32(four, by_sum));
            const __m128i total = _mm_add_epi32(both, _mm_unpackhi_epi64(both, both));
            s->sum[k][r] = _mm_cvtsi128_si32(total);
            s->min_sum[k][r] = _mm_extract_epi32(total, 1);
            s->scale[k][r] = gb_load_u32(w + f->d_at);
        } else {
            four = _mm_sub_epi32(four, _mm_slli_epi32(by_sum, (int)f->offset_log2));
            const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
            s->sum[k][r] = _mm_cvtsi128_si32(two) + _mm_extract_epi32(two, 1);
            s->scale[k][r] = gb_super_d(f, w);
        }
    }
}

/* (d * da) * isum - (dmin * da) * msum. */
GB_INLINE __m512 gb_affine_term(__m512 d, __m512 dmin, __m512 da, __m512i sum, __m512i min_sum) {
    const __m512 scaled = _mm512_mul_ps(_mm512_mul_ps(d, da), _mm512_cvtepi32_ps(sum));
    const __m512 offset = _mm512_mul_ps(_mm512_mul_ps(dmin, da), _mm512_cvtepi32_ps(min_sum));
    return _mm512_sub_ps(scaled, offset);
}

GB_INLINE __m512 gb_term_k(const gb_super *f, const gb_sums_k *s, size_t k, __m512 da) {
    const __m512i scale = gb_load512(s->scale[k]);
    const __m512i sum = gb_load512(s->sum[k]);
    if (!f->mins) return _mm512_mul_ps(_mm512_mul_ps(gb_halves(scale), da), _mm512_cvtepi32_ps(sum));
    return gb_affine_term(gb_halves(scale), gb_halves(_mm512_srli_epi32(scale, 16)), da, sum,
                          gb_load512(s->min_sum[k]));
}

GB_INLINE void gb_super_gemv(const gb_super *f, const void *w, size_t w_stride, size_t rows, const void *a, size_t n,
                             float *y) {
    gb_act_k act;
    gb_sums_k s;
    const gb_block_q8_K *ba = a;
    for (size_t k = 0; k < n / GB_BLOCK; k += GB_SUPER) {
        const size_t blocks = gb_min(GB_SUPER, n / GB_BLOCK - k);
        for (size_t b = 0; b < blocks; b++) gb_prepare_k(f, &act, b, &ba[k + b]);
        for (size_t r = 0; r < rows; r += GB_ROWS) {
            const size_t count = gb_min(GB_ROWS, rows - r);
            const __mmask16 lanes = gb_lanes(count);
            const uint8_t *first = (const uint8_t *)w + r * w_stride + k * f->bytes;
            for (size_t i = 0; i < count; i++) gb_row_k(f, first + i * w_stride, &act, blocks, &s, i);
            __m512 acc = k ? _mm512_maskz_loadu_ps(lanes, y + r) : _mm512_setzero_ps();
            for (size_t b = 0; b < blocks; b++) acc = _mm512_add_ps(acc, gb_term_k(f, &s, b, _mm512_set1_ps(act.d[b])));
            if (f->unit > 0.0F && k + blocks == n / GB_BLOCK) acc = _mm512_mul_ps(acc, _mm512_set1_ps(f->unit));
            _mm512_mask_storeu_ps(y + r, lanes, acc);
        }
    }
}

/* --- gemm */

/* The codes of sixteen rows, row by row, into a panel that has one more vector after every `run` of them. */
GB_INLINE void gb_unpack_codes(const gb_super *f, const uint8_t *const rows[GB_ROWS], size_t at, size_t run,
                               uint8_t *out, size_t step) {
    uint8_t q[GB_ROWS][GB_BLOCK];
    const uint8_t *row[GB_ROWS];
    for (size_t r = 0; r < GB_ROWS; r++) {
        gb_ordered_codes(f, rows[r] + at, _mm512_setzero_si512(), q[r]);
        row[r] = q[r];
    }
    for (size_t k = 0; k < GB_QUADS; k += 4) {
        __m512i v[4];
        gb_load_rows(row, 4 * k, v);
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) _mm512_storeu_si512(out + (k + k / run + i) * step, v[i]);
    }
}

/* Bytes 2i, 2i + 1 of each dword -> two 16-bit lanes. */
GB_INLINE __m512i gb_byte_pair(__m512i v, size_t i) {
    const __m512i low = _mm512_and_si512(_mm512_srli_epi32(v, (unsigned)(16 * i)), _mm512_set1_epi32(0xff));
    const __m512i high = _mm512_srli_epi32(_mm512_slli_epi32(v, (unsigned)(16 - 16 * i)), 24);
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

/* Terms of a super-block without mins: d of the rows, then da of the columns. */
GB_INLINE void gb_finish_signed(const uint8_t *dw, const uint8_t *da, size_t groups, __m512i total[GB_GROUPS][GB_COLS],
                                __m512 acc[GB_GROUPS][GB_COLS]) {
    GB_UNROLL
    for (size_t i = 0; i < groups; i++) {
        GB_UNROLL
        for (size_t t = 0; t < GB_COLS; t++) {
            const __m512 d = _mm512_mul_ps(_mm512_loadu_ps(dw + i * 64), gb_broadcast_f32(da + 4 * t));
            acc[i][t] = _mm512_add_ps(acc[i][t], _mm512_mul_ps(d, _mm512_cvtepi32_ps(total[i][t])));
        }
    }
}

/* The descriptor of a format from its codes(). */
#define GB_SUPER_FORMAT(name, ...)                                                                                     \
    static const gb_super format = {                                                                                   \
        .bytes = sizeof(gb_block_##name), .d_at = offsetof(gb_block_##name, d), .codes = codes, __VA_ARGS__};

/* The tile functions and the gemm descriptor of a format: its unpack(), and gb_<how>_pack() and gb_<how>_multiply() by
 * its struct `how`. */
#define GB_SUPER_GEMM(name, how, panel_, tile_, unit_)                                                                 \
    GB_INLINE void pack(const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {                                  \
        gb_##how##_pack(&how, col, at, out);                                                                           \
    }                                                                                                                  \
    GB_INLINE void multiply(const uint8_t *panel, const uint8_t *tiles, size_t blocks, size_t groups,                  \
                            __m512 acc[GB_GROUPS][GB_COLS]) {                                                          \
        gb_##how##_multiply(&how, panel, tiles, blocks, groups, acc);                                                  \
    }                                                                                                                  \
    static const gb_tile tile = {.elems = GB_BLOCK,                                                                    \
                                 .w_bytes = sizeof(gb_block_##name),                                                   \
                                 .a_bytes = sizeof(gb_block_q8_K),                                                     \
                                 .panel_bytes = (panel_),                                                              \
                                 .tile_bytes = (tile_),                                                                \
                                 .unit = (unit_),                                                                      \
                                 .unpack = unpack,                                                                     \
                                 .pack = pack,                                                                         \
                                 .multiply = multiply};

/* dequantize of a format from its descriptor `format`. */
#define GB_SUPER_DEQUANTIZE(name, isa)                                                                                 \
    void gb_##name##_dequantize_##isa(const void *blocks, float *x, size_t n) {                                        \
        gb_super_dequantize(&format, blocks, x, n);                                                                    \
    }

#endif
