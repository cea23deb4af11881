/* Matrices whose columns are stored in another order than the input's (GPTQ's act-order): the tensor "<matrix>.perm" of
 * type I32 holds, for each stored column, the column of the input that it is multiplied with. */
#ifndef GB_MODEL_COLUMN_ORDER_H
#define GB_MODEL_COLUMN_ORDER_H

#include "model/gguf.h"

enum { GB_ORDER_NAME = 80 }; /* room for the name of a matrix and the ending */

/* The order of a matrix, NULL if it has none; checks neither type nor content. */
const gb_tensor *gb_column_order_find(const gb_gguf *file, gb_str matrix);

typedef struct gb_column_order {
    int32_t *at;
    size_t n;
} gb_column_order;

/* Copies of a model's orders; equal ones are kept once, so that q, k and v share a gathered input as they share a plain
 * one. Starts as {0}. */
typedef struct gb_column_orders {
    gb_column_order *item;
    size_t count;
} gb_column_orders;

/* Adds the order for rows of n columns; *out stays valid until gb_column_orders_free. Anything but a permutation of
 * 0 .. n-1 is an error that names the tensor and the element. */
int gb_column_orders_add(gb_column_orders *all, const gb_gguf *file, const gb_tensor *t, size_t n, const int32_t **out,
                         gb_error *err);
void gb_column_orders_free(gb_column_orders *all);

#endif
