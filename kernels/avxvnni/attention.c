/* Attention on AVX-VNNI, where keys are bytes. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/attention.h"

GB_Q8_0_SCORE_KERNEL(avxvnni, avx2, byte_scores)
