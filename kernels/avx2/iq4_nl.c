/* iq4_nl on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/iq4_nl.h"

GB_BYTE_DEQUANTIZE(iq4_nl, avx2, format)
GB_BYTE_KERNELS(iq4_nl, avx2, format)
