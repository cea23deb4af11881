/* JSON of model directories, hostile: parsed whole under limits, then read by typed getters whose messages name the
 * file and the key. null counts as absent. */
#ifndef GB_CONVERT_JSON_H
#define GB_CONVERT_JSON_H

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"

typedef struct gb_json {
    char *path; /* for messages */
    cJSON *root;
} gb_json;

/* Valid UTF-8, one value, no NUL inside strings, no object with the same key twice, at most 4 million values. `path` is
 * for messages; `text` need not be terminated. On error *out holds nothing. */
int gb_json_parse(const char *path, const char *text, size_t size, gb_json *out, gb_error *err);
/* The whole file, which must be an object. */
int gb_json_open(const char *path, size_t max, gb_json *out, gb_error *err);
void gb_json_close(gb_json *json);

/* The member, or NULL if it is absent, null, or `object` is no object. */
const cJSON *gb_json_find(const cJSON *object, const char *name);

/* A whole number up to `max` <= 2^53. `need` fails on an absent key, `get` leaves *out as it is. */
int gb_json_need_u64(const gb_json *json, const cJSON *object, const char *name, uint64_t max, uint64_t *out,
                     gb_error *err);
int gb_json_get_u64(const gb_json *json, const cJSON *object, const char *name, uint64_t max, uint64_t *out,
                    gb_error *err);
int gb_json_get_f64(const gb_json *json, const cJSON *object, const char *name, double *out, gb_error *err);
int gb_json_get_bool(const gb_json *json, const cJSON *object, const char *name, bool *out, gb_error *err);
/* *out points into the tree. */
int gb_json_get_str(const gb_json *json, const cJSON *object, const char *name, const char **out, gb_error *err);
/* A whole number as an item holds it: false if it is none, or larger than `max`. */
bool gb_json_whole(const cJSON *item, uint64_t max, uint64_t *out);
/* "a string", "an array" ... for messages. */
const char *gb_json_kind(const cJSON *item);

#endif
