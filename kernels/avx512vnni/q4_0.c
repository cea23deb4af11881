/* q4_0 on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/encode_q4_0.h"
#include "kernels/vec64/q4_0.h"

GB_Q4_0_ENCODER(avx512vnni, gb_wide_q4_0_weighted, gb_to_half)
GB_BLOCK32_DEQUANTIZE(q4_0, avx512vnni)
GB_BLOCK32_KERNELS(q4_0, avx512vnni)
