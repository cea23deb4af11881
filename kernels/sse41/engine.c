/* Float operations of the engine on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/engine.h"

GB_ENGINE_KERNELS(sse41)
