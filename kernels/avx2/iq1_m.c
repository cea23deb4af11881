/* iq1_m on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/iq1_m.h"

GB_SUPER_DEQUANTIZE(iq1_m, avx2)
GB_SUPER_KERNELS(iq1_m, avx2)
