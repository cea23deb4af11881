/* The weights of a model directory: one safetensors file or several with their index, as one set of named tensors. */
#ifndef GB_CONVERT_CHECKPOINT_H
#define GB_CONVERT_CHECKPOINT_H

#include "convert/safetensors.h"

typedef struct gb_entry {
    const gb_st_tensor *t;
    const gb_safetensors *file;
    bool used; /* for who takes tensors out of the set */
} gb_entry;

typedef struct gb_checkpoint {
    gb_safetensors *files;
    size_t file_count;
    gb_entry *entries; /* sorted by name */
    size_t count;
} gb_checkpoint;

/* A directory (model.safetensors.index.json, else model.safetensors, else model-*.safetensors) or a single file. A name
 * in two files, and an index that does not say what the files hold, are errors. */
int gb_checkpoint_open(const char *path, bool directory, gb_checkpoint *out, gb_error *err);
void gb_checkpoint_close(gb_checkpoint *c);

/* NULL if there is none of that name. */
gb_entry *gb_checkpoint_find(const gb_checkpoint *c, const char *name);

#endif
