/* tq2_0 on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/tq2_0.h"

GB_SUPER_KERNELS(tq2_0, avxvnni)
