/* f16 on AVX-512 VNNI. */
#include "kernels/vec64/f16.h"

GB_HALVES_KERNELS(f16, avx512vnni, format)
