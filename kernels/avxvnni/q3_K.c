/* q3_K on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/q3_K.h"

GB_SUPER_KERNELS(q3_K, avxvnni)
