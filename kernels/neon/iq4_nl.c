/* iq4_nl on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/iq4_nl.h"

GB_BLOCK32_KERNELS(iq4_nl, neon)
