/* Attention on NEON with SDOT, where keys are bytes. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/attention.h"

GB_Q8_0_SCORE_KERNEL(neon_dotprod, neon, byte_scores)
