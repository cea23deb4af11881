/* q5_1 on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/q5_1.h"

GB_BYTE_KERNELS(q5_1, avxvnni, format)
