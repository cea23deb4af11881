/* iq1_s on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/iq1_s.h"

GB_SUPER_DEQUANTIZE(iq1_s, avx2)
GB_SUPER_KERNELS(iq1_s, avx2)
