/* tq1_0 on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/tq1_0.h"

GB_SUPER_KERNELS(tq1_0, avxvnni)
