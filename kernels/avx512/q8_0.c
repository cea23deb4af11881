/* q8_0 on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/encode_q8_0.h"
#include "kernels/vec64/q8_0.h"

GB_Q8_0_ENCODERS(avx512)
GB_DECODE_BYTES32(q8_0, avx512)
GB_BLOCK32_KERNELS(q8_0, avx512)
