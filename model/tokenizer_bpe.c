/* Byte-level BPE ("gpt2"): bytes of a pre-token merge by the rank of the pair. In the vocabulary each byte is written
 * as one printable character: the printable bytes of Latin-1 as themselves, the other 68 as U+0100.. in order. */
#include <string.h>

#include "harness/alloc.h"
#include "model/tokenizer_impl.h"
#include "model/utf8.h"

/* The byte that a character of the vocabulary stands for, or -1. */
static int byte_of(uint32_t code) {
    if ((code >= 33 && code <= 126) || (code >= 161 && code <= 172) || (code >= 174 && code <= 255)) return (int)code;
    if (code >= 256 && code <= 288) return (int)code - 256;       /* 0..32 */
    if (code >= 289 && code <= 322) return (int)code - 289 + 127; /* 127..160 */
    return code == 323 ? 173 : -1;
}

bool gb_bpe_decode(gb_str piece, char *out, size_t *size) {
    *size = 0;
    for (size_t i = 0; i < piece.size;) {
        const size_t n = gb_utf8_size(piece.data + i, piece.size - i);
        const int byte = n ? byte_of(gb_utf8_code(piece.data + i, n)) : -1;
        if (byte < 0) return false;
        out[(*size)++] = (char)(unsigned char)byte;
        i += n;
    }
    return true;
}

static int bad_merge(const gb_gguf *file, size_t rank, gb_str merge, const char *why, gb_error *err) {
    char shown[GB_SHOWN];
    return gb_fail(err, GB_EINPUT, "%s: key 'tokenizer.ggml.merges': entry %zu '%s' %s", file->path, rank,
                   gb_str_show(merge, shown), why);
}

/* Enters merge number rank, "left right", into the table of pairs. */
static int add_merge(gb_tokenizer *t, const gb_gguf *file, const gb_text_map *by_piece, size_t rank, gb_str merge,
                     gb_error *err) {
    const char *space = merge.size > 2 ? memchr(merge.data + 1, ' ', merge.size - 2) : NULL;
    if (!space) return bad_merge(file, rank, merge, "is not two tokens with a space between them", err);
    const size_t left = (size_t)(space - merge.data);
    const size_t right = merge.size - left - 1;
    char joined[1024];
    if (left + right > sizeof joined) return bad_merge(file, rank, merge, "makes a token of more than 1024 bytes", err);
    memcpy(joined, merge.data, left);
    memcpy(joined + left, space + 1, right);
    const int32_t l = gb_text_map_find(by_piece, t->pieces, merge.data, left);
    const int32_t r = gb_text_map_find(by_piece, t->pieces, space + 1, right);
    const int32_t merged = gb_text_map_find(by_piece, t->pieces, joined, left + right);
    if (l < 0 || r < 0 || merged < 0)
        return bad_merge(file, rank, merge,
                         l < 0   ? "has a left half that is no token"
                         : r < 0 ? "has a right half that is no token"
                                 : "makes no token",
                         err);
    if (!gb_pair_map_add(&t->merges, l, r, (uint32_t)rank, merged))
        return bad_merge(file, rank, merge, "is there twice", err);
    return GB_OK;
}

static int read_merges(gb_tokenizer *t, const gb_gguf *file, gb_error *err) {
    const gb_str *merges = NULL;
    size_t n = 0;
    gb_text_map by_piece = {0};
    int rc = gb_gguf_get_str_array(file, "tokenizer.ggml.merges", &merges, &n, err);
    if (!rc && n > INT32_MAX)
        rc = gb_fail(err, GB_EINPUT, "%s: key 'tokenizer.ggml.merges' has %zu entries", file->path, n);
    if (!rc) rc = gb_pair_map_new(&t->merges, n, err);
    if (!rc) rc = gb_text_map_new(&by_piece, t->count, err);
    for (size_t i = 0; i < t->count && !rc; i++) (void)gb_text_map_add(&by_piece, t->pieces, (uint32_t)i);
    for (size_t i = 0; i < n && !rc; i++) rc = add_merge(t, file, &by_piece, i, merges[i], err);
    gb_text_map_free(&by_piece);
    return rc;
}

int gb_bpe_init(gb_tokenizer *t, const gb_gguf *file, gb_error *err) {
    gb_str pre = {0};
    int rc = gb_gguf_get_str(file, "tokenizer.ggml.pre", &pre, err);
    if (!rc) rc = gb_pretok_new(pre, &t->pre, err);
    if (!rc) rc = read_merges(t, file, err);
    if (!rc) rc = gb_text_map_new(&t->lookup, t->count, err);
    if (rc) return rc;
    for (size_t i = 0; i < t->count; i++) {
        const int32_t type = t->types[i];
        size_t size = 0;
        if (type == GB_TOKEN_CONTROL || type == GB_TOKEN_USER || type == GB_TOKEN_UNKNOWN) continue;
        char first[4];
        if (t->pieces[i].size <= 2 && gb_bpe_decode(t->pieces[i], first, &size) && size == 1)
            t->byte_ids[(unsigned char)first[0]] = (int32_t)i;
        (void)gb_text_map_add(&t->lookup, t->text, (uint32_t)i);
    }
    return GB_OK;
}

static bool may_merge(const void *ctx, const gb_symbol *left, const gb_symbol *right, uint32_t *order, int32_t *id) {
    const gb_tokenizer *t = ctx;
    if (left->id < 0 || right->id < 0) return false;
    const gb_pair_slot *pair = gb_pair_map_find(&t->merges, left->id, right->id);
    if (!pair) return false;
    *order = pair->rank;
    *id = pair->merged;
    return true;
}

typedef struct bpe_sink {
    const gb_tokenizer *t;
    gb_merger *m;
    gb_id_list *list;
} bpe_sink;

static int encode_piece(void *ctx, const char *piece, size_t size, gb_error *err) {
    const bpe_sink *s = ctx;
    const gb_tokenizer *t = s->t;
    if (gb_pretok_whole_first(t->pre)) {
        const int32_t id = gb_text_map_find(&t->lookup, t->text, piece, size);
        if (id >= 0) return gb_id_push(s->list, id, err);
    }
    int rc = GB_OK;
    gb_merger_clear(s->m);
    for (size_t i = 0; i < size && !rc; i++) {
        const int32_t id = t->byte_ids[(unsigned char)piece[i]];
        if (id < 0 && t->unk < 0)
            return gb_fail(err, GB_EINPUT,
                           "the text has the byte 0x%02X, which is not in the vocabulary, and there is "
                           "no unknown token",
                           (unsigned)(unsigned char)piece[i]);
        rc = gb_merger_push(s->m, i, 1, id, err);
    }
    if (!rc) rc = gb_merger_run(s->m, may_merge, t, err);
    for (int32_t i = 0; i >= 0 && !rc; i = s->m->symbols[i].next)
        rc = gb_id_push(s->list, s->m->symbols[i].id >= 0 ? s->m->symbols[i].id : t->unk, err);
    return rc;
}

int gb_bpe_encode(const gb_tokenizer *t, const char *text, size_t size, gb_merger *m, gb_id_list *list, gb_error *err) {
    bpe_sink sink = {.t = t, .m = m, .list = list};
    return gb_pretok_split(t->pre, text, size, encode_piece, &sink, err);
}
