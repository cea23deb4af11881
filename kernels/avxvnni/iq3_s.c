/* iq3_s on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/iq3_s.h"

GB_SUPER_KERNELS(iq3_s, avxvnni)
