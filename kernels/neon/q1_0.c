/* q1_0 on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/q1_0.h"

GB_BLOCK32_KERNELS(q1_0, neon)
