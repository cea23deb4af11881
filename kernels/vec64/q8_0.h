/* q8_0 in vectors of 64 bytes. Weights xor 0x80 are unsigned (code + 128) and meet the signed activations in
 * gb_add_bytes(); the 128 is taken back with the sum of the activation block. 32 products of 255 * 128 fit 32 bits many
 * times over. */
#include "kernels/vec64/dot_block32.h"
#include "kernels/vec64/gemm_block32.h"

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
        s[i] = gb_add_bytes(_mm512_setzero_si512(), u, gb_load512(act->q + 32 * (b + 2 * i)), 255);
    }
    return gb_sum_halves(s);
}

GB_INLINE __m256i natural(const uint8_t *block, size_t t) {
    (void)t;
    return _mm256_xor_si256(gb_load256(block + offsetof(gb_block_q8_0, qs)), _mm256_set1_epi8((char)0x80));
}

static const gb_block32 format = {.bytes = sizeof(gb_block_q8_0),
                                  .per = 1,
                                  .bytes_wide = 1,
                                  .code_offset = 128,
                                  .unaided = 1,
                                  .place = gb_place_in_order,
                                  .sums = sums,
                                  .scales = gb_gather_halves,
                                  .natural = natural};

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

GB_INLINE void multiply(const uint8_t *panel, const uint8_t *tile, size_t blocks, size_t groups,
                        __m512 acc[GB_GROUPS][GB_COLS]) {
    gb_multiply32(panel, tile, blocks, groups, 8, 0, 255, acc);
}

GB_INLINE void gemm(const gb_gemm_args *g) {
    gb_gemm_block32(sizeof(gb_block_q8_0), unpack, pack, multiply, g);
}
