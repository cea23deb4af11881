/* iq4_xs on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/iq4_xs.h"

GB_SUPER_DEQUANTIZE(iq4_xs, avx2)
GB_IQ4_XS_KERNELS(avx2)
