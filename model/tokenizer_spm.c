/* SentencePiece-type tokenizers ("llama"): characters merge greedily by the score of the piece they make. */
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/tokenizer_impl.h"
#include "model/utf8.h"

static const char mark[] = "\xE2\x96\x81"; /* U+2581, what a space is inside the vocabulary */
enum { MARK = 3 };

static bool marked(const char *text, size_t size) {
    return size >= MARK && memcmp(text, mark, MARK) == 0;
}

/* Does the piece have a mark after something else? Then it reaches over the end of a word. */
static bool spans_words(gb_str piece) {
    bool inside = false;
    for (size_t i = 0; i < piece.size;) {
        const bool space = marked(piece.data + i, piece.size - i);
        if (space && inside) return true;
        inside = !space;
        i += space ? MARK : 1;
    }
    return false;
}

int gb_spm_init(gb_tokenizer *t, const gb_gguf *file, gb_error *err) {
    size_t n = 0;
    int rc = gb_gguf_get_bool_or(file, "tokenizer.ggml.add_space_prefix", true, &t->space_prefix, err);
    if (!rc) rc = gb_gguf_get_f32_array(file, "tokenizer.ggml.scores", &t->scores, &n, err);
    if (!rc) rc = gb_text_map_new(&t->lookup, t->count, err);
    if (rc) return rc;
    if (n != t->count)
        return gb_fail(err, GB_EINPUT,
                       "%s: key 'tokenizer.ggml.scores' has %zu entries, expected one for each of the %zu tokens",
                       file->path, n, t->count);
    t->words_apart = true;
    for (size_t i = 0; i < t->count; i++) {
        const int32_t type = t->types[i];
        const gb_str piece = t->pieces[i];
        if (type == GB_TOKEN_BYTE) t->byte_ids[(unsigned char)t->text[i].data[0]] = (int32_t)i;
        if (type == GB_TOKEN_BYTE || type == GB_TOKEN_CONTROL || type == GB_TOKEN_UNKNOWN) continue;
        (void)gb_text_map_add(&t->lookup, t->pieces, (uint32_t)i); /* pieces differ: checked before */
        if (piece.size > t->longest) t->longest = piece.size;
        if (spans_words(piece)) t->words_apart = false;
    }
    return GB_OK;
}

/* Larger scores come first: the bits of a float, turned so that unsigned order is descending order of values. */
static uint32_t order_of(float score) {
    const float v = score + 0.0f; /* -0 ties with +0 */
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits >> 31 ? bits : ~(bits | 0x80000000u);
}

typedef struct spm_text {
    const gb_tokenizer *t;
    const char *text;
} spm_text;

static bool may_merge(const void *ctx, const gb_symbol *left, const gb_symbol *right, uint32_t *order, int32_t *id) {
    const spm_text *s = ctx;
    const size_t size = (size_t)left->size + right->size;
    if (size > s->t->longest) return false;
    *id = gb_text_map_find(&s->t->lookup, s->t->pieces, s->text + left->start, size);
    if (*id < 0) return false;
    *order = order_of(s->t->scores[*id]);
    return true;
}

/* A character that is no token: its bytes, or the unknown token once. */
static int push_unknown(const gb_tokenizer *t, const char *text, size_t size, gb_id_list *list, gb_error *err) {
    bool whole = true;
    for (size_t i = 0; i < size; i++) whole = whole && t->byte_ids[(unsigned char)text[i]] >= 0;
    if (!whole && t->unk < 0)
        return gb_fail(err, GB_EINPUT,
                       "the text has a character (first byte 0x%02X) that is in the vocabulary neither "
                       "as a token nor as bytes, and there is no unknown token",
                       (unsigned)(unsigned char)text[0]);
    int rc = GB_OK;
    if (!whole) return gb_id_push(list, t->unk, err);
    for (size_t i = 0; i < size && !rc; i++) rc = gb_id_push(list, t->byte_ids[(unsigned char)text[i]], err);
    return rc;
}

/* Merges one escaped run of text and appends its ids. */
static int encode_run(const gb_tokenizer *t, const char *text, size_t size, gb_merger *m, gb_id_list *list,
                      gb_error *err) {
    const spm_text ctx = {.t = t, .text = text};
    int rc = GB_OK;
    gb_merger_clear(m);
    for (size_t at = 0, n = 0; at < size && !rc; at += n) {
        n = gb_utf8_step(text + at, size - at);
        rc = gb_merger_push(m, at, n, gb_text_map_find(&t->lookup, t->pieces, text + at, n), err);
    }
    if (!rc) rc = gb_merger_run(m, may_merge, &ctx, err);
    for (int32_t i = m->count ? 0 : -1; i >= 0 && !rc; i = m->symbols[i].next) {
        const gb_symbol *s = &m->symbols[i];
        rc = s->id >= 0 ? gb_id_push(list, s->id, err) : push_unknown(t, text + s->start, s->size, list, err);
    }
    return rc;
}

int gb_spm_encode(const gb_tokenizer *t, const char *text, size_t size, gb_merger *m, gb_id_list *list, gb_error *err) {
    char *escaped = malloc(MARK * (size + 1)); /* no overflow: gb_tokenize limits the size of texts */
    if (!escaped) return gb_fail(err, GB_ESYSTEM, "tokenizer: out of memory for a text of %zu bytes", size);
    /* The beginning and what follows a special token get the space. */
    const bool prefix = t->space_prefix;
    size_t n = 0;
    for (size_t i = 0; i < size + prefix; i++) {
        const char c = prefix ? i ? text[i - 1] : ' ' : text[i];
        const size_t step = c == ' ' ? MARK : 1;
        memcpy(escaped + n, c == ' ' ? mark : &c, step);
        n += step;
    }
    int rc = GB_OK;
    for (size_t begin = 0, end = 0; begin < n && !rc; begin = end) {
        /* Up to the next word, a word being marks and then other characters, where no piece reaches further. */
        bool inside = false;
        for (end = begin; end < n;) {
            const bool space = marked(escaped + end, n - end);
            if (space && inside && t->words_apart) break;
            inside = !space;
            end += space ? MARK : 1;
        }
        rc = encode_run(t, escaped + begin, end - begin, m, list, err);
    }
    free(escaped);
    return rc;
}
