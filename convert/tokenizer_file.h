/* One file that holds a vocabulary: tokenizer.model, tokenizer.json, or llama2.c's tokenizer.bin, told apart by
 * content. */
#ifndef GB_CONVERT_TOKENIZER_FILE_H
#define GB_CONVERT_TOKENIZER_FILE_H

#include "convert/json.h"
#include "convert/vocab.h"

typedef enum gb_tokenizer_kind {
    GB_TOKENIZER_NONE,
    GB_TOKENIZER_SPM,
    GB_TOKENIZER_JSON,
    GB_TOKENIZER_BIN
} gb_tokenizer_kind;

/* What the file looks like; GB_TOKENIZER_NONE: nothing that is known. */
int gb_tokenizer_probe(const char *path, gb_tokenizer_kind *kind, gb_error *err);

/* Reads it. *json stays open for kind JSON (its other parts concern the model, not the vocabulary), else it is empty.
 * On error neither *v nor *json holds anything. */
int gb_tokenizer_file_read(const char *path, size_t model_vocab, gb_vocab *v, gb_json *json, gb_notes *notes,
                           gb_error *err);

/* llama2.c's tokenizer.bin: i32 longest token, then for each of the model's tokens f32 score, i32 size, bytes. */
int gb_tokenizer_bin_read(const char *path, const uint8_t *data, size_t size, size_t model_vocab, gb_vocab *v,
                          gb_error *err);

#endif
