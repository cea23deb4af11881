/* iq3_s on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/iq3_s.h"

GB_SUPER_DEQUANTIZE(iq3_s, avx2)
GB_SUPER_KERNELS(iq3_s, avx2)
