/* SentencePiece models (tokenizer.model): the protobuf message ModelProto of sentencepiece_model.proto, of which only
 * the fields are read that GGUF has a place for. A reader of its own, for hostile files. */
#ifndef GB_CONVERT_SENTENCEPIECE_H
#define GB_CONVERT_SENTENCEPIECE_H

#include "convert/vocab.h"

/* Could these bytes be such a file? (They begin with a piece.) */
bool gb_sentencepiece_probe(const uint8_t *data, size_t size);

/* A vocabulary of `model_vocab` tokens (0: as many as there are pieces); pieces beyond it are left out with a note,
 * what is missing is left unset. Only BPE models: GGUF's "llama" tokenizer merges by score, which is not what a unigram
 * model means. On error *v holds nothing. */
int gb_sentencepiece_read(const char *path, const uint8_t *data, size_t size, size_t model_vocab, gb_vocab *v,
                          gb_notes *notes, gb_error *err);

#endif
