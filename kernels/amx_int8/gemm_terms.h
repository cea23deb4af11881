/* Formats with a float term for every 32 (or 16) elements: one tile instruction a term, and what remains is to turn its
 * 256 integers into floats: four vector operations for each sixteen, which is most of the work. So the tiles of the
 * next step are multiplied before the sums of this one are taken.
 *
 * Panel of a term: its vectors of codes, signed; the scales; the minima, if any. Packed
 * activations: sixteen columns' codes, their scales; the sums that q8_1 holds. */
#ifndef GB_AMX_INT8_GEMM_TERMS_H
#define GB_AMX_INT8_GEMM_TERMS_H

#include "kernels/amx_int8/gemm.h"

typedef struct gb_terms {
    size_t depth; /* 32, 16 */
    int more;     /* (dw * da) * isum + m * s: a minimum, against q8_1 */
} gb_terms;

#define GB_TERMS_PANEL(depth, more) ((size_t)(depth)*16 + ((more) ? 128 : 64))
#define GB_TERMS_ACT(depth, more)   ((size_t)(depth)*16 + ((more) ? 128 : 64))
#define GB_TERMS_PARTNER(more)      ((more) ? sizeof(gb_block_q8_1) : sizeof(gb_block_q8_0))
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

/* Partner blocks that meet `terms` terms; of each one step, or two of half as many elements. */
GB_INLINE void gb_terms_pack(const gb_terms *f, size_t terms, const uint8_t *const col[GB_AMX_COLS], size_t at,
                             uint8_t *out) {
    const size_t codes = f->more ? offsetof(gb_block_q8_1, qs) : offsetof(gb_block_q8_0, qs);
    for (size_t u = 0; u < terms; u++, out += GB_TERMS_ACT(f->depth, f->more)) {
        const size_t element = u * f->depth;
        const size_t block = at + element / 32 * GB_TERMS_PARTNER(f->more);
        uint8_t *const columns = out + GB_AMX_COLS * f->depth;
        for (size_t t = 0; t < GB_AMX_COLS; t++)
            memcpy(out + t * f->depth, col[t] + block + codes + element % 32, f->depth);
        _mm512_storeu_ps(columns, gb_row_scales(col, block)); /* d of q8_0 and of q8_1 */
        if (f->more) _mm512_storeu_ps(columns + 64, gb_row_scales(col, block + offsetof(gb_block_q8_1, s)));
    }
}

/* Steps take turns with the tiles, so that none waits for the store of the one before. */
#define GB_TERMS_DOT(sums, a, b)                                                                                       \
    GB_TILE_ZERO(sums);                                                                                                \
    GB_TILE_LOAD(a, act, f->depth);                                                                                    \
    GB_TILE_LOAD(b, panel, GB_TILE_BYTES);                                                                             \
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
        const __m512 isum = _mm512_cvtepi32_ps(gb_load512(result + 64 * t));
        __m512 term = _mm512_mul_ps(_mm512_mul_ps(dw, gb_broadcast_f32(columns + 4 * t)), isum);
        if (f->more) {
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

/* gemm of a format with `terms` terms a block, against q8_0 (or, with a minimum, q8_1), from its `format` and unpack().
 */
#define GB_AMX_TERMS(name, terms, depth_, more_)                                                                       \
    static const gb_terms amx_terms = {.depth = (depth_), .more = (more_)};                                            \
    GB_INLINE void amx_unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *panel) {                          \
        unpack(row, at, panel, 64);                                                                                    \
        for (size_t u = 0; u < (terms); u++)                                                                           \
            gb_terms_lower(depth_, format.code_offset, panel + u * GB_TERMS_PANEL(depth_, more_));                     \
    }                                                                                                                  \
    GB_INLINE void amx_pack(const uint8_t *const col[GB_AMX_COLS], size_t at, uint8_t *act) {                          \
        gb_terms_pack(&amx_terms, terms, col, at, act);                                                                \
    }                                                                                                                  \
    GB_INLINE void amx_multiply(const gb_amx_pass *p) {                                                                \
        gb_terms_multiply(&amx_terms, p);                                                                              \
    }                                                                                                                  \
    static const gb_amx amx = {.elems = (terms) * (depth_),                                                            \
                               .w_bytes = sizeof(gb_block_##name),                                                     \
                               .a_bytes = GB_TERMS_PARTNER(more_) * (terms) * (depth_) / 32,                           \
                               .steps = (terms),                                                                       \
                               .depth = (depth_),                                                                      \
                               .panel_bytes = GB_TERMS_PANEL(depth_, more_),                                           \
                               .act_bytes = GB_TERMS_ACT(depth_, more_),                                               \
                               .unpack = amx_unpack,                                                                   \
                               .pack = amx_pack,                                                                       \
                               .multiply = amx_multiply};                                                              \
    GB_AMX_KERNEL(name, GB_AMX_LEAST_COLS)

#endif
