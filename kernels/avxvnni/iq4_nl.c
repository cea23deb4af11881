/* iq4_nl on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/iq4_nl.h"

GB_BYTE_KERNELS(iq4_nl, avxvnni, format)
