/* nf4, fp4 and their double-quantized forms in vectors of 64 bytes: the scale meets the sixteen levels once a block,
 * which gives the products of the reference; then codes choose from one register. */
#include "kernels/decoded.h"
#include "kernels/vec64/lanes16.h"
#include "kernels/vec64/spread.h"

/* Only the low four bits of a lane count; the high nibble of a byte is the first of its elements. */
GB_INLINE void decode(const float levels[16], float scale, const uint8_t *qs, gb_floats *x) {
    const __m512i shift = _mm512_setr_epi32(4, 0, 12, 8, 20, 16, 28, 24, 4, 0, 12, 8, 20, 16, 28, 24);
    const __m512 table = _mm512_mul_ps(_mm512_loadu_ps(levels), _mm512_set1_ps(scale));
    GB_UNROLL
    for (size_t i = 0; i < 4; i++) x[i] = _mm512_permutexvar_ps(gb_spread_dwords(qs + 8 * i, shift), table);
}
