/* int8_row on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/int8_row.h"

GB_INT8_ROW_CODEC(avx512vnni)
GB_INT8_ROW_KERNELS(avx512vnni, sums)
