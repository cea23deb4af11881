/* The reader: one pass over the header with a cursor that checks every size against the file before it is used. */
#include "model/gguf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/ggml_types.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "GGUF values are read in place");

enum {
    DEFAULT_ALIGNMENT = 32,
    MIN_ALIGNMENT = 8, /* the format asks for multiples of 8 */
    MAX_ALIGNMENT = 65536,
    MAX_KEY_NAME = 65535,
    MAX_TENSOR_NAME = 64,
    MIN_KEY_BYTES = 8 + 1 + 4 + 1,            /* length, name, type, value */
    MIN_TENSOR_BYTES = 8 + 1 + 4 + 8 + 4 + 8, /* length, name, dimensions, one size, type, offset */
};

typedef struct cursor {
    gb_gguf *f;
    size_t pos;
    gb_error *err;
} cursor;

static const uint8_t value_bytes[GB_GGUF_TYPE_COUNT] = {
    [GB_GGUF_U8] = 1,  [GB_GGUF_I8] = 1,  [GB_GGUF_U16] = 2,  [GB_GGUF_I16] = 2,    [GB_GGUF_U32] = 4,
    [GB_GGUF_I32] = 4, [GB_GGUF_F32] = 4, [GB_GGUF_BOOL] = 1, [GB_GGUF_STRING] = 8, /* at least its length */
    [GB_GGUF_U64] = 8, [GB_GGUF_I64] = 8, [GB_GGUF_F64] = 8,
};

__attribute__((format(printf, 3, 4))) static int bad_at(const cursor *c, size_t offset, const char *format, ...) {
    char reason[600];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    /* the end of a long path tells more than its beginning, and the reason must fit */
    const size_t length = strlen(c->f->path);
    const char *tail = length > 300 ? c->f->path + length - 300 : c->f->path;
    return gb_fail(c->err, GB_EINPUT, "%s%s: offset %zu: %s", length > 300 ? "..." : "", tail, offset, reason);
}

static size_t left(const cursor *c) {
    return c->f->map.size - c->pos;
}

static int take(cursor *c, size_t size, const char *what, const uint8_t **out) {
    if (size > left(c)) {
        (void)bad_at(c, c->pos, "the file ends inside %s: %zu bytes expected, %zu left", what, size, left(c));
        return GB_EINPUT; /* not bad_at's value: static analysis cannot see that it is not GB_OK */
    }
    *out = c->f->map.data + c->pos;
    c->pos += size;
    return GB_OK;
}

static int take_u32(cursor *c, const char *what, uint32_t *out) {
    const uint8_t *p = NULL;
    const int rc = take(c, sizeof *out, what, &p);
    if (!rc) memcpy(out, p, sizeof *out);
    return rc;
}

static int take_u64(cursor *c, const char *what, uint64_t *out) {
    const uint8_t *p = NULL;
    const int rc = take(c, sizeof *out, what, &p);
    if (!rc) memcpy(out, p, sizeof *out);
    return rc;
}

static int take_str(cursor *c, const char *what, gb_str *out) {
    const size_t at = c->pos;
    uint64_t size = 0;
    const uint8_t *p = NULL;
    int rc = take_u64(c, what, &size);
    if (rc) return rc;
    if (size > left(c))
        return bad_at(c, at, "%s is said to have %llu bytes, but the file has only %zu more", what,
                      (unsigned long long)size, left(c));
    rc = take(c, (size_t)size, what, &p);
    *out = (gb_str){(const char *)p, (size_t)size};
    return rc;
}

/* Names go to terminals, tables and other files: no control characters. */
static int take_name(cursor *c, const char *what, size_t max, gb_str *out) {
    const size_t at = c->pos;
    const int rc = take_str(c, what, out);
    if (rc) return rc;
    if (out->size == 0 || out->size > max)
        return bad_at(c, at, "%s has %zu bytes, expected 1 to %zu", what, out->size, max);
    for (size_t i = 0; i < out->size; i++) {
        const unsigned char ch = (unsigned char)out->data[i];
        if (ch < 0x20 || ch == 0x7f) return bad_at(c, at, "%s holds the control character 0x%02x", what, ch);
    }
    return GB_OK;
}

static int check_bools(const cursor *c, const gb_gguf_key *key) {
    const size_t at = c->pos - key->value_bytes;
    for (size_t i = 0; i < key->value_bytes; i++)
        if (key->value[i] > 1) return bad_at(c, at + i, "a bool is %u, expected 0 or 1", key->value[i]);
    return GB_OK;
}

static int take_array(cursor *c, gb_gguf_key *key) {
    const size_t at = c->pos;
    uint32_t element = 0;
    int rc = take_u32(c, "an array's element type", &element);
    if (!rc) rc = take_u64(c, "an array's length", &key->count);
    if (rc) return rc;
    if (element == GB_GGUF_ARRAY) return bad_at(c, at, "nested arrays are not supported");
    if (element >= GB_GGUF_TYPE_COUNT) return bad_at(c, at, "unknown array element type %u", element);
    key->element = (gb_gguf_type)element;
    if (key->count > left(c) / value_bytes[element])
        return bad_at(c, at + 4, "an array is said to have %llu elements, but the file has only %zu more bytes",
                      (unsigned long long)key->count, left(c));
    key->value = c->f->map.data + c->pos;
    if (key->element != GB_GGUF_STRING)
        return take(c, (size_t)key->count * value_bytes[element], "an array", &key->value);
    key->strings = gb_new((size_t)key->count, sizeof *key->strings, "string array of a GGUF file", c->err);
    if (!key->strings) return GB_ESYSTEM;
    for (size_t i = 0; !rc && i < key->count; i++) rc = take_str(c, "a string of an array", &key->strings[i]);
    return rc;
}

static int take_key(cursor *c, gb_gguf_key *key) {
    uint32_t type = 0;
    int rc = take_name(c, "a key name", MAX_KEY_NAME, &key->name);
    const size_t at = c->pos;
    if (!rc) rc = take_u32(c, "a value type", &type);
    if (rc) return rc;
    char shown[GB_SHOWN];
    if (type >= GB_GGUF_TYPE_COUNT)
        return bad_at(c, at, "key '%s' has the unknown value type %u", gb_str_show(key->name, shown), type);
    key->type = (gb_gguf_type)type;
    key->count = 1;
    const size_t start = type == GB_GGUF_ARRAY ? c->pos + 12 : c->pos;
    if (key->type == GB_GGUF_ARRAY) {
        rc = take_array(c, key);
    } else if (key->type == GB_GGUF_STRING) {
        gb_str text;
        key->value = c->f->map.data + c->pos;
        rc = take_str(c, "a string value", &text);
    } else {
        rc = take(c, value_bytes[type], "a value", &key->value);
    }
    if (rc) return rc;
    key->value_bytes = c->pos - start;
    return key->type == GB_GGUF_BOOL || (key->type == GB_GGUF_ARRAY && key->element == GB_GGUF_BOOL)
               ? check_bools(c, key)
               : GB_OK;
}

/* Sizes, type and layout of the tensor's own numbers; where its bytes lie is checked by place_tensors(). */
static int check_tensor(const cursor *c, size_t at, gb_tensor *t) {
    char name[GB_SHOWN];
    char why[128];
    gb_str_show(t->name, name);
    if (gb_ggml_type_refusal(t->ggml_type, why, sizeof why)) return bad_at(c, at, "tensor '%s': %s", name, why);
    t->format = gb_format_by_ggml_type(t->ggml_type);
    uint64_t total = 1;
    for (uint32_t d = 0; d < 4; d++) {
        if (t->ne[d] == 0) return bad_at(c, at, "tensor '%s': size %u of %u is 0", name, d + 1, t->dims);
        /* 2^60 elements of at most 4 bytes, headers no larger than the blocks: every product below fits 64 bits */
        if (__builtin_mul_overflow(total, t->ne[d], &total) || total > (uint64_t)1 << 60)
            return bad_at(c, at, "tensor '%s': the number of elements is absurd", name);
    }
    const gb_format_info *info = &gb_formats[t->format];
    if (t->ne[0] % info->block_elems)
        return bad_at(c, at, "tensor '%s': rows of %llu elements are not a multiple of %s's block of %zu", name,
                      (unsigned long long)t->ne[0], info->NAME, info->block_elems);
    t->bytes = gb_tensor_rows(t) * gb_row_bytes(t->format, t->ne[0]);
    return GB_OK;
}

static int take_tensor(cursor *c, gb_tensor *t) {
    const size_t at = c->pos;
    char name[GB_SHOWN];
    int rc = take_name(c, "a tensor name", MAX_TENSOR_NAME, &t->name);
    if (!rc) rc = take_u32(c, "a tensor's number of dimensions", &t->dims);
    if (rc) return rc;
    if (t->dims < 1 || t->dims > 4)
        return bad_at(c, at, "tensor '%s' has %u dimensions, expected 1 to 4", gb_str_show(t->name, name), t->dims);
    for (uint32_t d = 0; d < 4; d++) t->ne[d] = 1;
    for (uint32_t d = 0; !rc && d < t->dims; d++) rc = take_u64(c, "a tensor's sizes", &t->ne[d]);
    if (!rc) rc = take_u32(c, "a tensor's type", &t->ggml_type);
    if (!rc) rc = take_u64(c, "a tensor's offset", &t->offset);
    if (!rc) rc = check_tensor(c, at, t);
    if (!rc && t->offset % c->f->alignment)
        rc = bad_at(c, at, "tensor '%s': offset %llu is not a multiple of the alignment %llu",
                    gb_str_show(t->name, name), (unsigned long long)t->offset, (unsigned long long)c->f->alignment);
    return rc;
}

static int compare_str(gb_str a, gb_str b) {
    const int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_name(const void *a, const void *b) {
    const gb_str *const *x = a;
    const gb_str *const *y = b;
    return compare_str(**x, **y);
}

static int by_offset(const void *a, const void *b) {
    const gb_tensor *const *x = a;
    const gb_tensor *const *y = b;
    return ((*x)->offset > (*y)->offset) - ((*x)->offset < (*y)->offset);
}

/* Names lie `stride` bytes apart from `first` on. */
static int check_unique(const cursor *c, const gb_str *first, size_t stride, size_t count, const char *what) {
    const gb_str **names = gb_new(count, sizeof(gb_str *), "name index of a GGUF file", c->err);
    if (!names) return GB_ESYSTEM;
    for (size_t i = 0; i < count; i++) names[i] = (const gb_str *)(const void *)((const char *)first + i * stride);
    qsort(names, count, sizeof(gb_str *), by_name);
    int rc = GB_OK;
    for (size_t i = 1; !rc && i < count; i++) {
        char shown[GB_SHOWN];
        if (compare_str(*names[i - 1], *names[i]) != 0) continue;
        const size_t at = (size_t)((const uint8_t *)names[i]->data - c->f->map.data);
        rc = bad_at(c, at, "the %s '%s' occurs twice", what, gb_str_show(*names[i], shown));
    }
    free(names);
    return rc;
}

static int take_alignment(const cursor *c) {
    gb_gguf *f = c->f;
    f->alignment = DEFAULT_ALIGNMENT;
    const gb_gguf_key *key = gb_gguf_find_key(f, "general.alignment");
    if (!key) return GB_OK;
    const size_t at = (size_t)(key->value - f->map.data);
    if (key->type != GB_GGUF_U32)
        return bad_at(c, at, "general.alignment is of type %s, expected u32", gb_gguf_type_names[key->type]);
    uint32_t alignment = 0;
    memcpy(&alignment, key->value, sizeof alignment);
    if (alignment < MIN_ALIGNMENT || alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)))
        return bad_at(c, at, "general.alignment is %u, expected a power of two from %d to %d", alignment, MIN_ALIGNMENT,
                      MAX_ALIGNMENT);
    f->alignment = alignment;
    return GB_OK;
}

/* Offsets become positions in the file. Every byte of the data section must belong to one tensor or be padding up to
 * the alignment: overlaps, holes, missing and surplus bytes are errors. */
static int place_tensors(const cursor *c) {
    gb_gguf *f = c->f;
    const uint64_t mask = f->alignment - 1;
    const gb_tensor **order = gb_new(f->tensor_count, sizeof(gb_tensor *), "tensor index of a GGUF file", c->err);
    if (!order) return GB_ESYSTEM;
    f->data_offset = (c->pos + mask) & ~mask;
    uint64_t end = c->pos;
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < f->tensor_count; i++) {
        gb_tensor *t = &f->tensors[i];
        char name[GB_SHOWN];
        order[i] = t;
        if (f->data_offset > f->map.size || t->offset > f->map.size - f->data_offset ||
            t->bytes > f->map.size - f->data_offset - t->offset) {
            rc = bad_at(c, f->map.size, "the file ends before or inside tensor '%s': %llu bytes at data offset %llu",
                        gb_str_show(t->name, name), (unsigned long long)t->bytes, (unsigned long long)t->offset);
        } else {
            t->offset += f->data_offset;
            t->data = f->map.data + t->offset;
        }
    }
    if (!rc) qsort(order, f->tensor_count, sizeof(gb_tensor *), by_offset);
    for (size_t i = 0; !rc && i < f->tensor_count; i++) {
        const gb_tensor *t = order[i];
        const uint64_t expected = (end + mask) & ~mask;
        char name[GB_SHOWN];
        char before[GB_SHOWN] = "the header";
        if (i) gb_str_show(order[i - 1]->name, before);
        gb_str_show(t->name, name);
        if (t->offset < expected)
            rc = bad_at(c, t->offset, "tensor '%s' overlaps '%s', which ends at %llu", name, before,
                        (unsigned long long)end);
        else if (t->offset > expected)
            rc = bad_at(c, end, "%llu bytes between '%s' and tensor '%s' belong to nothing",
                        (unsigned long long)(t->offset - end), before, name);
        end = t->offset + t->bytes;
    }
    if (!rc && f->map.size > ((end + mask) & ~mask))
        rc = bad_at(c, end, "%llu bytes after the last tensor belong to nothing",
                    (unsigned long long)(f->map.size - end));
    free(order);
    return rc;
}

static int take_version(cursor *c) {
    const uint8_t *magic = NULL;
    if (c->f->map.size == 0) return bad_at(c, 0, "the file is empty, expected a GGUF model");
    int rc = take(c, 4, "the magic", &magic);
    if (rc) return rc;
    if (memcmp(magic, "FUGG", 4) == 0)
        return bad_at(c, 0, "the file is byte-swapped (big-endian GGUF is not supported)");
    if (memcmp(magic, "GGUF", 4) != 0)
        return bad_at(c, 0, "not a GGUF file: magic %02x %02x %02x %02x, expected 47 47 55 46 (\"GGUF\")", magic[0],
                      magic[1], magic[2], magic[3]);
    rc = take_u32(c, "the version", &c->f->version);
    if (rc || c->f->version == 3) return rc;
    const uint32_t swapped = __builtin_bswap32(c->f->version);
    if (swapped >= 1 && swapped <= 3) return bad_at(c, 4, "big-endian GGUF (version %u) is not supported", swapped);
    if (c->f->version == 1 || c->f->version == 2)
        return bad_at(c, 4, "GGUF version %u of 2023 is not supported, only version 3; convert the model again",
                      c->f->version);
    return bad_at(c, 4, "unknown GGUF version %u, expected 3", c->f->version);
}

static int take_counts(cursor *c, uint64_t *tensors, uint64_t *keys) {
    int rc = take_u64(c, "the tensor count", tensors);
    if (!rc) rc = take_u64(c, "the key count", keys);
    if (rc) return rc;
    if (*tensors > left(c) / MIN_TENSOR_BYTES)
        return bad_at(c, 8, "%llu tensors cannot be described in the %zu bytes left", (unsigned long long)*tensors,
                      left(c));
    if (*keys > left(c) / MIN_KEY_BYTES)
        return bad_at(c, 16, "%llu keys cannot lie in the %zu bytes left", (unsigned long long)*keys, left(c));
    return GB_OK;
}

static int read_header(cursor *c) {
    gb_gguf *f = c->f;
    uint64_t tensors = 0;
    uint64_t keys = 0;
    int rc = take_version(c);
    if (!rc) rc = take_counts(c, &tensors, &keys);
    if (rc) return rc;
    f->keys = gb_new((size_t)keys, sizeof *f->keys, "keys of a GGUF file", c->err);
    f->tensors = gb_new((size_t)tensors, sizeof *f->tensors, "tensors of a GGUF file", c->err);
    if (!f->keys || !f->tensors) return GB_ESYSTEM;
    f->key_count = (size_t)keys; /* the arrays are zeroed: a key that was not reached is harmless to close */
    for (size_t i = 0; !rc && i < keys; i++) rc = take_key(c, &f->keys[i]);
    if (!rc) rc = check_unique(c, &f->keys->name, sizeof *f->keys, f->key_count, "key");
    if (!rc) rc = take_alignment(c);
    f->tensor_count = (size_t)tensors;
    for (size_t i = 0; !rc && i < tensors; i++) rc = take_tensor(c, &f->tensors[i]);
    if (!rc) rc = check_unique(c, &f->tensors->name, sizeof *f->tensors, f->tensor_count, "tensor");
    return rc ? rc : place_tensors(c);
}

int gb_gguf_open(const char *path, gb_gguf **out, gb_error *err) {
    *out = NULL;
    gb_gguf *f = gb_new(1, sizeof *f, "a GGUF file", err);
    if (!f) return GB_ESYSTEM;
    f->path = strdup(path);
    int rc = f->path ? gb_map_open(path, &f->map, err) : gb_fail(err, GB_ESYSTEM, "a GGUF file: out of memory");
    cursor c = {f, 0, err};
    if (!rc) rc = read_header(&c);
    if (rc) {
        gb_gguf_close(f);
        return rc;
    }
    *out = f;
    return GB_OK;
}

void gb_gguf_close(gb_gguf *file) {
    if (!file) return;
    for (size_t i = 0; i < file->key_count; i++) free(file->keys[i].strings);
    free(file->keys);
    free(file->tensors);
    gb_map_close(&file->map);
    free(file->path);
    free(file);
}
