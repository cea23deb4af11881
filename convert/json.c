#include "convert/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/file.h"
#include "model/utf8.h"

/* A value takes 64 bytes in the tree but may take two in the text. */
enum { MAX_VALUES = 4 << 20 };

/* What cJSON would let pass: too many values, text that is no UTF-8, and \u0000, which would cut a string short. */
static int check_text(const char *path, const char *text, size_t size, gb_error *err) {
    size_t values = 1;
    for (size_t i = 0, n = 0; i < size; i += n) {
        n = gb_utf8_size(text + i, size - i);
        if (n == 0) return gb_fail(err, GB_EINPUT, "%s: byte %zu is no UTF-8", path, i);
        if (text[i] == '\0') return gb_fail(err, GB_EINPUT, "%s: byte %zu is a NUL", path, i);
        values += text[i] == ',' || text[i] == '[' || text[i] == '{';
        if (text[i] != '\\' || i + 1 == size) continue;
        n = (unsigned char)text[i + 1] < 0x80 ? 2 : 1; /* an escape: what follows is not looked at again */
        if (size - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0)
            return gb_fail(err, GB_EINPUT, "%s: byte %zu: a NUL inside a string", path, i);
    }
    if (values > MAX_VALUES)
        return gb_fail(err, GB_EINPUT, "%s: up to %zu JSON values, expected at most %d", path, values, MAX_VALUES);
    return GB_OK;
}

static int by_name(const void *a, const void *b) {
    const cJSON *const *x = a;
    const cJSON *const *y = b;
    return strcmp((*x)->string, (*y)->string);
}

/* `order` has room for the members of any object. */
static int check_doubles(const char *path, const cJSON *object, const cJSON **order, gb_error *err) {
    size_t n = 0;
    for (const cJSON *m = object->child; m; m = m->next) order[n++] = m;
    qsort(order, n, sizeof(const cJSON *), by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(order[i - 1]->string, order[i]->string) == 0)
            return gb_fail(err, GB_EINPUT, "%s: the key '%.64s' stands twice in one object", path, order[i]->string);
    return GB_OK;
}

static size_t largest_object(const cJSON *item) {
    size_t n = 0;
    size_t most = 0;
    for (const cJSON *m = item->child; m; m = m->next) {
        const size_t inner = largest_object(m); /* as deep as the parser went, which has its own limit */
        if (inner > most) most = inner;
        n++;
    }
    return cJSON_IsObject(item) && n > most ? n : most;
}

static int check_tree(const char *path, const cJSON *item, const cJSON **order, gb_error *err) {
    int rc = cJSON_IsObject(item) ? check_doubles(path, item, order, err) : GB_OK;
    for (const cJSON *m = item->child; !rc && m; m = m->next)
        if (m->child) rc = check_tree(path, m, order, err);
    return rc;
}

static int check_doubles_everywhere(const char *path, const cJSON *root, gb_error *err) {
    const cJSON **order = gb_new(largest_object(root), sizeof(const cJSON *), "keys of a JSON object", err);
    if (!order) return GB_ESYSTEM;
    const int rc = check_tree(path, root, order, err);
    free(order);
    return rc;
}

int gb_json_parse(const char *path, const char *text, size_t size, gb_json *out, gb_error *err) {
    *out = (gb_json){0};
    int rc = check_text(path, text, size, err);
    if (rc) return rc;
    const char *end = text;
    out->root = cJSON_ParseWithLengthOpts(text, size, &end, 0);
    if (!out->root) {
        const size_t at = end >= text && end <= text + size ? (size_t)(end - text) : 0;
        return gb_fail(err, GB_EINPUT, "%s: byte %zu: not JSON (or out of memory)", path, at);
    }
    while (end < text + size && strchr(" \t\r\n", *end)) end++;
    if (end < text + size)
        rc = gb_fail(err, GB_EINPUT, "%s: byte %zu: text after the end of the JSON value", path, (size_t)(end - text));
    if (!rc) rc = check_doubles_everywhere(path, out->root, err);
    out->path = rc ? NULL : strdup(path);
    if (!rc && !out->path) rc = gb_fail(err, GB_ESYSTEM, "%s: out of memory", path);
    if (rc) gb_json_close(out);
    return rc;
}

int gb_json_open(const char *path, size_t max, gb_json *out, gb_error *err) {
    gb_map map;
    *out = (gb_json){0};
    int rc = gb_map_open(path, &map, err);
    if (rc) return rc;
    if (map.size > max)
        rc = gb_fail(err, GB_EINPUT, "%s: %zu bytes, expected at most %zu", path, map.size, max);
    else
        rc = gb_json_parse(path, map.size ? (const char *)map.data : "", map.size, out, err);
    gb_map_close(&map);
    if (!rc && !cJSON_IsObject(out->root)) {
        rc = gb_fail(err, GB_EINPUT, "%s: found %s, expected an object", path, gb_json_kind(out->root));
        gb_json_close(out);
    }
    return rc;
}

void gb_json_close(gb_json *json) {
    cJSON_Delete(json->root);
    free(json->path);
    *json = (gb_json){0};
}

const cJSON *gb_json_find(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
    return item && !cJSON_IsNull(item) ? item : NULL;
}

const char *gb_json_kind(const cJSON *item) {
    return cJSON_IsObject(item)   ? "an object"
           : cJSON_IsArray(item)  ? "an array"
           : cJSON_IsString(item) ? "a string"
           : cJSON_IsNumber(item) ? "a number"
           : cJSON_IsBool(item)   ? "true or false"
                                  : "null";
}

static int wrong_kind(const gb_json *json, const char *name, const cJSON *item, const char *wanted, gb_error *err) {
    return gb_fail(err, GB_EINPUT, "%s: '%s' is %s, expected %s", json->path, name, gb_json_kind(item), wanted);
}

bool gb_json_whole(const cJSON *item, uint64_t max, uint64_t *out) {
    if (!cJSON_IsNumber(item)) return false;
    const double v = item->valuedouble;
    if (!(v >= 0 && v <= (double)max && v == floor(v))) return false;
    *out = (uint64_t)v;
    return true;
}

int gb_json_get_u64(const gb_json *json, const cJSON *object, const char *name, uint64_t max, uint64_t *out,
                    gb_error *err) {
    const cJSON *item = gb_json_find(object, name);
    if (!item || gb_json_whole(item, max, out)) return GB_OK;
    if (!cJSON_IsNumber(item)) return wrong_kind(json, name, item, "a whole number", err);
    return gb_fail(err, GB_EINPUT, "%s: '%s' is %.17g, expected a whole number up to %llu", json->path, name,
                   item->valuedouble, (unsigned long long)max);
}

int gb_json_need_u64(const gb_json *json, const cJSON *object, const char *name, uint64_t max, uint64_t *out,
                     gb_error *err) {
    if (!gb_json_find(object, name)) return gb_fail(err, GB_EINPUT, "%s: '%s' is missing", json->path, name);
    return gb_json_get_u64(json, object, name, max, out, err);
}

int gb_json_get_f64(const gb_json *json, const cJSON *object, const char *name, double *out, gb_error *err) {
    const cJSON *item = gb_json_find(object, name);
    if (!item) return GB_OK;
    if (!cJSON_IsNumber(item)) return wrong_kind(json, name, item, "a number", err);
    if (!isfinite(item->valuedouble))
        return gb_fail(err, GB_EINPUT, "%s: '%s' is %g, expected a finite number", json->path, name, item->valuedouble);
    *out = item->valuedouble;
    return GB_OK;
}

int gb_json_get_bool(const gb_json *json, const cJSON *object, const char *name, bool *out, gb_error *err) {
    const cJSON *item = gb_json_find(object, name);
    if (!item) return GB_OK;
    if (!cJSON_IsBool(item)) return wrong_kind(json, name, item, "true or false", err);
    *out = cJSON_IsTrue(item) != 0;
    return GB_OK;
}

int gb_json_get_str(const gb_json *json, const cJSON *object, const char *name, const char **out, gb_error *err) {
    const cJSON *item = gb_json_find(object, name);
    if (!item) return GB_OK;
    if (!cJSON_IsString(item)) return wrong_kind(json, name, item, "a string", err);
    *out = item->valuestring;
    return GB_OK;
}
