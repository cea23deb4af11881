/* f32 on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/lanes.h"

GB_LANES_KERNELS(f32, neon, GB_LANES_F32, 0)
