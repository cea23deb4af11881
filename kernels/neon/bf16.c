/* bf16 on NEON. Products can underflow, so they are not exact (unlike f16). */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/lanes.h"

GB_HALVES_KERNELS(bf16, neon, GB_LANES_BF16)
GB_LANES_KERNELS(bf16, neon, GB_LANES_BF16, 0)
