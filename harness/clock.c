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

/* One moment on both clocks. */
typedef struct moment {
    uint64_t ns, ticks;
} moment;

static moment read_both(const gb_clock *clock) {
    moment best = {0};
    uint64_t closest = UINT64_MAX;
    for (int i = 0; i < 9; i++) {
        const uint64_t before = clock->ticks(clock->ctx);
        const uint64_t ns = clock->now_ns(clock->ctx);
        const uint64_t apart = clock->ticks(clock->ctx) - before;
        if (apart >= closest) continue;
        closest = apart;
        best = (moment){.ns = ns, .ticks = before + apart / 2};
    }
    return best;
}

double gb_clock_calibrate(const gb_clock *clock, uint64_t interval_ns) {
    const moment first = read_both(clock);
    while (clock->now_ns(clock->ctx) - first.ns < interval_ns) continue;
    const moment last = read_both(clock);
    return (double)(last.ticks - first.ticks) * 1e9 / (double)(last.ns - first.ns);
}

static uint64_t system_ns(void *ctx) {
    (void)ctx;
    return gb_now_ns();
}

static uint64_t system_ticks(void *ctx) {
    (void)ctx;
    return gb_tsc();
}

const gb_clock gb_clock_system = {.now_ns = system_ns, .ticks = system_ticks};

static void calibrate(void) {
    if (tsc_usable()) tsc_hz = gb_clock_calibrate(&gb_clock_system, 20000000U);
}

double gb_tsc_hz(void) {
    (void)pthread_once(&calibrated, calibrate);
    return tsc_hz;
}
