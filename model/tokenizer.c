#include "model/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/tokenizer_impl.h"

/* Positions are 32-bit, and SentencePiece text grows threefold where it is all spaces. */
enum { MAX_TEXT = 512 << 20 };

int gb_tokenizer_new(const gb_gguf *file, gb_tokenizer **out, gb_error *err) {
    *out = NULL;
    gb_tokenizer *t = gb_new(1, sizeof *t, "tokenizer", err);
    if (!t) return GB_ESYSTEM;
    for (size_t i = 0; i < 256; i++) t->byte_ids[i] = -1;
    const int rc = gb_tokenizer_read(t, file, err);
    if (rc)
        gb_tokenizer_free(t);
    else
        *out = t;
    return rc;
}

void gb_tokenizer_free(gb_tokenizer *t) {
    if (!t) return;
    free(t->text);
    free(t->bytes);
    free(t->types);
    free(t->special);
    free(t->scores);
    gb_text_map_free(&t->lookup);
    gb_pair_map_free(&t->merges);
    gb_pretok_free(t->pre);
    free(t);
}

size_t gb_tokenizer_vocab(const gb_tokenizer *t) {
    return t->count;
}

int32_t gb_tokenizer_bos(const gb_tokenizer *t) {
    return t->bos;
}

int32_t gb_tokenizer_eos(const gb_tokenizer *t) {
    return t->eos;
}

bool gb_tokenizer_adds_bos(const gb_tokenizer *t) {
    return t->adds_bos;
}

bool gb_tokenizer_adds_space(const gb_tokenizer *t) {
    return t->space_prefix;
}

int gb_id_push(gb_id_list *list, int32_t id, gb_error *err) {
    if (list->count == list->room) {
        const size_t wanted = list->room ? 2 * list->room : 64;
        size_t bytes = 0;
        int32_t *grown = gb_mul_size(wanted, sizeof *grown, &bytes) ? realloc(list->ids, bytes) : NULL;
        if (!grown) return gb_fail(err, GB_ESYSTEM, "tokenizer: out of memory for %zu ids", wanted);
        list->ids = grown;
        list->room = wanted;
    }
    list->ids[list->count++] = id;
    return GB_OK;
}

/* The longest special token that the text begins with and that may be recognized, or -1. The sorted list is narrowed
 * to the pieces that share one more byte with the text at a time. */
static int32_t special_at(const gb_tokenizer *t, const char *text, size_t size, bool controls) {
    if (!t->special_first[(unsigned char)text[0]]) return -1;
    int32_t best = -1;
    size_t low = 0;
    size_t high = t->special_count;
    for (size_t depth = 0; depth < size && low < high; depth++) {
        const unsigned char wanted = (unsigned char)text[depth];
        /* Pieces in [low, high) agree with the text on `depth` bytes; the one that ends there, if any, was the first
         * and has been dropped. First piece with a byte >= wanted, then first with a byte > wanted. */
        size_t bounds[2] = {low, low};
        for (int i = 0; i < 2; i++) {
            size_t end = high;
            while (bounds[i] < end) {
                const size_t middle = bounds[i] + (end - bounds[i]) / 2;
                if ((unsigned char)t->pieces[t->special[middle]].data[depth] < wanted + i)
                    bounds[i] = middle + 1;
                else
                    end = middle;
            }
        }
        low = bounds[0];
        high = bounds[1];
        if (low == high) break;
        const int32_t id = t->special[low];
        if (t->pieces[id].size > depth + 1) continue;
        if (controls || t->types[id] == GB_TOKEN_USER) best = id;
        low++;
    }
    return best;
}

static int encode_all(const gb_tokenizer *t, const char *text, size_t size, bool controls, gb_merger *m,
                      gb_id_list *list, gb_error *err) {
    int rc = GB_OK;
    size_t begin = 0; /* of the ordinary text before `at` */
    for (size_t at = 0; at <= size && !rc;) {
        const int32_t id = at < size ? special_at(t, text + at, size - at, controls) : -1;
        if (id < 0 && at < size) {
            at++;
            continue;
        }
        if (at > begin)
            rc = t->bpe ? gb_bpe_encode(t, text + begin, at - begin, m, list, err)
                        : gb_spm_encode(t, text + begin, at - begin, m, list, err);
        if (id < 0) break;
        if (!rc) rc = gb_id_push(list, id, err);
        at += t->pieces[id].size;
        begin = at;
    }
    return rc;
}

int gb_tokenize(const gb_tokenizer *t, const char *text, size_t size, bool add_special, bool parse_special,
                int32_t **ids, size_t *count, gb_error *err) {
    *ids = NULL;
    *count = 0;
    if (size > MAX_TEXT)
        return gb_fail(err, GB_EINPUT, "the text has %zu bytes; at most %d can be tokenized at once", size, MAX_TEXT);
    gb_id_list list = {0};
    gb_merger m = {0};
    int rc = GB_OK;
    if (add_special && t->adds_bos) rc = gb_id_push(&list, t->bos, err);
    if (!rc) rc = encode_all(t, text, size, parse_special, &m, &list, err);
    if (!rc && add_special && t->adds_eos) rc = gb_id_push(&list, t->eos, err);
    gb_merger_free(&m);
    if (rc) {
        free(list.ids);
        return rc;
    }
    *ids = list.ids;
    *count = list.count;
    return GB_OK;
}

size_t gb_token_text(const gb_tokenizer *t, int32_t id, char *buf, size_t size) {
    if (id < 0 || (size_t)id >= t->count) return 0;
    const gb_str text = t->text[id];
    if (size) memcpy(buf, text.data, text.size < size ? text.size : size);
    return text.size;
}

gb_str gb_token_piece(const gb_tokenizer *t, int32_t id) {
    return id < 0 || (size_t)id >= t->count ? (gb_str){.data = "", .size = 0} : t->pieces[id];
}
