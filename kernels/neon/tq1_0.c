/* tq1_0 on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/tq1_0.h"

GB_SUPER_KERNELS(tq1_0, neon)
