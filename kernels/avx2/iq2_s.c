/* iq2_s on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/iq2_s.h"

GB_SUPER_DEQUANTIZE(iq2_s, avx2)
GB_SUPER_KERNELS(iq2_s, avx2)
