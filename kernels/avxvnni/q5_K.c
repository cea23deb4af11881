/* q5_K on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/q5_K.h"

GB_SUPER_KERNELS(q5_K, avxvnni)
