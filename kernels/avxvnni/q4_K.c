/* q4_K on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/q4_K.h"

GB_SUPER_KERNELS(q4_K, avxvnni)
