/* f32 on AVX-512 without VNNI. */
#include "kernels/vec64/f32.h"

GB_LANES_PRODUCTS(f32, avx512, format)
