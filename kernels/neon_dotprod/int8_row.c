/* int8_row on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/int8_row.h"

GB_INT8_ROW_KERNELS(neon_dotprod, sums)
