/* The part of JSON Schema that results/ uses: type, enum, required, properties, additionalProperties, items. */
#ifndef GB_TESTS_SCHEMA_H
#define GB_TESTS_SCHEMA_H

#include <cJSON.h>

/* results/<name>, parsed; fails the test if it cannot be. The caller deletes it. */
cJSON *gb_schema_read(const char *name);

/* NULL if the value conforms, else the first place that does not and why (valid until the next call). */
const char *gb_schema_problem(const cJSON *value, const cJSON *schema);

#endif
