/* Pre-tokenizers of byte-level BPE: the regular expressions that cut a text into pieces before any merge; merges never
 * cross pieces. Known by the name in tokenizer.ggml.pre. */
#ifndef GB_MODEL_PRETOK_H
#define GB_MODEL_PRETOK_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/error.h"
#include "model/gguf.h"

typedef struct gb_pretok gb_pretok;

/* An unknown name is an error that lists the known ones; there is no default for unknown vocabularies. */
int gb_pretok_new(gb_str name, gb_pretok **out, gb_error *err);
void gb_pretok_free(gb_pretok *p);
/* A piece that is a token as a whole is taken without merging. */
bool gb_pretok_whole_first(const gb_pretok *p);
/* What the model does when the file lacks tokenizer.ggml.add_bos_token. */
bool gb_pretok_adds_bos(const gb_pretok *p);

/* Receives the pieces in order; together they are the text, none is empty. Not GB_OK stops the split. */
typedef int gb_piece_sink(void *ctx, const char *piece, size_t size, gb_error *err);
/* Any bytes. The expressions see runs of valid UTF-8 only; a run of bytes that are no UTF-8 is a piece of its own. */
int gb_pretok_split(const gb_pretok *p, const char *text, size_t size, gb_piece_sink *sink, void *ctx, gb_error *err);

#endif
