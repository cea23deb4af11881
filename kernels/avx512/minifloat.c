/* mxfp6, mxfp8 and fp8 on AVX-512 without VNNI. */
#include "kernels/vec64/minifloat.h"

#define GB_DECODED_KERNELS(name, elems, decode_one) GB_DECODED_VEC64(name, avx512, elems, decode_one)

GB_ALL_MINIFLOAT_KERNELS(e2m3, e3m2, e4m3, e5m2)
