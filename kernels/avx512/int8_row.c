/* int8_row on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/int8_row.h"

GB_INT8_ROW_CODEC(avx512)
GB_INT8_ROW_KERNELS(avx512, sums)
