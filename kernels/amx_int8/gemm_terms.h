/* Formats with a float term for every 32 (or 16) elements: one tile instruction a term, and what remains is to turn its
 * 256 integers into floats: four vector operations for each sixteen, which is most of the work. So the tiles of the
 * next step are multiplied before the sums of this one are taken.
 *
 * Panel of a term: its vectors of codes, signed; the scales; the minima, or minus the zeros, if any. Packed
 * activations: sixteen columns' codes, their scales; the sums that q8_1 holds, or those of the codes. */
#ifndef GB_AMX_INT8_GEMM_TERMS_H
#define GB_AMX_INT8_GEMM_TERMS_H

#include "kernels/amx_int8/gemm.h"

enum {
    GB_TERMS_MIN = 1, /* (dw * da) * isum + m * s: a minimum, against q8_1 */
    GB_TERMS_ZERO     /* unsigned codes, of which each row takes its zero: isum = sum of products - zero * sum of
                         activations */
};

typedef struct gb_terms {
    size_t depth; /* 32, 16 */
    int more;     /* 0 or one of these */
} gb_terms;

#define GB_TERMS_PANEL(depth, more) ((size_t)(depth)*16 + ((more) ? 128 : 64))
#define GB_TERMS_ACT(depth, more)   ((size_t)(depth)*16 + ((more) ? 128 : 64))
#define GB_TERMS_PARTNER(more)      ((more) == GB_TERMS_MIN ? sizeof(gb_block_q8_1) : sizeof(gb_block_q8_0))
_Static_assert(GB_TERMS_ACT(32, 1) <= GB_AMX_MAX_ACT32 && 2 * GB_TERMS_ACT(16, 0) <= GB_AMX_MAX_ACT32, "scratch");
_Static_assert(GB_AMX_GROUPS * 16 * GB_TERMS_PANEL(16, 0) <= GB_AMX_PANEL_BYTES, "a chunk of terms of 16");
_Static_assert(GB_AMX_GROUPS * 8 * GB_TERMS_PANEL(32, 1) <= GB_AMX_PANEL_BYTES, "a chunk of terms of 32");

/* Codes of a panel that were made unsigned for vpdpbusd, back to what they are: all fit a signed byte. */
GB_INLINE void gb_terms_lower(size_t depth, int offset, uint8_t *panel) {
    GB_UNROLL
    for (size_t i = 0; i < depth / 4; i++) {
        const __m512i code = _mm512_sub_epi8(gb_load512(panel + 64 * i), _mm512_set1_epi8((char)offset));
        _mm512_storeu_si512(panel + 64 * i, code);
    }
}

/* Of 32 signed bytes. */
GB_INLINE int32_t gb_terms_sum(const uint8_t *codes) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), gb_load256(codes)); /* at most 256 */
    const __m256i sums = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    return _mm512_reduce_add_epi32(_mm512_zextsi256_si512(sums));
}

/* Partner blocks that meet `terms` terms; of each one step, or two of half as many elements. */
GB_INLINE void gb_terms_pack(const gb_terms *f, size_t terms, const uint8_t *const col[GB_AMX_COLS], size_t at,
                             uint8_t *out) {
    const size_t codes = f->more == GB_TERMS_MIN ? offsetof(gb_block_q8_1, qs) : offsetof(gb_block_q8_0, qs);
    for (size_t u = 0; u < terms; u++, out += GB_TERMS_ACT(f->depth, f->more)) {
        const size_t element = u * f->depth;
        const size_t block = at + element / 32 * GB_TERMS_PARTNER(f->more);
        uint8_t *const columns = out + GB_AMX_COLS * f->depth;
        for (size_t t = 0; t < GB_AMX_COLS; t++)
            memcpy(out + t * f->depth, col[t] + block + codes + element % 32, f->depth);
        _mm512_storeu_ps(columns, gb_row_scales(col, block)); /* d of q8_0 and of q8_1 */
        if (f->more == GB_TERMS_MIN)
            _mm512_storeu_ps(columns + 64, gb_row_scales(col, block + offsetof(gb_block_q8_1, s)));
        for (size_t t = 0; f->more == GB_TERMS_ZERO && t < GB_AMX_COLS; t++) {
            const int32_t sum = gb_terms_sum(out + t * f->depth);
            memcpy(columns + 64 + 4 * t, &sum, sizeof sum);
        }
    }
}

/* Steps take turns with the tiles, so that none waits for the store of the one before. */
#define GB_TERMS_DOT(sums, a, b)                                                                                       \
    GB_TILE_ZERO(sums);                                                                                                \
    GB_TILE_LOAD(a, act, f->depth);                                                                                    \
    GB_TILE_LOAD(b, panel, GB_TILE_BYTES);                                                                             \
    if (f->more == GB_TERMS_ZERO)                                                                                      \
        GB_TILE_DOT_SU(sums, a, b);                                                                                    \
    else                                                                                                               \
        GB_TILE_DOT_SS(sums, a, b)

GB_INLINE void gb_terms_dot(const gb_terms *f, size_t turn, const uint8_t *panel, const uint8_t *act) {
    if (turn) {
        GB_TERMS_DOT(1, 5, 7);
    } else {
        GB_TERMS_DOT(0, 4, 6);
    }
}

GB_INLINE void gb_terms_result(size_t turn, uint8_t *results) {
    if (turn)
        GB_TILE_STORE(1, results + GB_AMX_RESULT_BYTES, GB_TILE_BYTES);
    else
        GB_TILE_STORE(0, results, GB_TILE_BYTES);
}

/* acc[t] += the terms of sixteen rows and column t. */
GB_INLINE void gb_terms_add(const gb_terms *f, const uint8_t *panel, const uint8_t *act, const uint8_t *result,
                            __m512 acc[GB_AMX_COLS]) {
    const uint8_t *const scales = panel + 16 * f->depth;
    const uint8_t *const columns = act + 16 * f->depth;
    const __m512 dw = _mm512_loadu_ps(scales);
    GB_UNROLL
    for (size_t t = 0; t < GB_AMX_COLS; t++) {
        __m512i isum = gb_load512(result + 64 * t);
        if (f->more == GB_TERMS_ZERO) isum = gb_amx_add_pairs(isum, gb_load512(scales + 64), columns + 64 + 4 * t);
        __m512 term = _mm512_mul_ps(_mm512_mul_ps(dw, gb_broadcast_f32(columns + 4 * t)), _mm512_cvtepi32_ps(isum));
        if (f->more == GB_TERMS_MIN) {
            const __m512 m = _mm512_loadu_ps(scales + 64);
            term = _mm512_add_ps(term, _mm512_mul_ps(m, gb_broadcast_f32(columns + 64 + 4 * t)));
        }
        acc[t] = _mm512_add_ps(acc[t], term);
    }
}

GB_INLINE void gb_terms_multiply(const gb_terms *f, const gb_amx_pass *p) {
    gb_amx_step s = gb_amx_first(p);
    size_t turn = 0;
    gb_terms_dot(f, turn, s.panel, s.act);
    gb_terms_result(turn, p->results);
    while (s.tile < p->tiles) { /* sixteen rows and sixteen columns, whose sums stay in registers */
        float *const sums = gb_amx_sums_of(p, s.tile, s.group);
        __m512 acc[GB_AMX_COLS];
        GB_UNROLL
        for (size_t t = 0; t < GB_AMX_COLS; t++) acc[t] = _mm512_load_ps(sums + t * GB_ROWS);
        for (size_t i = 0; i < p->steps; i++, turn ^= 1) {
            const gb_amx_step next =
                gb_amx_after(p, s, GB_TERMS_PANEL(f->depth, f->more), GB_TERMS_ACT(f->depth, f->more));
            const int more = next.tile < p->tiles;
            if (more) gb_terms_dot(f, turn ^ 1, next.panel, next.act);
            gb_terms_add(f, s.panel, s.act, p->results + turn * GB_AMX_RESULT_BYTES, acc);
            if (more) gb_terms_result(turn ^ 1, p->results);
            s = next;
        }
        GB_UNROLL
        for (size_t t = 0; t < GB_AMX_COLS; t++) _mm512_store_ps(sums + t * GB_ROWS, acc[t]);
    }
}

/* gemm of a format with `terms` terms a block from the panel that `unpack_rows` makes; `other`: that of fewer columns.
 */
#define GB_AMX_TERMS_OF(name, other, terms, depth_, more_, unpack_rows)                                                \
    static const gb_terms name##_terms = {.depth = (depth_), .more = (more_)};                                         \
    GB_INLINE void name##_unpack_amx(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *panel) {                   \
        unpack_rows;                                                                                                   \
    }                                                                                                                  \
    GB_INLINE void name##_pack_amx(const uint8_t *const col[GB_AMX_COLS], size_t at, uint8_t *act) {                   \
        gb_terms_pack(&name##_terms, terms, col, at, act);                                                             \
    }                                                                                                                  \
    GB_INLINE void name##_multiply_amx(const gb_amx_pass *p) {                                                         \
        gb_terms_multiply(&name##_terms, p);                                                                           \
    }                                                                                                                  \
    static const gb_amx name##_amx = {.elems = (terms) * (depth_),                                                     \
                                      .w_bytes = sizeof(gb_block_##name),                                              \
                                      .a_bytes = GB_TERMS_PARTNER(more_) * (terms) * (depth_) / 32,                    \
                                      .steps = (terms),                                                                \
                                      .depth = (depth_),                                                               \
                                      .panel_bytes = GB_TERMS_PANEL(depth_, more_),                                    \
                                      .act_bytes = GB_TERMS_ACT(depth_, more_),                                        \
                                      .unpack = name##_unpack_amx,                                                     \
                                      .pack = name##_pack_amx,                                                         \
                                      .multiply = name##_multiply_amx};                                                \
    GB_AMX_KERNEL(name, name##_amx, other, (depth_) == 16 ? (int)GB_AMX_LEAST_COLS_2 : (int)GB_AMX_LEAST_COLS)

/* The panel of kernels/vec64/ with signed codes. */
GB_INLINE void gb_terms_unpack(const gb_terms *f, gb_unpack_fn *unpack, size_t terms, int offset,
                               const uint8_t *const row[GB_ROWS], size_t at, uint8_t *panel) {
    unpack(row, at, panel, 64);
    for (size_t u = 0; u < terms; u++) gb_terms_lower(f->depth, offset, panel + u * GB_TERMS_PANEL(f->depth, f->more));
}

/* gemm of a format with `terms` terms a block, against q8_0 (or, with a minimum, q8_1), from its `format` and unpack().
 */
#define GB_AMX_TERMS(name, terms, depth, more)                                                                         \
    GB_AMX_TERMS_OF(name, avx512vnni, terms, depth, more,                                                              \
                    gb_terms_unpack(&name##_terms, unpack, terms, format.code_offset, row, at, panel))

#endif
