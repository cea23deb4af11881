/* What one call of an operation has to do, declared once per operation: so that GB/s, operations per second and time
 * per weight are computed in one place and mean the same for every kernel. */
#ifndef GB_BENCH_WORK_H
#define GB_BENCH_WORK_H

#include <stddef.h>

#include "kernels/kernel.h"

/* Of one call. Rows of n elements; rows, cols: 1 where the operation has only one.
 * gemv, gemm: `rows` weight rows, `cols` activation columns. attn_*: `rows` = positions, n = head_dim.
 * rope: `rows` = heads, n = head_dim = n_rot. */
typedef struct gb_shape {
    size_t n, rows, cols;
} gb_shape;

typedef struct gb_work {
    double weights; /* elements processed: weights, times columns for gemm; elements of the row for the others */
    double bytes;   /* that must be read and written at least once: weights, activations, outputs */
    double ops;     /* multiplications and additions of the definition (a pair counts two); 0 = not declared, where the
                       count depends on the data (searches) or on how a function is computed */
} gb_work;

gb_work gb_work_of(gb_format format, gb_op op, const gb_shape *shape);

/* What the declared operations are made of: products of bytes where the activations are bytes (all other parts of such
 * a dot happen once a block), floats otherwise, none where no operations are declared. */
#define GB_ARITHMETICS(X)                                                                                              \
    X(none)                                                                                                            \
    X(int8)                                                                                                            \
    X(floats)

typedef enum gb_arithmetic {
#define GB_ARITHMETIC_ENUM(name) GB_ARITHMETIC_##name,
    GB_ARITHMETICS(GB_ARITHMETIC_ENUM)
#undef GB_ARITHMETIC_ENUM
} gb_arithmetic;

extern const char *const gb_arithmetic_names[];
gb_arithmetic gb_arithmetic_of(gb_format format, gb_op op);

/* Of a row of n elements, headers included. */
double gb_bits_per_weight(gb_format format, size_t n);

/* The shape whose memory comes closest to `target` bytes without passing it, within what models use: n at most 4096
 * and a multiple of 256, 16 columns, heads of 128. Where a call handles one row, the bench makes many calls on many
 * rows to fill the target. */
gb_shape gb_shape_for(gb_format format, gb_op op, size_t target);

/* Does a call handle one row only (then the bench walks many rows)? */
int gb_op_is_row(gb_op op);
/* Is a matrix of weights what it works on? */
int gb_op_takes_matrix(gb_op op);
/* Columns of a gemm that is timed. */
enum { GB_BENCH_COLUMNS = 16 };

#endif
