/* Scores over a key-value cache of q8_0 rows, in vectors of 32 bytes. */
#include "kernels/engine.h"
#include "kernels/vec32/simd.h"

/* f16 scales of block b of eight rows. */
GB_INLINE __m256 block_scales(const gb_block_q8_0 *const row[8], size_t b) {
    return _mm256_cvtph_ps(_mm_set_epi16((short)row[7][b].d, (short)row[6][b].d, (short)row[5][b].d, (short)row[4][b].d,
                                         (short)row[3][b].d, (short)row[2][b].d, (short)row[1][b].d,
                                         (short)row[0][b].d));
}

/* Lane r = the dot of key r and the query, of up to eight. The query's codes come from our encoder, -127..127, and take
 * the sign of the keys', whose magnitude, up to 128, is the unsigned operand: pairs of at most 2 * 127 * 128 fit
 * sixteen bits, where a tier sums them there. */
GB_INLINE __m256 byte_dots(const gb_block_q8_0 *query, const char *k, size_t k_stride, size_t rows, size_t blocks) {
    const gb_block_q8_0 *row[8];
    for (size_t r = 0; r < 8; r++) row[r] = (const gb_block_q8_0 *)(k + (r < rows ? r : rows - 1) * k_stride);
    __m256 acc = _mm256_setzero_ps();
    for (size_t b = 0; b < blocks; b++) {
        const __m256i q = gb_load256(query[b].qs);
        __m256i sum[8];
        for (size_t r = 0; r < 8; r++) {
            const __m256i key = gb_load256(row[r][b].qs);
            sum[r] = gb_add_bytes(_mm256_setzero_si256(), _mm256_abs_epi8(key), _mm256_sign_epi8(q, key));
        }
        const __m256 d = _mm256_mul_ps(block_scales(row, b), _mm256_set1_ps(gb_half(query[b].d)));
        acc = _mm256_add_ps(acc, _mm256_mul_ps(d, _mm256_cvtepi32_ps(gb_sum8(sum))));
    }
    return acc;
}

static void byte_scores(const gb_block_q8_0 *query, const void *k, size_t k_stride, size_t count, size_t blocks,
                        float scale, float *scores) {
    for (size_t t = 0; t < count; t += 8) {
        const __m256 dots = byte_dots(query, (const char *)k + t * k_stride, k_stride, count - t, blocks);
        float eight[8];
        _mm256_storeu_ps(eight, _mm256_mul_ps(dots, _mm256_set1_ps(scale)));
        memcpy(scores + t, eight, (count - t < 8 ? count - t : 8) * sizeof *scores);
    }
}
