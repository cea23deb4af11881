/* iq1_s on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/iq1_s.h"

GB_SUPER_DEQUANTIZE(iq1_s, avx512vnni)
GB_SUPER_KERNELS(iq1_s, avx512vnni)
