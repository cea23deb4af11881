/* iq4_nl on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/iq4_nl.h"

GB_BLOCK32_KERNELS(iq4_nl, sse41)
