/* The option --store [PATH] of the verbs that make results, and the store of the verbs that read them. */
#ifndef GB_CLI_STORE_H
#define GB_CLI_STORE_H

#include "results/store.h"

/* Refuses early what would fail after a long measurement: no SQLite, no way to open the store. NULL path: nothing to
 * do.
 */
int gb_store_check(const char *path, gb_error *err);

/* Adds the results and says so on standard error. NULL path: nothing to do. */
int gb_store_results(const char *path, const gb_results *results, gb_error *err);
/* The same for JSON as e2e and perplexity print it: an object or an array of objects, which stay the caller's. */
int gb_store_json(const char *path, const cJSON *json, gb_error *err);

#endif
