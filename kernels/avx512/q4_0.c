/* q4_0 on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/q4_0.h"

GB_BLOCK32_KERNELS(q4_0, avx512)
