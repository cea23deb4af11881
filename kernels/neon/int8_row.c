/* int8_row on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/int8_row.h"

GB_INT8_ROW_CODEC(neon)
GB_INT8_ROW_KERNELS(neon, sums)
