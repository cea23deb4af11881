/* tq2_0 on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/tq2_0.h"

GB_SUPER_KERNELS(tq2_0, neon)
