/* Safetensors files: u64 header size (little-endian), header (JSON: name -> dtype, shape, data_offsets), data. Source:
 * the format's description in huggingface/safetensors. A memory-mapped reader that trusts nothing: every byte of the
 * data must belong to exactly one tensor. */
#ifndef GB_CONVERT_SAFETENSORS_H
#define GB_CONVERT_SAFETENSORS_H

#include "convert/json.h"
#include "harness/file.h"
#include "kernels/formats.h"

/* X(name, bytes of an element) */
#define GB_DTYPES(X)                                                                                                   \
    X(BOOL, 1)                                                                                                         \
    X(U8, 1)                                                                                                           \
    X(I8, 1)                                                                                                           \
    X(F8_E4M3, 1)                                                                                                      \
    X(F8_E5M2, 1)                                                                                                      \
    X(F8_E8M0, 1)                                                                                                      \
    X(U16, 2)                                                                                                          \
    X(I16, 2)                                                                                                          \
    X(F16, 2)                                                                                                          \
    X(BF16, 2)                                                                                                         \
    X(U32, 4)                                                                                                          \
    X(I32, 4)                                                                                                          \
    X(F32, 4)                                                                                                          \
    X(U64, 8)                                                                                                          \
    X(I64, 8)                                                                                                          \
    X(F64, 8)

typedef enum gb_dtype {
#define GB_DTYPE_ENUM(name, bytes) GB_DTYPE_##name,
    GB_DTYPES(GB_DTYPE_ENUM)
#undef GB_DTYPE_ENUM
        GB_DTYPE_COUNT
} gb_dtype;

extern const char *const gb_dtype_names[GB_DTYPE_COUNT];
/* F32, F16 and BF16 are formats of the table; GB_FORMAT_COUNT for the others. */
gb_format gb_dtype_format(gb_dtype dtype);

enum { GB_ST_DIMS = 8 };

typedef struct gb_st_tensor {
    const char *name; /* in the header's tree */
    gb_dtype dtype;
    uint32_t dims;
    uint64_t shape[GB_ST_DIMS]; /* outermost first; 1 beyond dims */
    uint64_t bytes;
    const uint8_t *data; /* in the mapping */
} gb_st_tensor;

typedef struct gb_safetensors {
    char *path;
    gb_map map;
    gb_json header;
    gb_st_tensor *tensors; /* in the order of their data */
    size_t count;
} gb_safetensors;

int gb_safetensors_open(const char *path, gb_safetensors *out, gb_error *err);
void gb_safetensors_close(gb_safetensors *file);

/* "2 x 3"; the result is buf. */
enum { GB_SHAPE_TEXT = 192 };
const char *gb_st_shape(const gb_st_tensor *t, char buf[GB_SHAPE_TEXT]);

#endif
