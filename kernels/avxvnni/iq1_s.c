/* iq1_s on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/iq1_s.h"

GB_SUPER_KERNELS(iq1_s, avxvnni)
