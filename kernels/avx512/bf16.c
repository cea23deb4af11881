/* bf16 on AVX-512 without VNNI. */
#include "kernels/vec64/bf16.h"

GB_HALVES_KERNELS(bf16, avx512, format)
