/* A row of blocks, shown field by field. */
#ifndef GB_CLI_EXPLAIN_H
#define GB_CLI_EXPLAIN_H

#include "harness/error.h"
#include "kernels/formats.h"

/* Prints one row of n elements to standard output: headers, the fields of every block, and the decoded elements. */
int gb_explain_row(gb_format format, const uint8_t *row, size_t n, gb_error *err);

#endif
