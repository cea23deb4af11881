/* Attention on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/attention.h"

GB_ATTENTION_KERNELS(f32, avx512vnni, f32_rows)
GB_ATTENTION_KERNELS(f16, avx512vnni, f16_rows)
GB_Q8_0_SCORE_KERNEL(avx512vnni, avx512vnni, byte_scores)
GB_Q8_0_ACC_KERNEL(avx512vnni, accumulate_blocks, 2)
