/* iq2_s on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/iq2_s.h"

GB_SUPER_KERNELS(iq2_s, avxvnni)
