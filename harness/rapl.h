/* Energy by the kernel's powercap zones (RAPL): /sys/class/powercap/intel-rapl:*, which AMD has too. Whole packages,
 * all that runs on them. */
#ifndef GB_HARNESS_RAPL_H
#define GB_HARNESS_RAPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "harness/sysfs.h"

enum { GB_RAPL_ZONES = 16 };

typedef struct gb_rapl {
    char zone[GB_RAPL_ZONES][GB_SYSFS_NAME];
    size_t count;
    uint64_t before[GB_RAPL_ZONES];
} gb_rapl;

/* The zones whose name begins with `kind` ("package-", "core", "dram", "psys"). GB_EINPUT: there is none; GB_ESYSTEM:
 * one cannot be read; with the cause and what would help. */
int gb_rapl_open(const char *root, const char *kind, gb_rapl *rapl, char *why, size_t size);
bool gb_rapl_start(const char *root, gb_rapl *rapl, char *why, size_t size);
/* Joules since the start, over all zones; a counter that has gone round once is taken into account. */
bool gb_rapl_stop(const char *root, const gb_rapl *rapl, double *joules, char *why, size_t size);

#endif
