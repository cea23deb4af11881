/* What people and machines see of a bench run. */
#ifndef GB_BENCH_PRINT_H
#define GB_BENCH_PRINT_H

#include <stdio.h>

#include "bench/bench.h"
#include "results/record.h"

/* A header (machine, timer, pinning, seed), one table per level, and what was skipped or failed.
 * stolen: share of CPU time that the hypervisor took during the run, negative: not known. */
void gb_bench_print_table(FILE *out, const gb_bench_options *options, const gb_bench_report *report, const gb_run *run,
                          double stolen);
/* A line where the fewest samples of a table are too few for intervals of 95 %. */
void gb_bench_print_coverage(FILE *out, size_t fewest);
/* Bars, one for each timed kernel, those of a working set scaled to its fastest. */
void gb_bench_print_chart(FILE *out, const gb_bench_report *report);
void gb_bench_print_csv(FILE *out, const gb_bench_report *report);
/* The record of one result that was not skipped; the caller frees it with gb_record_free. */
int gb_bench_record(const gb_bench_report *report, const gb_bench_result *result, const gb_run *run, double stolen,
                    gb_record **out, gb_error *err);

#endif
