/* GGUF v3 files: a memory-mapped reader that trusts nothing, and a writer. Versions 1 and 2 (2023) are refused by name.
 *
 * File layout (little-endian): "GGUF", u32 version, u64 tensor count, u64 key count; keys: string, u32 type, value;
 * tensors: string, u32 dimensions, u64 sizes (innermost first), u32 ggml type, u64 offset from the data section; data
 * section aligned to general.alignment (default 32), each tensor too. string = u64 length + bytes, no terminator.
 * Source: the GGUF specification. Every size is checked against the file before it is used or allocated for. */
#ifndef GB_MODEL_GGUF_H
#define GB_MODEL_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "harness/file.h"
#include "kernels/formats.h"

typedef enum gb_gguf_type {
    GB_GGUF_U8 = 0,
    GB_GGUF_I8,
    GB_GGUF_U16,
    GB_GGUF_I16,
    GB_GGUF_U32,
    GB_GGUF_I32,
    GB_GGUF_F32,
    GB_GGUF_BOOL,
    GB_GGUF_STRING,
    GB_GGUF_ARRAY,
    GB_GGUF_U64,
    GB_GGUF_I64,
    GB_GGUF_F64,
    GB_GGUF_TYPE_COUNT
} gb_gguf_type;

extern const char *const gb_gguf_type_names[GB_GGUF_TYPE_COUNT]; /* "u8", "string" ... */

/* Text inside the mapping: not terminated. */
typedef struct gb_str {
    const char *data;
    size_t size;
} gb_str;

/* Text for messages and tables: unprintable bytes as \xNN, cut with "..." where it does not fit; returns buf. Files are
 * hostile: names may hold terminal escapes. */
enum { GB_SHOWN = 96 };
const char *gb_str_show(gb_str s, char buf[GB_SHOWN]);

typedef struct gb_gguf_key {
    gb_str name;
    gb_gguf_type type;
    gb_gguf_type element; /* GB_GGUF_ARRAY only */
    uint64_t count;       /* elements; 1 for scalars */
    const uint8_t *value; /* first byte of the value (of the first element for arrays), unaligned, in the mapping */
    size_t value_bytes;   /* all bytes of the value after its type (and element type and count) */
    gb_str *strings;      /* arrays of strings: count entries, else NULL */
} gb_gguf_key;

typedef struct gb_tensor {
    gb_str name;
    uint32_t dims;
    uint64_t ne[4]; /* sizes, innermost (row length) first; 1 beyond dims */
    uint32_t ggml_type;
    gb_format format; /* never GB_FORMAT_COUNT: files with types outside the table are rejected by name */
    uint64_t offset;  /* in the file */
    uint64_t bytes;
    const uint8_t *data; /* in the mapping */
} gb_tensor;

typedef struct gb_gguf {
    char *path; /* for messages */
    gb_map map;
    uint32_t version;
    uint64_t alignment;
    gb_gguf_key *keys;
    size_t key_count;
    gb_tensor *tensors; /* in file order */
    size_t tensor_count;
    uint64_t data_offset;
} gb_gguf;

/* Opens and validates everything but the tensor bytes. On error *out is NULL and err names file, offset and reason. */
int gb_gguf_open(const char *path, gb_gguf **out, gb_error *err);
void gb_gguf_close(gb_gguf *file);

/* Scans the scales of every block of every tensor (of f32, f16, bf16 every element): a NaN or an infinity is an error
 * naming tensor, block and offset in the file. Reads every page once. */
int gb_gguf_check_scales(const gb_gguf *file, gb_error *err);
/* The same for blocks [first, first + count) of one tensor, to share the work among threads. */
int gb_tensor_check_scales(const gb_gguf *file, const gb_tensor *t, uint64_t first, uint64_t count, gb_error *err);
/* Index of the first of blocks [first, first + count) with such a scale, of rows of n elements that lie back to back
 * from `rows` on; first + count if there is none. A scale in a header belongs to the first block that it scales. */
uint64_t gb_rows_find_wild(gb_format format, const void *rows, uint64_t n, uint64_t first, uint64_t count);
/* All blocks of a tensor. */
uint64_t gb_tensor_blocks(const gb_tensor *t);
/* Where a block lies, from the first byte of the tensor. */
uint64_t gb_tensor_block_offset(const gb_tensor *t, uint64_t block);
/* Product of all sizes but the innermost. */
uint64_t gb_tensor_rows(const gb_tensor *t);

const gb_gguf_key *gb_gguf_find_key(const gb_gguf *file, const char *name); /* NULL if absent */
const gb_tensor *gb_gguf_find_tensor(const gb_gguf *file, const char *name);

/* Scalars by name. `get` fails with a message (missing key, wrong type, out of range); `get_or` gives the fallback when
 * the key is absent and still fails on a wrong type. Integer getters accept any integer type that holds the value. */
int gb_gguf_get_u64(const gb_gguf *file, const char *name, uint64_t *out, gb_error *err);
int gb_gguf_get_u64_or(const gb_gguf *file, const char *name, uint64_t fallback, uint64_t *out, gb_error *err);
int gb_gguf_get_f32(const gb_gguf *file, const char *name, float *out, gb_error *err);
int gb_gguf_get_f32_or(const gb_gguf *file, const char *name, float fallback, float *out, gb_error *err);
int gb_gguf_get_bool_or(const gb_gguf *file, const char *name, bool fallback, bool *out, gb_error *err);
int gb_gguf_get_str(const gb_gguf *file, const char *name, gb_str *out, gb_error *err);
int gb_gguf_get_str_or(const gb_gguf *file, const char *name, const char *fallback, gb_str *out, gb_error *err);
/* Arrays: pointers into the mapping are unaligned; copy with these into malloc'ed memory the caller frees. */
int gb_gguf_get_f32_array(const gb_gguf *file, const char *name, float **out, size_t *count, gb_error *err);
int gb_gguf_get_i32_array(const gb_gguf *file, const char *name, int32_t **out, size_t *count, gb_error *err);
/* Strings stay in the file: *out is file->...->strings. */
int gb_gguf_get_str_array(const gb_gguf *file, const char *name, const gb_str **out, size_t *count, gb_error *err);
bool gb_str_equal(gb_str a, const char *b);

/* --- writing: declare keys and tensors, then stream the data ------------------------------------------------------ */

typedef struct gb_gguf_writer gb_gguf_writer;
/* Keys first (general.alignment, if put, sets the padding of the data), then tensors, then data. Where tensors have
 * private types, the key gaugeblock.formats, which lists their names, is added last; one that is copied is dropped. */
int gb_gguf_writer_new(const char *path, gb_gguf_writer **out, gb_error *err);
int gb_gguf_put_key(gb_gguf_writer *w, const gb_gguf_key *key, gb_error *err); /* verbatim copy from another file */
int gb_gguf_put_u32(gb_gguf_writer *w, const char *name, uint32_t v, gb_error *err);
int gb_gguf_put_f32(gb_gguf_writer *w, const char *name, float v, gb_error *err);
int gb_gguf_put_bool(gb_gguf_writer *w, const char *name, bool v, gb_error *err);
int gb_gguf_put_str(gb_gguf_writer *w, const char *name, const char *v, gb_error *err);
int gb_gguf_put_str_array(gb_gguf_writer *w, const char *name, const gb_str *v, size_t count, gb_error *err);
int gb_gguf_put_f32_array(gb_gguf_writer *w, const char *name, const float *v, size_t count, gb_error *err);
int gb_gguf_put_i32_array(gb_gguf_writer *w, const char *name, const int32_t *v, size_t count, gb_error *err);
/* Declares a tensor; data order = declaration order. */
int gb_gguf_put_tensor(gb_gguf_writer *w, gb_str name, uint32_t dims, const uint64_t ne[4], gb_format format,
                       gb_error *err);
/* Writes the header; then exactly the declared bytes of each tensor in order, in pieces of any size. */
int gb_gguf_begin_data(gb_gguf_writer *w, gb_error *err);
int gb_gguf_write_data(gb_gguf_writer *w, const void *data, size_t size, gb_error *err);
/* Checks that all declared bytes came, renames into place, frees w. */
int gb_gguf_writer_commit(gb_gguf_writer *w, gb_error *err);
void gb_gguf_writer_abort(gb_gguf_writer *w); /* leaves no file; NULL is fine */

#endif
