/* Attention on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/attention.h"

GB_ATTENTION_KERNELS(f32, avx512, f32_rows)
GB_ATTENTION_KERNELS(f16, avx512, f16_rows)
GB_Q8_0_SCORE_KERNEL(avx512, avx512, byte_scores)
GB_Q8_0_ACC_KERNEL(avx512, accumulate_blocks, 2)
