/* Model directories as Hugging Face has them, whole or with one thing wrong, in the scratch directory of image.h. */
#ifndef GB_TESTS_HF_DIR_H
#define GB_TESTS_HF_DIR_H

#include "tests/support/float_model.h"

/* One tensor of a safetensors file. */
typedef struct st_entry {
    const char *name, *dtype;
    size_t dims;
    size_t shape[3];
    const void *data;
    size_t bytes;
} st_entry;

/* Files in the scratch directory; each returns its path (see scratch). */
const char *text_save(const char *name, const char *text);
const char *bytes_save(const char *name, const void *data, size_t size);
const char *st_save(const char *name, const st_entry *entries, size_t count);
/* A header as it is given, then `data_bytes` zeros. */
const char *st_save_raw(const char *name, const char *header, size_t data_bytes);

/* Numbers of the model as `dtype` (F32, F16, BF16): malloc'ed. */
void *as_dtype(const float *x, size_t n, const char *dtype, size_t *bytes);

enum { HF_PARTS = 6 };

/* "base.ending", where base is the tensor's name without ".weight"; lives long enough. */
const char *part_name(const float_tensor *t, const char *ending);

typedef struct hf_dir {
    const char *class;     /* "LlamaForCausalLM" */
    const char *dtype;     /* of all tensors */
    size_t shards;         /* 0: model.safetensors; n: n files and their index */
    const char *config;    /* members of config.json that replace or join the usual ones: "\"a\": 1, \"b\": 2" */
    const char *skip;      /* a tensor that is left out */
    const char *rename;    /* a tensor that is called "model.other.weight" */
    const char *tokenizer; /* text of tokenizer.json; NULL: a vocabulary of a few tokens */
    /* Writes a tensor in another form: up to HF_PARTS entries whose data is malloc'ed. It may change the numbers of the
     * model to those that the form holds. 0: it stays as it is. */
    size_t (*pack)(const void *ctx, float_tensor *t, st_entry *out);
    const void *ctx;
} hf_dir;

/* Writes config.json, weights and tokenizer.json of the model. */
void hf_dir_write(float_model *m, const hf_dir *d);

/* A byte-level tokenizer.json with Qwen2's pre-tokenizer and three tokens. */
extern const char hf_small_tokenizer[];

#endif
