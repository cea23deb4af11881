#include "convert/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"

enum { LENGTH_BYTES = 8, MAX_HEADER = 16 << 20, MAX_TENSORS = 1 << 20 };
static const uint64_t max_exact = (uint64_t)1 << 53; /* whole numbers of JSON are doubles */

const char *const gb_dtype_names[GB_DTYPE_COUNT] = {
#define GB_DTYPE_NAME(name, bytes) #name,
    GB_DTYPES(GB_DTYPE_NAME)
#undef GB_DTYPE_NAME
};

static const uint8_t dtype_bytes[GB_DTYPE_COUNT] = {
#define GB_DTYPE_BYTES(name, bytes) bytes,
    GB_DTYPES(GB_DTYPE_BYTES)
#undef GB_DTYPE_BYTES
};

gb_format gb_dtype_format(gb_dtype dtype) {
    return dtype == GB_DTYPE_F32    ? GB_FORMAT_f32
           : dtype == GB_DTYPE_F16  ? GB_FORMAT_f16
           : dtype == GB_DTYPE_BF16 ? GB_FORMAT_bf16
                                    : GB_FORMAT_COUNT;
}

const char *gb_st_shape(const gb_st_tensor *t, char buf[GB_SHAPE_TEXT]) {
    size_t used = (size_t)snprintf(buf, GB_SHAPE_TEXT, "%s", t->dims ? "" : "a scalar");
    for (uint32_t d = 0; d < t->dims; d++) /* eight numbers of up to 20 digits fit */
        used += (size_t)snprintf(buf + used, GB_SHAPE_TEXT - used, "%s%llu", d ? " x " : "",
                                 (unsigned long long)t->shape[d]);
    return buf;
}

static int find_dtype(const gb_safetensors *f, gb_st_tensor *t, const char *name, gb_error *err) {
    for (t->dtype = 0; t->dtype < GB_DTYPE_COUNT; t->dtype++)
        if (strcmp(gb_dtype_names[t->dtype], name) == 0) return GB_OK;
    return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s' has the unknown dtype '%.32s'", f->path, t->name, name);
}

static int read_shape(const gb_safetensors *f, gb_st_tensor *t, const cJSON *shape, gb_error *err) {
    uint64_t elements = 1;
    for (uint32_t d = 0; d < GB_ST_DIMS; d++) t->shape[d] = 1;
    for (const cJSON *size = shape->child; size; size = size->next) {
        if (t->dims == GB_ST_DIMS)
            return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s' has more than %d dimensions", f->path, t->name,
                           GB_ST_DIMS);
        uint64_t *n = &t->shape[t->dims++];
        if (!gb_json_whole(size, max_exact, n))
            return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s': dimension %u is no whole number", f->path, t->name,
                           t->dims - 1);
        if (__builtin_mul_overflow(elements, *n, &elements) || elements > max_exact)
            return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s': the product of its dimensions overflows", f->path,
                           t->name);
    }
    t->bytes = elements * dtype_bytes[t->dtype];
    return GB_OK;
}

static int read_offsets(const gb_safetensors *f, gb_st_tensor *t, const cJSON *offsets, gb_error *err) {
    const uint64_t room = f->map.size - (uint64_t)(t->data - f->map.data); /* t->data: start of the data section */
    uint64_t begin = 0;
    uint64_t end = 0;
    char shape[GB_SHAPE_TEXT];
    if (cJSON_GetArraySize(offsets) != 2 || !gb_json_whole(offsets->child, max_exact, &begin) ||
        !gb_json_whole(offsets->child->next, max_exact, &end) || begin > end)
        return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s': data_offsets are no two ascending whole numbers", f->path,
                       t->name);
    if (end > room)
        return gb_fail(err, GB_EINPUT,
                       "%s: tensor '%.96s' ends at %llu of the data, of which the file has %llu bytes (cut short?)",
                       f->path, t->name, (unsigned long long)end, (unsigned long long)room);
    if (end - begin != t->bytes)
        return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s' has %llu bytes of data, expected %llu for %s of %s", f->path,
                       t->name, (unsigned long long)(end - begin), (unsigned long long)t->bytes, gb_st_shape(t, shape),
                       gb_dtype_names[t->dtype]);
    t->data += begin;
    return GB_OK;
}

static int read_tensor(const gb_safetensors *f, const cJSON *item, const uint8_t *data, gb_st_tensor *t,
                       gb_error *err) {
    const char *dtype = NULL;
    t->name = item->string;
    t->data = data;
    if (!cJSON_IsObject(item) || t->name[0] == '\0')
        return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s' is %s, expected a name and an object", f->path, t->name,
                       gb_json_kind(item));
    const cJSON *shape = gb_json_find(item, "shape");
    const cJSON *offsets = gb_json_find(item, "data_offsets");
    int rc = gb_json_get_str(&f->header, item, "dtype", &dtype, err);
    if (rc) return rc;
    if (!dtype || !cJSON_IsArray(shape) || !cJSON_IsArray(offsets))
        return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s' lacks dtype, shape or data_offsets", f->path, t->name);
    rc = find_dtype(f, t, dtype, err);
    if (!rc) rc = read_shape(f, t, shape, err);
    return rc ? rc : read_offsets(f, t, offsets, err);
}

static int by_data(const void *a, const void *b) {
    const gb_st_tensor *x = a;
    const gb_st_tensor *y = b;
    if (x->data != y->data) return x->data < y->data ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes); /* empty tensors before what begins where they stand */
}

/* No overlaps, no holes, nothing behind the last tensor. */
static int check_cover(const gb_safetensors *f, const uint8_t *data, gb_error *err) {
    const uint8_t *end = data;
    const char *before = "the header";
    for (size_t i = 0; i < f->count; i++) {
        const gb_st_tensor *t = &f->tensors[i];
        if (t->data < end)
            return gb_fail(err, GB_EINPUT, "%s: tensor '%.96s' overlaps '%.96s'", f->path, t->name, before);
        if (t->data > end)
            return gb_fail(err, GB_EINPUT, "%s: %zu bytes between '%.96s' and tensor '%.96s' belong to nothing",
                           f->path, (size_t)(t->data - end), before, t->name);
        end = t->data + t->bytes;
        before = t->name;
    }
    const size_t surplus = (size_t)(f->map.data + f->map.size - end);
    if (surplus)
        return gb_fail(err, GB_EINPUT, "%s: %zu bytes behind the last tensor belong to nothing", f->path, surplus);
    return GB_OK;
}

static int read_header(gb_safetensors *f, gb_error *err) {
    uint64_t size = 0;
    if (f->map.size < LENGTH_BYTES)
        return gb_fail(err, GB_EINPUT, "%s: %zu bytes are no safetensors file", f->path, f->map.size);
    memcpy(&size, f->map.data, sizeof size);
    if (size > MAX_HEADER || size > f->map.size - LENGTH_BYTES)
        return gb_fail(err, GB_EINPUT,
                       "%s: not a safetensors file, or cut short: a header of %llu bytes, expected at most %d and what "
                       "the file holds (%zu)",
                       f->path, (unsigned long long)size, MAX_HEADER, f->map.size - LENGTH_BYTES);
    const uint8_t *data = f->map.data + LENGTH_BYTES + size;
    int rc = gb_json_parse(f->path, (const char *)f->map.data + LENGTH_BYTES, (size_t)size, &f->header, err);
    if (rc) return rc;
    if (!cJSON_IsObject(f->header.root))
        return gb_fail(err, GB_EINPUT, "%s: the header is %s, expected an object", f->path,
                       gb_json_kind(f->header.root));
    size_t room = 0;
    for (const cJSON *m = f->header.root->child; m; m = m->next) room++;
    if (room > MAX_TENSORS)
        return gb_fail(err, GB_EINPUT, "%s: %zu tensors, expected at most %d", f->path, room, MAX_TENSORS);
    f->tensors = gb_new(room, sizeof *f->tensors, "tensors of a safetensors file", err);
    if (!f->tensors) return GB_ESYSTEM;
    for (const cJSON *m = f->header.root->child; !rc && m; m = m->next)
        if (strcmp(m->string, "__metadata__") != 0) rc = read_tensor(f, m, data, &f->tensors[f->count++], err);
    if (rc) return rc;
    qsort(f->tensors, f->count, sizeof *f->tensors, by_data);
    return check_cover(f, data, err);
}

int gb_safetensors_open(const char *path, gb_safetensors *out, gb_error *err) {
    *out = (gb_safetensors){.path = strdup(path)};
    int rc = out->path ? gb_map_open(path, &out->map, err) : gb_fail(err, GB_ESYSTEM, "%s: out of memory", path);
    if (!rc) rc = read_header(out, err);
    if (rc) gb_safetensors_close(out);
    return rc;
}

void gb_safetensors_close(gb_safetensors *file) {
    free(file->tensors);
    gb_json_close(&file->header);
    gb_map_close(&file->map);
    free(file->path);
    *file = (gb_safetensors){0};
}
