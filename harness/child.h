/* Another program as a child process, and what it writes to standard output. */
#ifndef GB_HARNESS_CHILD_H
#define GB_HARNESS_CHILD_H

#include <stddef.h>

#include "harness/error.h"

/* Runs argv (ended by NULL; argv[0] is found through PATH if it has no slash) and waits for it. Its standard output, at
 * most `most` bytes, comes back NUL-terminated in *text, freed by the caller; standard error and input stay ours.
 * *status: its exit status, or 128 + the signal that ended it. GB_EINPUT: it cannot be started or writes too much. */
int gb_child_output(char *const *argv, size_t most, char **text, size_t *size, int *status, gb_error *err);

#endif
