/* iq3_xxs on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/iq3_xxs.h"

GB_SUPER_KERNELS(iq3_xxs, avxvnni)
