/* Float operations of the engine on AVX-512 VNNI. */
#include "kernels/vec64/engine.h"

GB_ENGINE_KERNELS(avx512vnni)
