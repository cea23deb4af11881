/* Reading JSON that may hold anything: what is absent or of another type comes as NaN or as the fallback. */
#ifndef GB_RESULTS_JSON_H
#define GB_RESULTS_JSON_H

#include <cJSON.h>
#include <math.h>

static inline const cJSON *gb_json_at(const cJSON *object, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static inline double gb_json_number(const cJSON *object, const char *key) {
    const cJSON *v = gb_json_at(object, key);
    return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

static inline const char *gb_json_string(const cJSON *object, const char *key, const char *fallback) {
    const cJSON *v = gb_json_at(object, key);
    return cJSON_IsString(v) ? v->valuestring : fallback;
}

#endif
