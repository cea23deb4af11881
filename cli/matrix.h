/* The table of kernels as a matrix: format x operation x instruction set. */
#ifndef GB_CLI_MATRIX_H
#define GB_CLI_MATRIX_H

#include <cJSON.h>

/* One block per operation; notes below. */
void gb_matrix_show(void);

/* An array with one object per cell; NULL without memory. */
cJSON *gb_matrix_json(void);

#endif
