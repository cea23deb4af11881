/* q6_K on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/q6_K.h"

GB_SUPER_KERNELS(q6_K, avxvnni)
