/* iq2_xxs on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/iq2_xxs.h"

GB_SUPER_DEQUANTIZE(iq2_xxs, avx2)
GB_SUPER_KERNELS(iq2_xxs, avx2)
