/* The writer: the header grows in memory, the data streams through an output that appears only when complete. */
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/gguf.h"

typedef struct bytes {
    uint8_t *data;
    size_t size, room;
} bytes;

struct gb_gguf_writer {
    gb_output *out;
    char *path;
    bytes keys, tensors;
    uint64_t key_count, tensor_count;
    size_t alignment;
    uint64_t next_offset; /* of the next declared tensor, from the data section */
    uint64_t *sizes;      /* bytes of each declared tensor */
    size_t sizes_room;
    size_t current; /* tensor whose bytes come next */
    uint64_t done;  /* of them, already written */
    bool writing;
    bool uses[GB_FORMAT_COUNT]; /* formats of the declared tensors */
};

/* What a file with private type numbers says about them: the names of those formats. Written by the writer itself. */
static const char formats_key[] = "gaugeblock.formats";

static int append(bytes *b, const void *data, size_t size, gb_error *err) {
    if (size > b->room - b->size) {
        size_t room = 0;
        if (!gb_add_size(b->size, size, &room) || !gb_mul_size(room, 2, &room))
            return gb_fail(err, GB_ESYSTEM, "GGUF header: the size overflows");
        uint8_t *grown = realloc(b->data, room);
        if (!grown) return gb_fail(err, GB_ESYSTEM, "GGUF header: out of memory (%zu bytes)", room);
        b->data = grown;
        b->room = room;
    }
    if (size) memcpy(b->data + b->size, data, size);
    b->size += size;
    return GB_OK;
}

static int append_u32(bytes *b, uint32_t v, gb_error *err) {
    return append(b, &v, sizeof v, err);
}

static int append_u64(bytes *b, uint64_t v, gb_error *err) {
    return append(b, &v, sizeof v, err);
}

static int append_str(bytes *b, gb_str s, gb_error *err) {
    const int rc = append_u64(b, s.size, err);
    return rc ? rc : append(b, s.data, s.size, err);
}

int gb_gguf_writer_new(const char *path, gb_gguf_writer **out, gb_error *err) {
    *out = NULL;
    gb_gguf_writer *w = gb_new(1, sizeof *w, "a GGUF writer", err);
    if (!w) return GB_ESYSTEM;
    w->alignment = 32;
    w->path = strdup(path);
    const int rc = w->path ? gb_output_open(path, &w->out, err) : gb_fail(err, GB_ESYSTEM, "GGUF: out of memory");
    if (rc) {
        gb_gguf_writer_abort(w);
        return rc;
    }
    *out = w;
    return GB_OK;
}

/* Name, type and, for arrays, element type and count; the value's bytes follow. */
static int begin_key(gb_gguf_writer *w, gb_str name, gb_gguf_type type, gb_gguf_type element, uint64_t count,
                     gb_error *err) {
    int rc = append_str(&w->keys, name, err);
    if (!rc) rc = append_u32(&w->keys, type, err);
    if (!rc && type == GB_GGUF_ARRAY) rc = append_u32(&w->keys, element, err);
    if (!rc && type == GB_GGUF_ARRAY) rc = append_u64(&w->keys, count, err);
    w->key_count++;
    return rc;
}

static gb_str text(const char *s) {
    return (gb_str){s, strlen(s)};
}

static int put_scalar(gb_gguf_writer *w, const char *name, gb_gguf_type type, const void *v, size_t size,
                      gb_error *err) {
    const int rc = begin_key(w, text(name), type, type, 1, err);
    return rc ? rc : append(&w->keys, v, size, err);
}

static int put_array(gb_gguf_writer *w, const char *name, gb_gguf_type element, const void *v, size_t count,
                     size_t size, gb_error *err) {
    const int rc = begin_key(w, text(name), GB_GGUF_ARRAY, element, count, err);
    return rc ? rc : append(&w->keys, v, count * size, err);
}

int gb_gguf_put_key(gb_gguf_writer *w, const gb_gguf_key *key, gb_error *err) {
    if (gb_str_equal(key->name, formats_key)) return GB_OK;
    if (gb_str_equal(key->name, "general.alignment") && key->type == GB_GGUF_U32) {
        uint32_t alignment = 0;
        memcpy(&alignment, key->value, sizeof alignment);
        w->alignment = alignment; /* the reader has checked it */
    }
    const int rc = begin_key(w, key->name, key->type, key->element, key->count, err);
    return rc ? rc : append(&w->keys, key->value, key->value_bytes, err);
}

int gb_gguf_put_u32(gb_gguf_writer *w, const char *name, uint32_t v, gb_error *err) {
    return put_scalar(w, name, GB_GGUF_U32, &v, sizeof v, err);
}

int gb_gguf_put_f32(gb_gguf_writer *w, const char *name, float v, gb_error *err) {
    return put_scalar(w, name, GB_GGUF_F32, &v, sizeof v, err);
}

int gb_gguf_put_bool(gb_gguf_writer *w, const char *name, bool v, gb_error *err) {
    const uint8_t byte = v;
    return put_scalar(w, name, GB_GGUF_BOOL, &byte, sizeof byte, err);
}

int gb_gguf_put_str(gb_gguf_writer *w, const char *name, const char *v, gb_error *err) {
    const int rc = begin_key(w, text(name), GB_GGUF_STRING, GB_GGUF_STRING, 1, err);
    return rc ? rc : append_str(&w->keys, text(v), err);
}

int gb_gguf_put_str_array(gb_gguf_writer *w, const char *name, const gb_str *v, size_t count, gb_error *err) {
    int rc = begin_key(w, text(name), GB_GGUF_ARRAY, GB_GGUF_STRING, count, err);
    for (size_t i = 0; !rc && i < count; i++) rc = append_str(&w->keys, v[i], err);
    return rc;
}

int gb_gguf_put_f32_array(gb_gguf_writer *w, const char *name, const float *v, size_t count, gb_error *err) {
    return put_array(w, name, GB_GGUF_F32, v, count, sizeof *v, err);
}

int gb_gguf_put_i32_array(gb_gguf_writer *w, const char *name, const int32_t *v, size_t count, gb_error *err) {
    return put_array(w, name, GB_GGUF_I32, v, count, sizeof *v, err);
}

/* Room for one more size. */
static int reserve_size(gb_gguf_writer *w, gb_error *err) {
    if (w->tensor_count < w->sizes_room) return GB_OK;
    const size_t room = w->sizes_room ? w->sizes_room * 2 : 256;
    uint64_t *grown = realloc(w->sizes, room * sizeof *grown);
    if (!grown) return gb_fail(err, GB_ESYSTEM, "GGUF header: out of memory");
    w->sizes = grown;
    w->sizes_room = room;
    return GB_OK;
}

int gb_gguf_put_tensor(gb_gguf_writer *w, gb_str name, uint32_t dims, const uint64_t ne[4], gb_format format,
                       gb_error *err) {
    const gb_format_info *info = &gb_formats[format];
    char shown[GB_SHOWN];
    uint64_t elements = 1;
    bool fits = dims >= 1 && dims <= 4 && ne[0] % info->block_elems == 0;
    for (uint32_t d = 0; d < dims && fits; d++)
        fits = ne[d] && !__builtin_mul_overflow(elements, ne[d], &elements) && elements <= (uint64_t)1 << 60;
    if (!fits)
        return gb_fail(err, GB_EINPUT, "%s: tensor '%s': sizes that %s cannot hold", w->path, gb_str_show(name, shown),
                       info->NAME);
    int rc = reserve_size(w, err);
    if (!rc) rc = append_str(&w->tensors, name, err);
    if (!rc) rc = append_u32(&w->tensors, dims, err);
    for (uint32_t d = 0; !rc && d < dims; d++) rc = append_u64(&w->tensors, ne[d], err);
    if (!rc) rc = append_u32(&w->tensors, info->ggml_type, err);
    if (!rc) rc = append_u64(&w->tensors, w->next_offset, err);
    if (rc) return rc;
    const uint64_t size = elements / ne[0] * gb_row_bytes(format, ne[0]);
    w->sizes[w->tensor_count++] = size;
    w->uses[format] = true;
    w->next_offset = (w->next_offset + size + w->alignment - 1) & ~(uint64_t)(w->alignment - 1);
    return GB_OK;
}

static int put_formats_key(gb_gguf_writer *w, gb_error *err) {
    gb_str names[GB_FORMAT_COUNT];
    size_t count = 0;
    for (size_t f = 0; f < GB_FORMAT_COUNT; f++)
        if (w->uses[f] && gb_formats[f].ggml_type >= GB_PRIVATE_TYPE(0)) names[count++] = text(gb_formats[f].name);
    return count ? gb_gguf_put_str_array(w, formats_key, names, count, err) : GB_OK;
}

int gb_gguf_begin_data(gb_gguf_writer *w, gb_error *err) {
    bytes head = {0};
    int rc = put_formats_key(w, err);
    if (!rc) rc = append(&head, "GGUF", 4, err);
    if (!rc) rc = append_u32(&head, 3, err);
    if (!rc) rc = append_u64(&head, w->tensor_count, err);
    if (!rc) rc = append_u64(&head, w->key_count, err);
    if (!rc) rc = gb_output_write(w->out, head.data, head.size, err);
    if (!rc) rc = gb_output_write(w->out, w->keys.data, w->keys.size, err);
    if (!rc) rc = gb_output_write(w->out, w->tensors.data, w->tensors.size, err);
    if (!rc) rc = gb_output_pad(w->out, w->alignment, err);
    free(head.data);
    w->writing = true;
    return rc;
}

int gb_gguf_write_data(gb_gguf_writer *w, const void *data, size_t size, gb_error *err) {
    const uint8_t *p = data;
    while (size) {
        if (!w->writing || w->current == w->tensor_count)
            return gb_fail(err, GB_ESYSTEM, "%s: %zu bytes more than the declared tensors hold", w->path, size);
        const uint64_t want = w->sizes[w->current] - w->done;
        const size_t part = size < want ? size : (size_t)want;
        int rc = gb_output_write(w->out, p, part, err);
        if (rc) return rc;
        p += part;
        size -= part;
        w->done += part;
        if (w->done < w->sizes[w->current]) continue;
        rc = gb_output_pad(w->out, w->alignment, err);
        if (rc) return rc;
        w->current++;
        w->done = 0;
    }
    return GB_OK;
}

static void release(gb_gguf_writer *w) {
    free(w->keys.data);
    free(w->tensors.data);
    free(w->sizes);
    free(w->path);
    free(w);
}

int gb_gguf_writer_commit(gb_gguf_writer *w, gb_error *err) {
    int rc = GB_OK;
    if (!w->writing || w->current < w->tensor_count) {
        rc = gb_fail(err, GB_ESYSTEM, "%s: the data of tensor %zu of %llu is not complete", w->path, w->current + 1,
                     (unsigned long long)w->tensor_count);
        gb_output_abort(w->out);
    } else {
        rc = gb_output_commit(w->out, err);
    }
    release(w);
    return rc;
}

void gb_gguf_writer_abort(gb_gguf_writer *w) {
    if (!w) return;
    gb_output_abort(w->out);
    release(w);
}
