/* iq2_xxs on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/iq2_xxs.h"

GB_SUPER_KERNELS(iq2_xxs, avxvnni)
