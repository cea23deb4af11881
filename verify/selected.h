/* Verification of just the rows that a cap selects, before a model is timed on them. */
#ifndef GB_VERIFY_SELECTED_H
#define GB_VERIFY_SELECTED_H

#include "verify/verify.h"

/* Quick effort, default seed. *rows = how many rows were checked (0: the reference serves alone). GB_EFINDING with the
 * kernel, its first failure and the replay line if one is wrong. */
int gb_verify_selected(const gb_cap *cap, size_t *rows, gb_error *err);

#endif
