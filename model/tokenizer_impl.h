/* Inside of gb_tokenizer, shared by tokenizer*.c only. */
#ifndef GB_MODEL_TOKENIZER_IMPL_H
#define GB_MODEL_TOKENIZER_IMPL_H

#include "model/merge.h"
#include "model/pretok.h"
#include "model/token_map.h"
#include "model/tokenizer.h"

struct gb_tokenizer {
    bool bpe; /* else SentencePiece-type */
    size_t count;
    const gb_str *pieces; /* as the file spells them, in its mapping */
    gb_str *text;         /* the bytes each one stands for, in `bytes` */
    char *bytes;
    int32_t *types;        /* GB_TOKEN_* */
    int32_t bos, eos, unk; /* -1 if none */
    bool adds_bos, adds_eos, space_prefix;

    int32_t *special; /* ids that may stand in a text as a whole, sorted by the bytes of their piece */
    size_t special_count;
    bool special_first[256]; /* first bytes of those */

    /* Tokens that ordinary text can become. SentencePiece: keyed by piece; BPE: by the bytes it stands for. Control,
     * unknown and byte tokens are not in it, so that text never spells one by accident. */
    gb_text_map lookup;
    int32_t byte_ids[256]; /* -1 if none */

    float *scores;    /* SentencePiece */
    size_t longest;   /* bytes of the longest piece in lookup: no longer pair is looked up */
    bool words_apart; /* no piece goes on into a next word, so words may be merged one by one */

    gb_pair_map merges; /* BPE */
    gb_pretok *pre;
};

/* The ids of one text, growing. */
typedef struct gb_id_list {
    int32_t *ids;
    size_t count, room;
} gb_id_list;
int gb_id_push(gb_id_list *list, int32_t id, gb_error *err);

/* tokenizer_keys.c: fills everything from the file, or explains which key is wrong. */
int gb_tokenizer_read(gb_tokenizer *t, const gb_gguf *file, gb_error *err);

/* The bytes that a BPE piece stands for, to out (at most size of the piece); false if a character is not one of the 256
 * that stand for bytes. */
bool gb_bpe_decode(gb_str piece, char *out, size_t *size);
int gb_bpe_init(gb_tokenizer *t, const gb_gguf *file, gb_error *err);
/* Ordinary text (no special tokens) to ids. */
int gb_bpe_encode(const gb_tokenizer *t, const char *text, size_t size, gb_merger *m, gb_id_list *list, gb_error *err);

int gb_spm_init(gb_tokenizer *t, const gb_gguf *file, gb_error *err);
int gb_spm_encode(const gb_tokenizer *t, const char *text, size_t size, gb_merger *m, gb_id_list *list, gb_error *err);

#endif
