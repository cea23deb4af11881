/* Matrices that a checkpoint holds quantized, spread over several tensors: GPTQ, AWQ, bitsandbytes. A row of the file's
 * own format is put together from them, or decoded. */
#ifndef GB_CONVERT_PACKED_H
#define GB_CONVERT_PACKED_H

#include "convert/source.h"

/* One matrix. Which members are used depends on the kind. */
struct gb_packed {
    gb_format format; /* the kind; it can hold this matrix if `exact` */
    bool exact;
    uint64_t rows, columns;
    const uint8_t *codes;
    size_t code_bytes;
    /* groups of columns: gptq4, gptq8, awq4 */
    const uint8_t *zeros, *scales;
    gb_format scale_format;
    size_t group; /* columns */
    unsigned bits;
    unsigned zero_add;
    /* act-order: the group of each column, and the columns sorted by group; NULL where columns stand in order */
    uint32_t *group_of, *order;
    /* bitsandbytes: absmax is F32, or codes of `nested` maps */
    const uint8_t *absmax, *nested_absmax, *nested_map;
    size_t blocksize, nested_blocksize;
    float nested_offset;
    float levels[16];
};
void gb_packed_free(gb_packed *p);

/* What is asked for: rows x columns under `base` ("model.layers.0.mlp.up_proj"), to become `gguf`. */
typedef struct gb_packed_request {
    gb_source *s;
    const char *path; /* for messages */
    const char *base, *gguf;
    uint64_t rows, columns;
    bool halves; /* as in gb_convert_tensor.head_dim */
    gb_error *err;
} gb_packed_request;

/* *taken: the checkpoint has this matrix packed, and it is among the tensors now. */
int gb_packed_take(const gb_packed_request *r, bool *taken);

/* Inside: a companion tensor by its ending, marked as used; missing, of another type or shape: an error. dims 0: any.
 */
const gb_st_tensor *gb_packed_companion(const gb_packed_request *r, const char *ending, uint32_t dims, uint64_t a,
                                        uint64_t b);
/* The companion is there. */
bool gb_packed_has(const gb_packed_request *r, const char *ending);
/* Refuses a companion of another type. */
int gb_packed_dtype(const gb_packed_request *r, const gb_st_tensor *t, gb_dtype wanted);
/* The tensor of the request with this matrix, which it owns. */
gb_convert_tensor *gb_packed_add(const gb_packed_request *r, gb_packed *p, gb_convert_make *make);

int gb_grouped_take(const gb_packed_request *r); /* packed_groups.c */
int gb_bnb4_take(const gb_packed_request *r);    /* packed_bnb.c */
int gb_int8_take(const gb_packed_request *r);

#endif
