/* iq2_xs on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/iq2_xs.h"

GB_SUPER_DEQUANTIZE(iq2_xs, avx2)
GB_SUPER_KERNELS(iq2_xs, avx2)
