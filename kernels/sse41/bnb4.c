/* nf4, fp4 and their double-quantized forms on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/bnb4.h"

#define GB_DECODED_KERNELS(name, elems, decode_one) GB_DECODED_VEC16(name, sse41, elems, decode_one)

GB_ALL_BNB4_KERNELS(decode)
