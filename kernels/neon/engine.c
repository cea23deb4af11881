/* Float operations of the engine on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/engine.h"

GB_ENGINE_KERNELS(neon)
