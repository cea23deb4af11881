/* How far a tensor moved when it was quantized. Sums are doubles, over a row from left to right and over rows from the
 * first to the last, so that they do not depend on the number of threads. */
#ifndef GB_MODEL_TENSOR_ERROR_H
#define GB_MODEL_TENSOR_ERROR_H

#include <stddef.h>
#include <stdint.h>

typedef struct gb_tensor_error {
    uint64_t count;
    double squares; /* sum of (y - x)^2; x before, y what the written blocks decode to */
    double max;     /* largest |y - x| */
    double xx, yy, xy;
} gb_tensor_error;

/* The error of one row. */
gb_tensor_error gb_tensor_error_of_row(const float *x, const float *y, size_t n);
/* Adds the sums of what comes after. */
void gb_tensor_error_add(gb_tensor_error *sum, const gb_tensor_error *next);

double gb_tensor_error_rmse(const gb_tensor_error *e);
/* Cosine of the angle between x and y; 1 where both are zero. */
double gb_tensor_error_cosine(const gb_tensor_error *e);
/* 10 log10 of signal over error; infinite without error. */
double gb_tensor_error_snr_db(const gb_tensor_error *e);

#endif
