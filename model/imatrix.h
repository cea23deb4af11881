/* Importance matrices: for every column of a matrix the mean square of the activations that it is multiplied with.
 *
 * Two file formats, both of llama-imatrix. GGUF (2025 and later): general.type "imatrix", keys imatrix.datasets,
 * imatrix.chunk_count, imatrix.chunk_size, and for each matrix the f32 tensors NAME.in_sum2 (sums of squares, columns x
 * matrices) and NAME.counts (rows summed, one per matrix of a stack). Legacy (.dat): i32 entries; each i32 length,
 * name, i32 calls, i32 values, f32 values (mean squares times calls); then i32 chunks, i32 length, dataset. */
#ifndef GB_MODEL_IMATRIX_H
#define GB_MODEL_IMATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "model/gguf.h"

typedef struct gb_imatrix_entry {
    char *name;  /* of the matrix */
    float *mean; /* mean squares: finite, >= 0; 1 for a matrix of a stack that was never used */
    size_t count;
} gb_imatrix_entry;

typedef struct gb_imatrix {
    char *path;
    char *dataset; /* the first, or NULL */
    uint64_t chunks;
    gb_imatrix_entry *entries; /* by name, ascending */
    size_t count;
} gb_imatrix;

/* Either format. Trusts nothing: sizes, names, NaN, infinite and negative values are errors naming file and entry. */
int gb_imatrix_read(const char *path, gb_imatrix **out, gb_error *err);
void gb_imatrix_free(gb_imatrix *m);
const gb_imatrix_entry *gb_imatrix_find(const gb_imatrix *m, gb_str name); /* NULL: no entry */

/* One entry to write: sums of squares over `count` rows. */
typedef struct gb_imatrix_sums {
    const char *name;
    const double *squares; /* not owned */
    size_t columns;
    uint64_t count;
} gb_imatrix_sums;

typedef struct gb_imatrix_origin {
    const char *dataset;
    uint32_t chunks, chunk_size;
} gb_imatrix_origin;

/* Entries are written by name, ascending, sums rounded to f32. An infinite or NaN sum: GB_EINPUT naming the entry. */
int gb_imatrix_write(const char *path, bool legacy, const gb_imatrix_sums *entries, size_t count,
                     const gb_imatrix_origin *origin, gb_error *err);

#endif
