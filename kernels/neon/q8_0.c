/* q8_0 on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/q8_0.h"

GB_Q8_0_ENCODERS(neon)
GB_BLOCK32_KERNELS(q8_0, neon)
