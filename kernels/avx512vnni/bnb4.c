/* nf4, fp4 and their double-quantized forms on AVX-512 VNNI. */
#include "kernels/vec64/bnb4.h"

#define GB_DECODED_KERNELS(name, elems, decode_one) GB_DECODED_VEC64(name, avx512vnni, elems, decode_one)

GB_ALL_BNB4_KERNELS(decode)
