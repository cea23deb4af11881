/* q8_1: the codes of q8_0 and the sum of the elements. */
#include "kernels/avx512vnni/bytes32.h"
#include "reference/number.h"

enum { BLOCK = 32 };

void gb_q8_1_quantize_act_avx512vnni(const float *x, void *blocks, size_t n) {
    gb_block_q8_1 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) {
        const float d = gb_round_bytes32(x + i * BLOCK, b[i].qs);
        const __m256i ones = _mm256_set1_epi8(1);
        const __m256i sum = _mm256_dpbusd_epi32(_mm256_setzero_si256(), ones, gb_load256(b[i].qs));
        const int total = _mm512_reduce_add_epi32(_mm512_zextsi256_si512(sum));
        b[i].d = gb_to_half(d);
        b[i].s = gb_f16_from_scale((float)total * d); /* NaN where d is infinite */
    }
}

void gb_q8_1_dequantize_avx512vnni(const void *blocks, float *x, size_t n) {
    const gb_block_q8_1 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) gb_dequantize_bytes32(b[i].qs, b[i].d, x + i * BLOCK);
}
