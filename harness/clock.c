#include "harness/clock.h"

#include <pthread.h>
#include <time.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

static double tsc_hz;
static pthread_once_t calibrated = PTHREAD_ONCE_INIT;

uint64_t gb_now_ns(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

#if defined(__x86_64__)
/* Only an invariant TSC (leaf 80000007h, edx bit 8) ticks at one rate in every power state. */
static int tsc_usable(void) {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(0x80000007U, &a, &b, &c, &d) && (d >> 8 & 1U);
}

uint64_t gb_tsc(void) {
    unsigned cpu = 0;
    return __rdtscp(&cpu); /* waits for earlier instructions, unlike rdtsc */
}
#else
static int tsc_usable(void) {
    return 0;
}

uint64_t gb_tsc(void) {
    return 0;
}
#endif

static void calibrate(void) {
    if (!tsc_usable()) return;
    const uint64_t n0 = gb_now_ns();
    const uint64_t t0 = gb_tsc();
    uint64_t n1 = n0;
    while (n1 - n0 < 20000000U) n1 = gb_now_ns();
    const uint64_t t1 = gb_tsc();
    tsc_hz = (double)(t1 - t0) * 1e9 / (double)(n1 - n0);
}

double gb_tsc_hz(void) {
    (void)pthread_once(&calibrated, calibrate);
    return tsc_hz;
}
