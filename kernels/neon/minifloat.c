/* mxfp6, mxfp8 and fp8 on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/minifloat.h"

#define GB_DECODED_KERNELS(name, elems, decode_one) GB_DECODED_VEC16(name, neon, elems, decode_one)

GB_ALL_MINIFLOAT_KERNELS(e2m3, e3m2, e4m3, e5m2)
