/* Lookup by name and typed values of GGUF keys. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/gguf.h"

const char *const gb_gguf_type_names[GB_GGUF_TYPE_COUNT] = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64",
};

bool gb_str_equal(gb_str a, const char *b) {
    return a.size == strlen(b) && memcmp(a.data, b, a.size) == 0;
}

const char *gb_str_show(gb_str s, char buf[GB_SHOWN]) {
    size_t used = 0;
    for (size_t i = 0; i < s.size; i++) {
        const unsigned char ch = (unsigned char)s.data[i];
        const bool plain = ch >= 0x20 && ch != 0x7f;
        /* the last piece may use the place of the dots and of the terminator */
        if (used + (plain ? 1 : 4) + (i + 1 < s.size ? 3 : 0) >= GB_SHOWN) {
            memcpy(buf + used, "...", 3);
            used += 3;
            break;
        }
        if (plain)
            buf[used++] = (char)ch;
        else
            used += (size_t)snprintf(buf + used, 5, "\\x%02x", ch);
    }
    buf[used] = '\0';
    return buf;
}

const gb_gguf_key *gb_gguf_find_key(const gb_gguf *file, const char *name) {
    for (size_t i = 0; i < file->key_count; i++)
        if (gb_str_equal(file->keys[i].name, name)) return &file->keys[i];
    return NULL;
}

const gb_tensor *gb_gguf_find_tensor(const gb_gguf *file, const char *name) {
    for (size_t i = 0; i < file->tensor_count; i++)
        if (gb_str_equal(file->tensors[i].name, name)) return &file->tensors[i];
    return NULL;
}

uint64_t gb_tensor_rows(const gb_tensor *t) {
    return t->ne[1] * t->ne[2] * t->ne[3];
}

uint64_t gb_tensor_blocks(const gb_tensor *t) {
    return t->ne[0] / gb_formats[t->format].block_elems * gb_tensor_rows(t);
}

uint64_t gb_tensor_block_offset(const gb_tensor *t, uint64_t block) {
    const gb_format_info *info = &gb_formats[t->format];
    const uint64_t per_row = t->ne[0] / info->block_elems;
    return block / per_row * gb_row_bytes(t->format, t->ne[0]) + gb_head_bytes(t->format, t->ne[0]) +
           block % per_row * info->block_bytes;
}

static const gb_gguf_key *need(const gb_gguf *file, const char *name, gb_error *err) {
    const gb_gguf_key *key = gb_gguf_find_key(file, name);
    if (!key) gb_fail(err, GB_EINPUT, "%s: the key '%s' is missing", file->path, name);
    return key;
}

static int wrong_type(const gb_gguf *file, const gb_gguf_key *key, const char *name, const char *wanted,
                      gb_error *err) {
    return gb_fail(err, GB_EINPUT, "%s: offset %zu: key '%s' is %s%s, expected %s", file->path,
                   (size_t)(key->value - file->map.data), name, key->type == GB_GGUF_ARRAY ? "an array of " : "",
                   gb_gguf_type_names[key->type == GB_GGUF_ARRAY ? key->element : key->type], wanted);
}

/* An integer of any width: its magnitude and whether it is negative. False: not an integer type. */
static bool load_integer(gb_gguf_type type, const uint8_t *p, uint64_t *magnitude, bool *negative) {
    uint8_t u8 = *p;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    int64_t v = 0;
    *negative = false;
    switch (type) {
    case GB_GGUF_U8:
        *magnitude = u8;
        return true;
    case GB_GGUF_U16:
        memcpy(&u16, p, sizeof u16);
        *magnitude = u16;
        return true;
    case GB_GGUF_U32:
        memcpy(&u32, p, sizeof u32);
        *magnitude = u32;
        return true;
    case GB_GGUF_U64:
        memcpy(magnitude, p, sizeof *magnitude);
        return true;
    case GB_GGUF_I8:
        v = (int)(u8 ^ 0x80U) - 0x80;
        break;
    case GB_GGUF_I16:
        memcpy(&u16, p, sizeof u16);
        v = (int16_t)u16;
        break;
    case GB_GGUF_I32:
        memcpy(&u32, p, sizeof u32);
        v = (int32_t)u32;
        break;
    case GB_GGUF_I64:
        memcpy(&v, p, sizeof v);
        break;
    default:
        return false;
    }
    *negative = v < 0;
    *magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    return true;
}

static int as_u64(const gb_gguf *file, const gb_gguf_key *key, const char *name, uint64_t *out, gb_error *err) {
    bool negative = false;
    if (!load_integer(key->type, key->value, out, &negative)) return wrong_type(file, key, name, "an integer", err);
    if (negative)
        return gb_fail(err, GB_EINPUT, "%s: offset %zu: key '%s' is -%" PRIu64 ", expected a value >= 0", file->path,
                       (size_t)(key->value - file->map.data), name, *out);
    return GB_OK;
}

int gb_gguf_get_u64(const gb_gguf *file, const char *name, uint64_t *out, gb_error *err) {
    const gb_gguf_key *key = need(file, name, err);
    return key ? as_u64(file, key, name, out, err) : GB_EINPUT;
}

int gb_gguf_get_u64_or(const gb_gguf *file, const char *name, uint64_t fallback, uint64_t *out, gb_error *err) {
    const gb_gguf_key *key = gb_gguf_find_key(file, name);
    *out = fallback;
    return key ? as_u64(file, key, name, out, err) : GB_OK;
}

/* No key of a model is meant to be infinite or NaN, so no caller wants to see one. */
static int as_f32(const gb_gguf *file, const gb_gguf_key *key, const char *name, float *out, gb_error *err) {
    double wide = 0;
    if (key->type == GB_GGUF_F32) {
        memcpy(out, key->value, sizeof *out);
    } else if (key->type == GB_GGUF_F64) {
        memcpy(&wide, key->value, sizeof wide);
        *out = (float)wide;
    } else {
        return wrong_type(file, key, name, "a float", err);
    }
    if (!isfinite(*out))
        return gb_fail(err, GB_EINPUT, "%s: offset %zu: key '%s' is %g, expected a finite number", file->path,
                       (size_t)(key->value - file->map.data), name, (double)*out);
    return GB_OK;
}

int gb_gguf_get_f32(const gb_gguf *file, const char *name, float *out, gb_error *err) {
    const gb_gguf_key *key = need(file, name, err);
    return key ? as_f32(file, key, name, out, err) : GB_EINPUT;
}

int gb_gguf_get_f32_or(const gb_gguf *file, const char *name, float fallback, float *out, gb_error *err) {
    const gb_gguf_key *key = gb_gguf_find_key(file, name);
    *out = fallback;
    return key ? as_f32(file, key, name, out, err) : GB_OK;
}

int gb_gguf_get_bool_or(const gb_gguf *file, const char *name, bool fallback, bool *out, gb_error *err) {
    const gb_gguf_key *key = gb_gguf_find_key(file, name);
    *out = fallback;
    if (!key) return GB_OK;
    if (key->type != GB_GGUF_BOOL) return wrong_type(file, key, name, "bool", err);
    *out = key->value[0] != 0;
    return GB_OK;
}

static int as_str(const gb_gguf *file, const gb_gguf_key *key, const char *name, gb_str *out, gb_error *err) {
    if (key->type != GB_GGUF_STRING) return wrong_type(file, key, name, "a string", err);
    *out = (gb_str){(const char *)key->value + 8, key->value_bytes - 8};
    return GB_OK;
}

int gb_gguf_get_str(const gb_gguf *file, const char *name, gb_str *out, gb_error *err) {
    const gb_gguf_key *key = need(file, name, err);
    return key ? as_str(file, key, name, out, err) : GB_EINPUT;
}

int gb_gguf_get_str_or(const gb_gguf *file, const char *name, const char *fallback, gb_str *out, gb_error *err) {
    const gb_gguf_key *key = gb_gguf_find_key(file, name);
    *out = (gb_str){fallback, fallback ? strlen(fallback) : 0};
    return key ? as_str(file, key, name, out, err) : GB_OK;
}

static const gb_gguf_key *need_array(const gb_gguf *file, const char *name, const char *wanted, gb_error *err) {
    const gb_gguf_key *key = need(file, name, err);
    if (key && key->type != GB_GGUF_ARRAY) {
        wrong_type(file, key, name, wanted, err);
        return NULL;
    }
    return key;
}

int gb_gguf_get_f32_array(const gb_gguf *file, const char *name, float **out, size_t *count, gb_error *err) {
    *out = NULL;
    const gb_gguf_key *key = need_array(file, name, "an array of f32", err);
    if (!key) return GB_EINPUT;
    if (key->element != GB_GGUF_F32) return wrong_type(file, key, name, "an array of f32", err);
    *count = (size_t)key->count;
    *out = gb_new(*count, sizeof **out, name, err);
    if (!*out) return GB_ESYSTEM;
    memcpy(*out, key->value, key->value_bytes);
    return GB_OK;
}

int gb_gguf_get_i32_array(const gb_gguf *file, const char *name, int32_t **out, size_t *count, gb_error *err) {
    *out = NULL;
    const gb_gguf_key *key = need_array(file, name, "an array of integers", err);
    if (!key) return GB_EINPUT;
    *count = (size_t)key->count;
    int32_t *values = gb_new(*count, sizeof *values, name, err);
    if (!values) return GB_ESYSTEM;
    int rc = GB_OK;
    const size_t step = *count ? key->value_bytes / *count : 0;
    for (size_t i = 0; !rc && i < *count; i++) {
        uint64_t magnitude = 0;
        bool negative = false;
        if (!load_integer(key->element, key->value + i * step, &magnitude, &negative))
            rc = wrong_type(file, key, name, "an array of integers", err);
        else if (magnitude > (uint64_t)INT32_MAX + negative)
            rc = gb_fail(err, GB_EINPUT, "%s: key '%s': element %zu does not fit 32 bits", file->path, name, i);
        else
            values[i] = (int32_t)(negative ? -(int64_t)magnitude : (int64_t)magnitude);
    }
    if (rc)
        free(values);
    else
        *out = values;
    return rc;
}

int gb_gguf_get_str_array(const gb_gguf *file, const char *name, const gb_str **out, size_t *count, gb_error *err) {
    const gb_gguf_key *key = need_array(file, name, "an array of strings", err);
    *out = NULL;
    if (!key) return GB_EINPUT;
    if (key->element != GB_GGUF_STRING) return wrong_type(file, key, name, "an array of strings", err);
    *out = key->strings;
    *count = (size_t)key->count;
    return GB_OK;
}
