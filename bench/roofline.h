/* Where kernels stand under the machine's ceilings: no faster than its multiplications, nor than its memory delivers.
 */
#ifndef GB_BENCH_ROOFLINE_H
#define GB_BENCH_ROOFLINE_H

#include <stdio.h>

#include "bench/ceilings/ceilings.h"
#include "results/record.h"

typedef struct gb_roof {
    gb_bench_level level; /* the smallest one that holds the working set; cold: dram */
    gb_arithmetic arithmetic;
    double intensity; /* operations per byte; 0: operations are not declared */
    double memory;    /* what the level's bandwidth allows, Gop/s (GB/s where operations are not declared) */
    double compute;   /* what the ISA's multiplications allow, Gop/s; 0: nothing is known of it */
    double limit;     /* the lower one */
    double reached;   /* what the kernel does, same unit */
} gb_roof;

/* The smallest level that holds a set which `threads` threads share evenly. */
gb_bench_level gb_level_of_set(size_t bytes, size_t threads, const gb_topology *topology);

/* The roof over a timed result of one thread. */
gb_roof gb_roof_of(const gb_bench_result *result, bool cold, const gb_topology *topology, const gb_ceiling *ceiling);

/* Tables: the ceilings, and each timed kernel's place under those of one thread. */
void gb_roofline_print(FILE *out, const gb_bench_report *report, const gb_topology *topology,
                       const gb_ceilings *ceilings);

/* A kernel's place as metrics of its record: the roof, the share of it that is reached, operations per byte. */
void gb_roofline_annotate(gb_record *record, const gb_roof *roof);

/* How many records gb_ceiling_record() makes of these ceilings, and one of them: what so many threads read of a level,
 * or multiply with an ISA. The caller frees it with gb_record_free. */
size_t gb_ceiling_records(const gb_ceilings *ceilings);
int gb_ceiling_record(const gb_ceilings *ceilings, size_t index, const gb_run *run, gb_record **out, gb_error *err);

/* The same as a drawing; results without declared operations have no place in it. */
int gb_roofline_svg(const char *path, const gb_bench_report *report, const gb_topology *topology,
                    const gb_ceilings *ceilings, gb_error *err);
/* To a stream. */
void gb_roofline_draw(FILE *out, const gb_bench_report *report, const gb_topology *topology,
                      const gb_ceilings *ceilings);

#endif
