/* Importance matrices from a model at work: for every column of every matrix the sum of the squares of what it was
 * multiplied with, by the protocol of llama-imatrix: whole chunks of a text, each from an empty cache, BOS in place of
 * the first token where the model wants one; every token of a chunk counts.
 *
 * Sums are doubles, per column from the first token to the last: threads and batch size cannot change them.
 * llama-imatrix sums in f32, so its last digits differ. */
#ifndef GB_MODEL_IMATRIX_COLLECT_H
#define GB_MODEL_IMATRIX_COLLECT_H

#include "model/context.h"
#include "model/imatrix.h"

typedef struct gb_imatrix_params {
    size_t n_ctx;      /* tokens of a chunk, at most the context's */
    size_t max_chunks; /* 0: all */
    int32_t bos;       /* replaces the first token of each chunk; -1: nothing does */
    bool output;       /* the output matrix too; a tied one goes by the name token_embd.weight */
    void (*on_chunk)(void *user, size_t chunk, size_t chunks); /* after every chunk; or NULL */
    void *user;
} gb_imatrix_params;

typedef struct gb_imatrix_collection {
    gb_imatrix_sums *entries;
    size_t count, chunks;
    char (*names)[GB_SHOWN]; /* of the entries */
    double *squares;         /* of all of them: matrices with the same input share */
} gb_imatrix_collection;

/* The text must fill one chunk: GB_EINPUT otherwise. On success the caller frees with gb_imatrix_collection_free. */
int gb_imatrix_collect(gb_context *c, const gb_llama *m, const int32_t *tokens, size_t count,
                       const gb_imatrix_params *params, gb_imatrix_collection *out, gb_error *err);
void gb_imatrix_collection_free(gb_imatrix_collection *collection);

#endif
