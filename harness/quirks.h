/* What is peculiar about this CPU's instruction-set tiers (GB_QUIRK of kernels/isa.def): good to know before one reads
 * times. */
#ifndef GB_HARNESS_QUIRKS_H
#define GB_HARNESS_QUIRKS_H

#include "kernels/registry.h"

typedef enum gb_quirk {
#define GB_QUIRK(name, tiers, text) GB_QUIRK_##name,
#include "kernels/isa.def"
    GB_QUIRK_COUNT
} gb_quirk;

typedef struct gb_quirk_info {
    const char *name, *tiers, *text; /* tiers: names with blanks between them */
} gb_quirk_info;

extern const gb_quirk_info gb_quirks[GB_QUIRK_COUNT];

/* Those of this CPU, bit i for quirk i, from vendor, family and model in /proc/cpuinfo and from what the kernel says of
 * gathers. root: as in harness/sysfs.h. 0 where nothing is known. */
unsigned gb_quirks_here(const char *root);

bool gb_quirk_concerns(gb_quirk quirk, gb_isa isa);

#endif
