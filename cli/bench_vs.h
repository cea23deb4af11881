/* bench --vs and --vs-binary: two of something, measured in turns, ratio by ratio. */
#ifndef GB_CLI_BENCH_VS_H
#define GB_CLI_BENCH_VS_H

#include "cli/bench_run.h"
#include "results/compare_print.h"

/* word: "A,B", two instruction sets, two kernels, or two files of results. One process takes the samples in the order
 * ABBA; with sessions, each process gives one pair of medians. */
int gb_bench_vs(gb_bench_arguments *a, const char *word, gb_compare_form form, int argc, char **argv, gb_error *err);

/* A: another build of this program; B: this one. Processes in the order ABBA, ten of each unless sessions says
 * otherwise. */
int gb_bench_vs_binary(gb_bench_arguments *a, const char *path, gb_compare_form form, int argc, char **argv,
                       gb_error *err);

#endif
