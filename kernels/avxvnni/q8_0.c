/* q8_0 on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/q8_0.h"

GB_BYTE_KERNELS(q8_0, avxvnni, format)
