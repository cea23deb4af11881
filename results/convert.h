/* Results of other forms as records: what `e2e --json` and `perplexity --json` print, and what llama-bench prints with
 * -o json or -o jsonl. */
#ifndef GB_RESULTS_CONVERT_H
#define GB_RESULTS_CONVERT_H

#include <cJSON.h>

#include "harness/error.h"

/* Replaces *json by its record if it is of a known form that is not a record; *converted says so. On error *json is
 * what the caller has to delete. GB_EINPUT names what a known form lacks. */
int gb_convert(cJSON **json, int *converted, const char *where, gb_error *err);

/* "models/x-Q4_0.gguf" -> "x-Q4_0.gguf". */
const char *gb_base_name(const char *path);

#endif
