/* iq4_nl on NEON with matrix products. */
#include "kernels/neon_i8mm/blocks32.h"

#include "kernels/vec16/iq4_nl.h"

GB_BLOCK32_GEMM(iq4_nl)
