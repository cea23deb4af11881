/* gemm of super-blocks whose codes times their integer scales, if any, fit an unsigned byte (q2_K, q3_K, tq*): the
 * panel holds the products, and a super-block is one run of gb_dot_run() without any scaling. At most 252 * 128 * 256 <
 * 2^23 in magnitude.
 */
#ifndef GB_VEC64_GEMM_FLAT_H
#define GB_VEC64_GEMM_FLAT_H

#include "kernels/vec64/dot_k.h"

/* mins: sixteen of them. base: what the bytes are above scale times value. most: the largest of them. */
typedef struct gb_flat {
    int mins, base, most;
} gb_flat;

/* Byte j % 4 of each dword of bytes[j / 4], once in each half of it, zeros above. */
GB_INLINE __m512i gb_both_halves(const __m512i bytes[4], size_t j) {
    const int i = (int)(j % 4);
    const int lane = (int)0x80008000U | i | i << 16;
    const __m512i which =
        _mm512_setr_epi32(lane, lane + 0x00040004, lane + 0x00080008, lane + 0x000c000c, lane, lane + 0x00040004,
                          lane + 0x00080008, lane + 0x000c000c, lane, lane + 0x00040004, lane + 0x00080008,
                          lane + 0x000c000c, lane, lane + 0x00040004, lane + 0x00080008, lane + 0x000c000c);
    return _mm512_shuffle_epi8(bytes[j / 4], which);
}

/* Panel: the vectors of codes; with mins, eight vectors of them, two a lane; d; dmin. Tile: the activation codes, 4
 * columns x 4 bytes a vector; with mins, eight pairs of sums of sixteen, else the start of the integer sum; then the d.
 */
#define GB_FLAT_PANEL(mins) ((size_t)(GB_QUADS + ((mins) ? 10 : 1)) * 64)
#define GB_FLAT_TILE(mins)  ((size_t)(GB_QUADS + ((mins) ? 9 : 2)) * 4 * GB_COLS)

GB_INLINE void gb_flat_pack(const gb_flat *f, const uint8_t *const col[GB_COLS], size_t at, uint8_t *out) {
    uint8_t *tail = out + GB_QUADS * 4 * GB_COLS;
    for (size_t j = 0; j < 8; j++) gb_pack_codes(col, at + offsetof(gb_block_q8_K, qs) + 32 * j, out + 128 * j);
    if (f->mins) {
        for (size_t t = 0; t < GB_COLS; t++)
            for (size_t j = 0; j < 8; j++)
                memcpy(tail + 16 * j + 4 * t, col[t] + at + offsetof(gb_block_q8_K, bsums) + 4 * j, 4);
        tail += 128;
    } else {
        __m128i sum = _mm_setzero_si128();
        for (size_t j = 0; j < 8; j++) sum = _mm_add_epi32(sum, gb_column_sums(out + 128 * j, 8));
        _mm_storeu_si128((__m128i *)tail, _mm_mullo_epi32(sum, _mm_set1_epi32(-f->base)));
        tail += 16;
    }
    for (size_t t = 0; t < GB_COLS; t++) memcpy(tail + 4 * t, col[t] + at + offsetof(gb_block_q8_K, d), sizeof(float));
}

/* Eight vectors of codes times four columns, added to total. */
GB_INLINE void gb_flat_run(const gb_flat *f, const uint8_t *panel, const uint8_t *tile, size_t groups,
                           __m512i total[GB_GROUPS][GB_COLS]) {
    gb_dot_run(panel, tile, 8, groups, f->most, total);
}

GB_INLINE void gb_flat_finish(const gb_flat *f, const uint8_t *rest, const uint8_t *sums, size_t groups,
                              __m512i total[GB_GROUPS][GB_COLS], __m512 acc[GB_GROUPS][GB_COLS]) {
    GB_UNROLL
    for (size_t i = 0; i < groups; i++) {
        const uint8_t *p = rest + i * 64;
        GB_UNROLL
        for (size_t t = 0; t < GB_COLS; t++) {
            const __m512 da = gb_broadcast_f32(sums + (f->mins ? 128 : 16) + 4 * t);
            __m512 term;
            if (f->mins) {
                __m512i min_sum = _mm512_setzero_si512();
                GB_UNROLL
                for (size_t j = 0; j < 8; j++)
                    min_sum = gb_add_pairs_at(min_sum, gb_broadcast32(sums + 16 * j + 4 * t), p + j * groups * 64);
                term = gb_affine_term(_mm512_loadu_ps(p + 8 * groups * 64), _mm512_loadu_ps(p + 9 * groups * 64), da,
                                      total[i][t], min_sum);
            } else {
                term = _mm512_mul_ps(_mm512_mul_ps(_mm512_loadu_ps(p), da), _mm512_cvtepi32_ps(total[i][t]));
            }
            acc[i][t] = _mm512_add_ps(acc[i][t], term);
        }
    }
}

GB_INLINE void gb_flat_multiply(const gb_flat *f, const uint8_t *panel, const uint8_t *tile, size_t blocks,
                                size_t groups, __m512 acc[GB_GROUPS][GB_COLS]) {
    for (size_t b = 0; b < blocks; b++) {
        const uint8_t *sums = tile + GB_QUADS * 4 * GB_COLS;
        __m512i total[GB_GROUPS][GB_COLS];
        GB_UNROLL
        for (size_t i = 0; i < groups; i++) {
            GB_UNROLL
            for (size_t t = 0; t < GB_COLS; t++)
                total[i][t] = f->mins ? _mm512_setzero_si512() : gb_broadcast32(sums + 4 * t);
        }
        for (size_t j = 0; j < GB_QUADS; j += 8) gb_flat_run(f, panel + j * groups * 64, tile + 16 * j, groups, total);
        gb_flat_finish(f, panel + GB_QUADS * groups * 64, sums, groups, total, acc);
        panel += GB_FLAT_PANEL(f->mins) * groups;
        tile += GB_FLAT_TILE(f->mins);
    }
}

/* unpack() of a format without scales, row by row. */
GB_INLINE void gb_flat_unpack(const gb_super *f, const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out,
                              size_t step) {
    gb_unpack_codes(f, rows, at, GB_QUADS, out, step);
    _mm512_storeu_ps(out + GB_QUADS * step, gb_row_scales(rows, at + f->d_at));
}

/* gemm of a format from its `flat` and unpack(). */
#define GB_FLAT_GEMM(name, mins) GB_SUPER_GEMM(name, flat, GB_FLAT_PANEL(mins), GB_FLAT_TILE(mins), 0.0F)

#endif
