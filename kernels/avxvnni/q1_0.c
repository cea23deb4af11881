/* q1_0 on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/q1_0.h"

GB_BYTE_KERNELS(q1_0, avxvnni, format)
