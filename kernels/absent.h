/* Where the table has no row: why not, and what runs there instead. */
#ifndef GB_ABSENT_H
#define GB_ABSENT_H

#include <stdbool.h>

#include "kernels/registry.h"

/* A line of kernels/absent.def: words, with * and ? for any letters. */
typedef struct gb_absence {
    const char *formats, *ops, *isas;
    const char *reason;
} gb_absence;

extern const gb_absence gb_absences[];
extern const size_t gb_absence_count;

/* Does the line speak of this cell? */
bool gb_absence_covers(const gb_absence *absence, gb_format format, gb_op op, gb_isa isa);

/* The first line that does; NULL if none. */
const gb_absence *gb_absence_of(gb_format format, gb_op op, gb_isa isa);

/* What runs on a CPU that has exactly the features of a tier, whatever this program holds; NULL: the reference. */
const gb_kernel *gb_kernel_of_tier(gb_format format, gb_op op, gb_isa isa);

#endif
