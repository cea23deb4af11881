/* Tokenizers of GGUF files: SentencePiece-type ("llama") and byte-level BPE ("gpt2"). */
#ifndef GB_MODEL_TOKENIZER_H
#define GB_MODEL_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "model/gguf.h"

typedef struct gb_tokenizer gb_tokenizer;

/* Builds from the tokenizer.ggml.* keys. The file must stay open while the tokenizer lives. */
int gb_tokenizer_new(const gb_gguf *file, gb_tokenizer **out, gb_error *err);
void gb_tokenizer_free(gb_tokenizer *t);

size_t gb_tokenizer_vocab(const gb_tokenizer *t);
int32_t gb_tokenizer_bos(const gb_tokenizer *t); /* -1 if none */
int32_t gb_tokenizer_eos(const gb_tokenizer *t); /* -1 if none */
bool gb_tokenizer_adds_bos(const gb_tokenizer *t);

/* Text (any bytes) to ids; *ids is malloc'ed, the caller frees it. add_special: BOS/EOS as the model's keys say.
 * parse_special: control and user-defined tokens are recognized in the text (user-defined ones always are). */
int gb_tokenize(const gb_tokenizer *t, const char *text, size_t size, bool add_special, bool parse_special,
                int32_t **ids, size_t *count, gb_error *err);

/* Bytes of one token as they appear in text (control tokens are empty). Writes at most `size` bytes into buf, returns
 * how many bytes the token has. Ids outside the vocabulary give 0. */
size_t gb_token_text(const gb_tokenizer *t, int32_t id, char *buf, size_t size);

#endif
