/* q8_1 on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/q8_1.h"

GB_Q8_1_KERNELS(avx512vnni)
