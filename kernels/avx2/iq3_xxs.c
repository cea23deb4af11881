/* iq3_xxs on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/iq3_xxs.h"

GB_SUPER_DEQUANTIZE(iq3_xxs, avx2)
GB_SUPER_KERNELS(iq3_xxs, avx2)
