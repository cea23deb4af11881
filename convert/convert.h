/* Models of other programs to GGUF: Hugging Face directories (safetensors; Llama, Mistral, Qwen2) and llama2.c files.
 *
 * The result means what llama.cpp's own converters write (docs/convert.md). Reading and planning come first, so that
 * everything that can be refused is refused before a byte is written; tensors then stream, a slab of rows at a time. */
#ifndef GB_CONVERT_CONVERT_H
#define GB_CONVERT_CONVERT_H

#include "convert/source.h"
#include "model/rows.h"

typedef struct gb_convert_options {
    const char *source;    /* a directory, a .safetensors file, or a llama2.c model: told apart by content */
    const char *tokenizer; /* file to use instead of the one beside the model; NULL: none */
    const char *name;      /* general.name; NULL: from the source's name */
    gb_outtype outtype;
} gb_convert_options;

/* Everything but the tensors' data. On error *out holds nothing. */
int gb_convert_open(const gb_convert_options *options, gb_source *out, gb_error *err);

int gb_convert_write(const gb_source *s, const char *path, gb_pool *pool, const gb_cap *cap,
                     const gb_progress *progress, gb_error *err);

/* Name of the file's type: "F16", or the kind of its quantized matrices. */
const char *gb_convert_file_type(const gb_source *s);
uint64_t gb_convert_parameters(const gb_source *s);
uint64_t gb_convert_bytes(const gb_source *s); /* of all tensors, as written */

#endif
