/* int8_row on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/int8_row.h"

GB_INT8_ROW_KERNELS(avxvnni, sums)
