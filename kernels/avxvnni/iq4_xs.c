/* iq4_xs on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/iq4_xs.h"

GB_SUPER_KERNELS(iq4_xs, avxvnni)
