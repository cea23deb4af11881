/* q8_K on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/q8_K.h"

GB_Q8_K_KERNELS(avx512vnni)
