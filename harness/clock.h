/* Clocks. Wall time is CLOCK_MONOTONIC_RAW in nanoseconds; reference cycles are the TSC where there is one. */
#ifndef GB_HARNESS_CLOCK_H
#define GB_HARNESS_CLOCK_H

#include <stdint.h>

uint64_t gb_now_ns(void);
/* Time stamp counter, 0 where the architecture has none usable (then gb_tsc_hz() is 0 too). */
uint64_t gb_tsc(void);
/* Ticks per second, calibrated against gb_now_ns() once (takes about 20 ms). */
double gb_tsc_hz(void);

#endif
