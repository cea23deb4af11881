#include "bench/ceilings/zmm.h"

#define int8_step _mm512_dpbusd_epi32

#include "bench/ceilings/vector.h"

const gb_loops gb_loops_avx512vnni = GB_VECTOR_LOOPS;
