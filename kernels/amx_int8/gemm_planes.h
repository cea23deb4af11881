/* Super-blocks of 256. A code times the integer scale of its sub-block is an integer of at most sixteen bits; its low
 * byte (unsigned) and its high byte (signed) are two planes of a panel, each a run of four full tile instructions over
 * the whole super-block; the sum is that of the low plane plus 256 times that of the high one. So no scale is left for
 * the sums, and they are taken once in 256 elements. Where the product fits one byte (gemm_flat.h) there is one plane.
 * |sums|: 255 * 128 * 256 < 2^23 of the low plane, 2^22 of the high one: 2^30 before they are added.
 *
 * Panel: the planes; pairs of mins, if any, as gemm_scaled.h and gemm_flat.h have them; d; dmin. Packed activations:
 * four times sixteen columns' 64 codes; their d; minus the base of the codes times their sum; what meets the mins. */
#ifndef GB_AMX_INT8_GEMM_PLANES_H
#define GB_AMX_INT8_GEMM_PLANES_H

#include "kernels/amx_int8/gemm.h"
#include "kernels/vec64/gemm_flat.h"
#include "kernels/vec64/gemm_levels.h"
#include "kernels/vec64/gemm_scaled.h"

enum { GB_PLANE_BYTES = 4 * GB_AMX_TILE_BYTES };

typedef struct gb_planes {
    size_t planes; /* 1, 2 */
    size_t pairs;  /* of mins: 0, 4, 8 */
    int base;      /* what the codes of a single plane are above their values */
} gb_planes;

#define GB_PLANES_PANEL(planes, pairs) ((size_t)(planes)*GB_PLANE_BYTES + ((pairs) ? (pairs) + 2 : 1) * 64)
#define GB_PLANES_ACT(pairs)           ((size_t)GB_PLANE_BYTES + (2 + (pairs)) * 64)
_Static_assert(GB_PLANES_ACT(8) <= 8 * GB_AMX_MAX_ACT32, "scratch");
_Static_assert(GB_AMX_GROUPS *GB_PLANES_PANEL(2, 8) <= GB_AMX_PANEL_BYTES, "a chunk of super-blocks");

/* --- panels */

/* Four elements of sixteen rows times the scales of the rows, less `base`: in both sixteen-bit halves of each lane. */
GB_INLINE void gb_planes_split(const uint8_t *codes, __m512i scale, __m512i base, uint8_t *low, uint8_t *high) {
    const __mmask64 odd = 0xaaaaaaaaaaaaaaaaU;
    const __m512i code = gb_load512(codes);
    const __m512i a =
        _mm512_sub_epi16(_mm512_mullo_epi16(_mm512_and_si512(code, _mm512_set1_epi16(0xff)), scale), base);
    const __m512i b = _mm512_sub_epi16(_mm512_mullo_epi16(_mm512_srli_epi16(code, 8), scale), base);
    _mm512_storeu_si512(low, _mm512_mask_mov_epi8(a, odd, _mm512_slli_epi16(b, 8)));
    _mm512_storeu_si512(high, _mm512_mask_mov_epi8(_mm512_srli_epi16(a, 8), odd, b));
}

/* Vectors from .. from + count - 1 of the planes. scale: of these elements, a lane a row; offset: of the codes. */
GB_INLINE void gb_planes_sub_block(const uint8_t *codes, size_t from, size_t count, __m512i scale, int offset,
                                   uint8_t *panel) {
    const __m512i both = _mm512_mask_mov_epi16(scale, 0xaaaaaaaa, _mm512_slli_epi32(scale, 16));
    const __m512i base = _mm512_mullo_epi16(both, _mm512_set1_epi16((int16_t)offset));
    uint8_t *const low = panel + 64 * from;
    GB_UNROLL
    for (size_t i = 0; i < count; i++)
        gb_planes_split(codes + 64 * i, both, base, low + 64 * i, low + GB_PLANE_BYTES + 64 * i);
}

/* |code * scale| <= 31 * 63, or, signed, 32 * 128: sixteen bits. */
GB_INLINE void gb_planes_of_scaled(gb_unpack_fn *unpack, const gb_scaled *f, const uint8_t *const row[GB_ROWS],
                                   size_t at, uint8_t *panel) {
    _Alignas(64) uint8_t v[GB_SCALED_PANEL(8)];
    const size_t quads = gb_scaled_quads(f);
    unpack(row, at, v, 64);
    for (size_t j = 0; j < f->subs; j++) {
        const uint8_t *codes = gb_scaled_at(f, v, 64, j * quads);
        gb_planes_sub_block(codes, j * quads, quads, gb_load512(codes + 64 * quads),
                            f->subs == 8 ? 0 : 1 << f->bias_log2, panel);
    }
    const uint8_t *tail = gb_scaled_at(f, v, 64, GB_QUADS);
    panel += 2 * GB_PLANE_BYTES;
    if (f->subs == 8) {
        memcpy(panel, tail, 4 * 64);                   /* mins */
        memcpy(panel + 4 * 64, tail + 9 * 64, 2 * 64); /* d, dmin */
    } else {
        memcpy(panel, tail + 64, 64);
    }
}

/* |(code - offset) * scale| <= 128 * 32 */
GB_INLINE void gb_planes_of_levels(gb_unpack_fn *unpack, const gb_levels *f, const uint8_t *const row[GB_ROWS],
                                   size_t at, uint8_t *panel) {
    _Alignas(64) uint8_t v[GB_LEVELS_PANEL(16)];
    const size_t quads = GB_QUADS / f->subs;
    unpack(row, at, v, 64);
    for (size_t j = 0; j < f->subs; j++) {
        const uint8_t *codes = v + 64 * gb_levels_at(f, j * quads);
        gb_planes_sub_block(codes, j * quads, quads, gb_load512(codes + 64 * quads), f->offset, panel);
    }
    memcpy(panel + 2 * GB_PLANE_BYTES, v + 64 * gb_levels_at(f, GB_QUADS), 64);
}

/* --- activations */

/* Sums of the two sub-blocks of pair j, sixteen bits each: of 16 elements (8 pairs) or of 32. */
GB_INLINE uint32_t gb_planes_pair(const gb_block_q8_K *a, size_t pairs, size_t j) {
    const int16_t *sums = a->bsums + 16 / pairs * j;
    const int first = pairs == 8 ? sums[0] : sums[0] + sums[1];
    const int second = pairs == 8 ? sums[1] : sums[2] + sums[3];
    return (uint32_t)(first & 0xffff) | (uint32_t)second << 16;
}

GB_INLINE void gb_planes_pack(const gb_planes *f, const uint8_t *const col[GB_AMX_COLS], size_t at, uint8_t *act) {
    uint32_t *const rest = (uint32_t *)(void *)(act + GB_PLANE_BYTES);
    for (size_t t = 0; t < GB_AMX_COLS; t++) {
        gb_block_q8_K a; /* a row starts at any address */
        memcpy(&a, col[t] + at, sizeof a);
        int sum = 0;
        for (size_t k = 0; k < 4; k++) memcpy(act + k * GB_AMX_TILE_BYTES + 64 * t, a.qs + 64 * k, 64);
        for (size_t j = 0; j < 16; j++) sum += a.bsums[j];
        memcpy(rest + t, &a.d, sizeof a.d);
        rest[16 + t] = (uint32_t)(-f->base * sum);
        for (size_t j = 0; j < f->pairs; j++) rest[16 * (2 + j) + t] = gb_planes_pair(&a, f->pairs, j);
    }
}

/* --- multiply */

/* Elements 64k .. 64k + 63 of a super-block. Steps take turns with the tiles of sums and of activations. */
#define GB_PLANES_DOT(low, high, a)                                                                                    \
    if (k == 0) GB_TILE_ZERO(low);                                                                                     \
    if (k == 0 && f->planes == 2) GB_TILE_ZERO(high);                                                                  \
    GB_TILE_LOAD(a, act + k * GB_AMX_TILE_BYTES, GB_TILE_BYTES);                                                       \
    GB_TILE_LOAD(6, panel + k * GB_AMX_TILE_BYTES, GB_TILE_BYTES);                                                     \
    GB_TILE_DOT_SU(low, a, 6);                                                                                         \
    if (f->planes == 1) return;                                                                                        \
    GB_TILE_LOAD(7, panel + GB_PLANE_BYTES + k * GB_AMX_TILE_BYTES, GB_TILE_BYTES);                                    \
    GB_TILE_DOT_SS(high, a, 7)

GB_INLINE void gb_planes_dot(const gb_planes *f, size_t turn, size_t k, const uint8_t *panel, const uint8_t *act) {
    if (turn) {
        GB_PLANES_DOT(2, 3, 5);
    } else {
        GB_PLANES_DOT(0, 1, 4);
    }
}

GB_INLINE void gb_planes_result(const gb_planes *f, size_t turn, uint8_t *results) {
    uint8_t *const low = results + turn * GB_AMX_RESULT_BYTES;
    if (turn) {
        GB_TILE_STORE(2, low, GB_TILE_BYTES);
        if (f->planes == 2) GB_TILE_STORE(3, low + GB_AMX_TILE_BYTES, GB_TILE_BYTES);
    } else {
        GB_TILE_STORE(0, low, GB_TILE_BYTES);
        if (f->planes == 2) GB_TILE_STORE(1, low + GB_AMX_TILE_BYTES, GB_TILE_BYTES);
    }
}

/* The terms of sixteen rows and columns from .. from + 3. */
GB_INLINE void gb_planes_add(const gb_planes *f, const gb_amx_step *s, const uint8_t *result, size_t from,
                             float *sums) {
    const uint8_t *const mins = s->panel + f->planes * GB_PLANE_BYTES;
    const uint8_t *const columns = s->act + GB_PLANE_BYTES;
    const __m512 d = _mm512_loadu_ps(mins + 64 * f->pairs);
    __m512i mn[8];
    GB_UNROLL
    for (size_t j = 0; j < f->pairs; j++) mn[j] = gb_load512_once(mins + 64 * j);
    GB_UNROLL
    for (size_t t = from; t < from + 4; t++) {
        const __m512 da = gb_broadcast_f32(columns + 4 * t);
        __m512i isum = gb_load512(result + 64 * t);
        if (f->planes == 2)
            isum = _mm512_add_epi32(isum, _mm512_slli_epi32(gb_load512(result + GB_AMX_TILE_BYTES + 64 * t), 8));
        if (f->base) isum = _mm512_add_epi32(isum, gb_broadcast32(columns + 64 + 4 * t));
        __m512 term;
        if (f->pairs) {
            __m512i min_sum = _mm512_setzero_si512();
            GB_UNROLL
            for (size_t j = 0; j < f->pairs; j++)
                min_sum = gb_amx_add_pairs(min_sum, mn[j], columns + 64 * (2 + j) + 4 * t);
            term = gb_affine_term(d, _mm512_loadu_ps(mins + 64 * (f->pairs + 1)), da, isum, min_sum);
        } else {
            term = _mm512_mul_ps(_mm512_mul_ps(d, da), _mm512_cvtepi32_ps(isum));
        }
        float *const acc = sums + t * GB_ROWS;
        _mm512_store_ps(acc, _mm512_add_ps(_mm512_load_ps(acc), term));
    }
}

/* The tiles of a step; among them, a quarter each, the terms of the step before, whose results lie in the other turn.
 */
GB_INLINE void gb_planes_step(const gb_planes *f, const gb_amx_pass *p, size_t turn, const gb_amx_step *s,
                              const gb_amx_step *before) {
    GB_UNROLL
    for (size_t k = 0; k < 4; k++) {
        if (s) gb_planes_dot(f, turn, k, s->panel, s->act);
        if (before)
            gb_planes_add(f, before, p->results + (turn ^ 1) * GB_AMX_RESULT_BYTES, 4 * k,
                          gb_amx_sums_of(p, before->tile, before->group));
    }
    if (s) gb_planes_result(f, turn, p->results);
}

GB_INLINE void gb_planes_multiply(const gb_planes *f, const gb_amx_pass *p) {
    const gb_amx_step first = gb_amx_first(p);
    gb_amx_step before = first;
    gb_planes_step(f, p, 0, &first, NULL);
    size_t turn = 1;
    for (;; turn ^= 1) {
        const gb_amx_step s = gb_amx_after(p, before, GB_PLANES_PANEL(f->planes, f->pairs), GB_PLANES_ACT(f->pairs));
        if (s.tile == p->tiles) break;
        if (turn)
            gb_planes_step(f, p, 1, &s, &before);
        else
            gb_planes_step(f, p, 0, &s, &before);
        before = s;
    }
    gb_planes_step(f, p, turn, NULL, &before);
}

/* gemm of a format from the panel that `unpack_rows` makes. least: columns. */
#define GB_AMX_PLANES(name, planes_, pairs_, base_, unit_, least, unpack_rows)                                         \
    static const gb_planes amx_planes = {.planes = (planes_), .pairs = (pairs_), .base = (base_)};                     \
    GB_INLINE void amx_unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *panel) {                          \
        unpack_rows;                                                                                                   \
    }                                                                                                                  \
    GB_INLINE void amx_pack(const uint8_t *const col[GB_AMX_COLS], size_t at, uint8_t *act) {                          \
        gb_planes_pack(&amx_planes, col, at, act);                                                                     \
    }                                                                                                                  \
    GB_INLINE void amx_multiply(const gb_amx_pass *p) {                                                                \
        gb_planes_multiply(&amx_planes, p);                                                                            \
    }                                                                                                                  \
    static const gb_amx amx = {.elems = GB_BLOCK,                                                                      \
                               .w_bytes = sizeof(gb_block_##name),                                                     \
                               .a_bytes = sizeof(gb_block_q8_K),                                                       \
                               .unit = (unit_),                                                                        \
                               .steps = 1,                                                                             \
                               .depth = 64,                                                                            \
                               .panel_bytes = GB_PLANES_PANEL(planes_, pairs_),                                        \
                               .act_bytes = GB_PLANES_ACT(pairs_),                                                     \
                               .unpack = amx_unpack,                                                                   \
                               .pack = amx_pack,                                                                       \
                               .multiply = amx_multiply};                                                              \
    GB_AMX_KERNEL(name, amx, avx512vnni, least)

/* A format of gemm_scaled.h, gemm_levels.h, gemm_flat.h, from what its file in kernels/vec64/ has. */
#define GB_AMX_SCALED(name, pairs)                                                                                     \
    GB_AMX_PLANES(name, 2, pairs, 0, 0.0F, GB_AMX_LEAST_COLS_2, gb_planes_of_scaled(unpack, &scaled, row, at, panel))
#define GB_AMX_LEVELS(name, unit)                                                                                      \
    GB_AMX_PLANES(name, 2, 0, 0, unit, GB_AMX_LEAST_COLS_2, gb_planes_of_levels(unpack, &levels, row, at, panel))
#define GB_AMX_FLAT(name, pairs, base)                                                                                 \
    GB_AMX_PLANES(name, 1, pairs, base, 0.0F, GB_AMX_LEAST_COLS, unpack(row, at, panel, 64))

#endif
