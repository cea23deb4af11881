/* iq2_xs on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/iq2_xs.h"

GB_SUPER_KERNELS(iq2_xs, avxvnni)
