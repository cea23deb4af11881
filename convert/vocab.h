/* A vocabulary on its way into the tokenizer.ggml.* keys, wherever it came from. */
#ifndef GB_CONVERT_VOCAB_H
#define GB_CONVERT_VOCAB_H

#include <stdbool.h>
#include <stdint.h>

#include "convert/notes.h"
#include "model/tokenizer.h"

typedef enum gb_special {
    GB_SPECIAL_BOS,
    GB_SPECIAL_EOS,
    GB_SPECIAL_UNK,
    GB_SPECIAL_SEP,
    GB_SPECIAL_PAD,
    GB_SPECIAL_CLS,
    GB_SPECIAL_MASK,
    GB_SPECIAL_COUNT
} gb_special;

typedef struct gb_chat_template {
    const char *name; /* NULL: the one */
    const char *text;
} gb_chat_template;
enum { GB_CHAT_TEMPLATES = 16 };

typedef struct gb_text_block gb_text_block;

typedef struct gb_vocab {
    bool bpe;        /* "gpt2", else "llama" */
    const char *pre; /* name of the pre-tokenizer */
    size_t count;
    gb_str *tokens; /* size 0: not set */
    float *scores;  /* "llama" only */
    int32_t *types; /* GB_TOKEN_* */
    gb_str *merges; /* "gpt2" only: "left right" */
    size_t merge_count;
    int64_t special[GB_SPECIAL_COUNT];  /* -1: none */
    int add_bos, add_eos, space_prefix; /* -1: not stated */
    gb_chat_template chat[GB_CHAT_TEMPLATES];
    size_t chat_count;
    gb_text_block *texts; /* owner of all of the above's bytes */
} gb_vocab;

/* `count` tokens, none set yet. */
int gb_vocab_init(gb_vocab *v, size_t count, bool bpe, gb_error *err);
void gb_vocab_free(gb_vocab *v);

/* A copy that lives as long as the vocabulary, terminated; data NULL on error. */
gb_str gb_vocab_text(gb_vocab *v, const char *data, size_t size, gb_error *err);
/* Sets token `id` < count to a copy of the text. */
int gb_vocab_set(gb_vocab *v, size_t id, const char *data, size_t size, int32_t type, float score, gb_error *err);
/* Tokens of the model that the tokenizer does not have: [PADn], unused. A vocabulary of the model's size. */
int gb_vocab_pad(gb_vocab *v, gb_error *err);

/* Control tokens by their looks, which some publishers do not mark: <|...|> and the like. */
bool gb_vocab_looks_special(gb_str token);
/* <0xNN> */
bool gb_vocab_is_byte(gb_str token);

/* What the engine's tokenizer would refuse: a token that is empty or there twice, a merge whose halves or whole are no
 * tokens, a special id outside. `path` is for messages. */
int gb_vocab_check(const gb_vocab *v, const char *path, gb_error *err);

int gb_vocab_put(const gb_vocab *v, gb_gguf_writer *w, gb_error *err);

#endif
