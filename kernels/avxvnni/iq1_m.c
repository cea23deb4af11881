/* iq1_m on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/iq1_m.h"

GB_SUPER_KERNELS(iq1_m, avxvnni)
