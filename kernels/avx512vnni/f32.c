/* f32 rows: multiply and add rounded separately. */
#include "kernels/avx512vnni/lanes16.h"

static const gb_lanes16 format = {
    .bytes = sizeof(float), .load = gb_load_f32x16, .load_some = gb_load_some_f32x16, .madd = gb_madd_separate};

GB_LANES_PRODUCTS(f32, format)
