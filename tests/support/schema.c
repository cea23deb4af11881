#include "tests/support/schema.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/file.h"

static char problem[512];

static int type_is(const cJSON *value, const char *type) {
    if (strcmp(type, "object") == 0) return cJSON_IsObject(value);
    if (strcmp(type, "array") == 0) return cJSON_IsArray(value);
    if (strcmp(type, "string") == 0) return cJSON_IsString(value);
    if (strcmp(type, "number") == 0) return cJSON_IsNumber(value);
    if (strcmp(type, "integer") == 0) return cJSON_IsNumber(value) && floor(value->valuedouble) == value->valuedouble;
    if (strcmp(type, "null") == 0) return cJSON_IsNull(value);
    return 0;
}

static int type_allowed(const cJSON *value, const cJSON *types) {
    if (!types) return 1;
    if (cJSON_IsString(types)) return type_is(value, types->valuestring);
    const cJSON *t = NULL;
    cJSON_ArrayForEach(t, types) if (type_is(value, t->valuestring)) return 1;
    return 0;
}

static int fail_at(const char *where, const char *why) {
    (void)snprintf(problem, sizeof problem, "%s: %s", where, why);
    return 0;
}

static int conforms(const cJSON *value, const cJSON *schema, const char *where);

static int object_conforms(const cJSON *value, const cJSON *schema, const char *where) {
    const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
    const cJSON *others = cJSON_GetObjectItemCaseSensitive(schema, "additionalProperties");
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(schema, "required")) {
        if (!cJSON_GetObjectItemCaseSensitive(value, item->valuestring)) return fail_at(item->valuestring, "missing");
    }
    cJSON_ArrayForEach(item, value) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s.%s", where, item->string);
        const cJSON *rule = cJSON_GetObjectItemCaseSensitive(properties, item->string);
        if (!rule && cJSON_IsFalse(others)) return fail_at(path, "not allowed");
        if (!rule) rule = others;
        if (rule && !conforms(item, rule, path)) return 0;
    }
    return 1;
}

static int conforms(const cJSON *value, const cJSON *schema, const char *where) {
    if (!type_allowed(value, cJSON_GetObjectItemCaseSensitive(schema, "type"))) return fail_at(where, "wrong type");
    const cJSON *allowed = cJSON_GetObjectItemCaseSensitive(schema, "enum");
    int found = !allowed;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, allowed) found |= cJSON_Compare(item, value, 1);
    if (!found) return fail_at(where, "not one of the allowed values");
    if (cJSON_IsObject(value)) return object_conforms(value, schema, where);
    const cJSON *items = cJSON_GetObjectItemCaseSensitive(schema, "items");
    if (items && cJSON_IsArray(value)) {
        cJSON_ArrayForEach(item, value) if (!conforms(item, items, where)) return 0;
    }
    return 1;
}

const char *gb_schema_problem(const cJSON *value, const cJSON *schema) {
    return conforms(value, schema, "record") ? NULL : problem;
}

cJSON *gb_schema_read(const char *name) {
    char path[1024];
    uint8_t *text = NULL;
    size_t size = 0;
    gb_error err = {0};
    (void)snprintf(path, sizeof path, "%s/results/%s", GB_SOURCE_DIR, name);
    const int rc = gb_read_all(path, 1U << 20, &text, &size, &err);
    ck_assert_msg(rc == GB_OK, "%s", err.text);
    cJSON *schema = cJSON_ParseWithLength((const char *)text, size);
    ck_assert_ptr_nonnull(schema);
    free(text);
    return schema;
}
