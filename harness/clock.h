/* Clocks. Wall time is CLOCK_MONOTONIC_RAW in nanoseconds; reference cycles are the TSC where there is one. */
#ifndef GB_HARNESS_CLOCK_H
#define GB_HARNESS_CLOCK_H

#include <stdint.h>

uint64_t gb_now_ns(void);
/* Time stamp counter, 0 where the architecture has none usable (then gb_tsc_hz() is 0 too). */
uint64_t gb_tsc(void);
/* Ticks per second, calibrated against gb_now_ns() once (takes about 20 ms). */
double gb_tsc_hz(void);

/* Something that ticks beside a clock of nanoseconds; tests put their own in its place. */
typedef struct gb_clock {
    uint64_t (*now_ns)(void *ctx);
    uint64_t (*ticks)(void *ctx);
    void *ctx;
} gb_clock;

/* gb_now_ns() and gb_tsc(). */
extern const gb_clock gb_clock_system;

/* Ticks per second over an interval of at least this length. Each end is the closest of several pairs of readings, so
 * an interruption between the two clocks does not count. */
double gb_clock_calibrate(const gb_clock *clock, uint64_t interval_ns);

#endif
