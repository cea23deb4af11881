/* f32 rows in vectors of 64 bytes: multiply and add rounded separately. */
#include "kernels/vec64/lanes16.h"

static const gb_lanes16 format = {
    .bytes = sizeof(float), .load = gb_load_f32x16, .load_some = gb_load_some_f32x16, .madd = gb_madd_separate};
