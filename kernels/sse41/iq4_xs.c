/* iq4_xs on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/iq4_xs.h"

GB_SUPER_KERNELS(iq4_xs, sse41)
