/* Inputs and outputs of one (format, operation, working set), shared by all kernels that are compared on it. */
#ifndef GB_BENCH_CASE_H
#define GB_BENCH_CASE_H

#include <stdint.h>

#include "bench/work.h"
#include "harness/error.h"

enum { GB_BENCH_PARTS = 4 };

typedef struct gb_bench_case {
    gb_format format;
    gb_op op;
    gb_shape shape;                /* of one call */
    gb_work work;                  /* of one call */
    size_t calls;                  /* calls of one pass over the working set: one per row for row operations, else 1 */
    size_t working_set;            /* bytes that a pass touches */
    size_t step[GB_BENCH_PARTS];   /* bytes from one call's part to the next call's; 0: shared by all calls */
    uint8_t *part[GB_BENCH_PARTS]; /* what they hold depends on the operation, see case.c */
    size_t part_bytes[GB_BENCH_PARTS]; /* part 0 is what the kernels stream, and the yardstick too */
} gb_bench_case;

/* Builds a case of about `target` bytes with seeded contents: normal floats, and blocks that the reference made of
 * them. At most 8 GiB. */
int gb_bench_case_new(gb_format format, gb_op op, size_t target, uint64_t seed, gb_bench_case *c, gb_error *err);
/* The same on a matrix of `rows` rows of n elements: rows one by one, or all in one call. */
int gb_bench_case_matrix(gb_format format, gb_op op, size_t n, size_t rows, uint64_t seed, gb_bench_case *c,
                         gb_error *err);
/* The same of exactly this shape, `calls` calls a pass, each on data of its own where the operation has such: rows, or
 * copies of the matrix. */
int gb_bench_case_exact(gb_format format, gb_op op, const gb_shape *shape, size_t calls, uint64_t seed,
                        gb_bench_case *c, gb_error *err);
void gb_bench_case_free(gb_bench_case *c);

/* Drops all that a pass touches from the caches. */
void gb_bench_case_evict(const gb_bench_case *c);

/* One pass: `calls` calls of the kernel. */
void gb_bench_pass(const gb_bench_case *c, gb_fn fn);

#endif
