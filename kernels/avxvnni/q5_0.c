/* q5_0 on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/q5_0.h"

GB_BYTE_KERNELS(q5_0, avxvnni, format)
