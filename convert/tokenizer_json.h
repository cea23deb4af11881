/* tokenizer.json of the tokenizers library, for the two kinds of BPE that the Llama family uses: byte-level (GGUF's
 * "gpt2") and SentencePiece-type with byte fallback (GGUF's "llama"). Anything else is refused by name. */
#ifndef GB_CONVERT_TOKENIZER_JSON_H
#define GB_CONVERT_TOKENIZER_JSON_H

#include "convert/json.h"
#include "convert/vocab.h"

/* A vocabulary of `model_vocab` tokens (0: as many as the ids ask for); what is missing is left unset. Special ids and
 * chat templates are not here: they lie in the files beside it. On error *v holds nothing. */
int gb_tokenizer_json_read(const gb_json *json, size_t model_vocab, gb_vocab *v, gb_notes *notes, gb_error *err);

/* Enters a token that was added to a vocabulary (special: control), over what was there. */
int gb_vocab_add_token(gb_vocab *v, size_t id, const char *content, bool special, gb_error *err);

/* pretok_known.c: the name in tokenizer.ggml.pre of a pre_tokenizer, by its expressions. An unknown one is an error
 * that shows it. *whole_first: the engine takes a piece that is a token as a whole without merging. */
int gb_pretok_recognize(const gb_json *json, const cJSON *pre_tokenizer, const char **name, bool *whole_first,
                        gb_error *err);

#endif
