/* int8_row on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/int8_row.h"

GB_INT8_ROW_CODEC(sse41)
GB_INT8_ROW_KERNELS(sse41, sums)
