/* The tokenizer of a Hugging Face model directory: its vocabulary, the special ids and the chat template, from
 * whichever of tokenizer.model, tokenizer.json, tokenizer_config.json, added_tokens.json, chat_template.* and
 * config.json hold them. */
#ifndef GB_CONVERT_HF_VOCAB_H
#define GB_CONVERT_HF_VOCAB_H

#include "convert/json.h"
#include "convert/vocab.h"

/* tokenizer: a file to use instead of the directory's, or NULL. On error *v holds nothing. */
int gb_hf_vocab_read(const char *dir, const char *tokenizer, const gb_json *config, size_t model_vocab, gb_vocab *v,
                     gb_notes *notes, gb_error *err);

#endif
