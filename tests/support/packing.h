/* Matrices of a model as the makers of GPTQ, AWQ and bitsandbytes pack them, word by word as they describe it. */
#ifndef GB_TESTS_PACKING_H
#define GB_TESTS_PACKING_H

#include "tests/support/hf_dir.h"

typedef struct packing {
    enum { GPTQ, AWQ, NF4, FP4, NF4_DQ, FP4_DQ, INT8 } kind;
    unsigned bits;
    size_t group; /* columns; bitsandbytes: elements */
    bool v2;      /* GPTQ: zeros are stored as they are */
    bool shuffled;
    bool uneven;        /* the last column is of the first group */
    const char *scales; /* NULL: F16; of F32 they are no numbers of F16 */
    bool even_map;      /* of doubly quantized scales: not bitsandbytes' own */
} packing;

/* Is a matrix of a layer, which the makers quantize. */
bool is_packed(const float_tensor *t);

/* hf_dir.pack, ctx: a packing. The model's numbers become those that the codes stand for. */
size_t pack_matrix(const void *ctx, float_tensor *t, st_entry *out);

#endif
