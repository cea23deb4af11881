/* nf4, fp4 and their double-quantized forms: the scale meets the sixteen levels once a block, which gives the products
 * of the reference; then codes choose among eight and eight. */
#include "kernels/avx2/rows.h"
#include "kernels/avx2/spread.h"
#include "kernels/decoded.h"

/* The permutation takes the low three bits of a lane, and bit 3, moved to the sign, which half of the levels. The high
 * nibble of a byte is the first of its elements. */
GB_INLINE void decode(const float levels[16], float scale, const uint8_t *qs, gb_floats *x) {
    const __m256i shift = _mm256_setr_epi32(4, 0, 12, 8, 20, 16, 28, 24);
    const __m256 low = _mm256_mul_ps(_mm256_loadu_ps(levels), _mm256_set1_ps(scale));
    const __m256 high = _mm256_mul_ps(_mm256_loadu_ps(levels + 8), _mm256_set1_ps(scale));
    for (size_t i = 0; i < 8; i++) {
        const __m256i code = gb_spread_dword(qs + 4 * i, shift);
        x[i] = _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, code), _mm256_permutevar8x32_ps(high, code),
                                _mm256_castsi256_ps(_mm256_slli_epi32(code, 28)));
    }
}

GB_ALL_BNB4_KERNELS(decode)
