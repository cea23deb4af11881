/* iq4_xs on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/iq4_xs.h"

GB_SUPER_KERNELS(iq4_xs, neon)
