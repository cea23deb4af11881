/* q2_K on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/q2_K.h"

GB_SUPER_KERNELS(q2_K, avxvnni)
