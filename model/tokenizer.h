/* Tokenizers of GGUF files: SentencePiece-type ("llama") and byte-level BPE ("gpt2"). Immutable after construction:
 * several threads may use one tokenizer. */
#ifndef GB_MODEL_TOKENIZER_H
#define GB_MODEL_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "model/gguf.h"

typedef struct gb_tokenizer gb_tokenizer;

/* Values of tokenizer.ggml.token_type. */
enum {
    GB_TOKEN_UNDEFINED = 0,
    GB_TOKEN_NORMAL = 1,
    GB_TOKEN_UNKNOWN = 2,
    GB_TOKEN_CONTROL = 3,
    GB_TOKEN_USER = 4,
    GB_TOKEN_UNUSED = 5,
    GB_TOKEN_BYTE = 6,
};

/* Builds from the tokenizer.ggml.* keys. The file must stay open while the tokenizer lives. A vocabulary that
 * contradicts itself (missing key, wrong count, id out of range, empty or double token, unknown pre-tokenizer, merge of
 * tokens that do not exist) is GB_EINPUT with a message that names the key. */
int gb_tokenizer_new(const gb_gguf *file, gb_tokenizer **out, gb_error *err);
void gb_tokenizer_free(gb_tokenizer *t); /* NULL is fine */

size_t gb_tokenizer_vocab(const gb_tokenizer *t);
int32_t gb_tokenizer_bos(const gb_tokenizer *t); /* -1 if none */
int32_t gb_tokenizer_eos(const gb_tokenizer *t); /* -1 if none */
bool gb_tokenizer_adds_bos(const gb_tokenizer *t);
/* SentencePiece puts a space before the text: the first token of a decoded text then begins with one that was not
 * there. */
bool gb_tokenizer_adds_space(const gb_tokenizer *t);

/* Text (any bytes, at most 512 MiB) to ids; *ids is malloc'ed, the caller frees it (NULL for no ids). add_special:
 * BOS/EOS as the model's keys say. parse_special: control tokens and the unknown token are recognized where their name
 * stands in the text; user-defined tokens always are; the longest wins. Without it no text can become a control token.
 *
 * Bytes that are no UTF-8 keep their value: SentencePiece takes each by its byte token, byte-level BPE has them in a
 * pre-token of their own. Only a vocabulary without such bytes loses them, to its unknown token (one per character for
 * SentencePiece, one per byte for BPE); without an unknown token that is GB_EINPUT. */
int gb_tokenize(const gb_tokenizer *t, const char *text, size_t size, bool add_special, bool parse_special,
                int32_t **ids, size_t *count, gb_error *err);

/* Bytes of one token as they appear in text (control tokens are empty). Writes at most `size` bytes into buf, returns
 * how many bytes the token has. Ids outside the vocabulary give 0. A token may end inside a UTF-8 character: who shows
 * text while it is generated keeps the unfinished bytes until the next token. */
size_t gb_token_text(const gb_tokenizer *t, int32_t id, char *buf, size_t size);

/* The token as the vocabulary spells it, control tokens too; lies in the file. Empty for ids outside. */
gb_str gb_token_piece(const gb_tokenizer *t, int32_t id);

#endif
