/* The tokenizer.ggml.* keys: read, checked against each other, and brought into the tables of gb_tokenizer. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/tokenizer_impl.h"

static int read_types(gb_tokenizer *t, const gb_gguf *file, gb_error *err) {
    static const char *const key = "tokenizer.ggml.token_type";
    size_t n = 0;
    if (t->bpe && !gb_gguf_find_key(file, key)) { /* older byte-level files have none: all tokens are normal */
        t->types = gb_new(t->count, sizeof *t->types, key, err);
        if (!t->types) return GB_ESYSTEM;
        for (size_t i = 0; i < t->count; i++) t->types[i] = GB_TOKEN_NORMAL;
        return GB_OK;
    }
    const int rc = gb_gguf_get_i32_array(file, key, &t->types, &n, err);
    if (rc) return rc;
    if (n != t->count)
        return gb_fail(err, GB_EINPUT, "%s: key '%s' has %zu entries, expected one for each of the %zu tokens",
                       file->path, key, n, t->count);
    for (size_t i = 0; i < n; i++)
        if (t->types[i] < GB_TOKEN_UNDEFINED || t->types[i] > GB_TOKEN_BYTE)
            return gb_fail(err, GB_EINPUT, "%s: key '%s': entry %zu is %" PRId32 ", expected 0 to 6", file->path, key,
                           i, t->types[i]);
    return GB_OK;
}

static int read_id(const gb_tokenizer *t, const gb_gguf *file, const char *key, int32_t *id, gb_error *err) {
    *id = -1;
    if (!gb_gguf_find_key(file, key)) return GB_OK;
    uint64_t v = 0;
    const int rc = gb_gguf_get_u64(file, key, &v, err);
    if (rc) return rc;
    if (v >= t->count)
        return gb_fail(err, GB_EINPUT, "%s: key '%s' is %" PRIu64 ", expected less than the %zu tokens", file->path,
                       key, v, t->count);
    *id = (int32_t)v;
    return GB_OK;
}

/* add_bos_token or add_eos_token: asking for a token that has no id is an error, a mere habit of the model is not. */
static int read_add(const gb_gguf *file, const char *key, const char *id_key, int32_t id, bool habit, bool *adds,
                    gb_error *err) {
    const int rc = gb_gguf_get_bool_or(file, key, habit && id >= 0, adds, err);
    if (rc) return rc;
    if (*adds && id < 0)
        return gb_fail(err, GB_EINPUT, "%s: key '%s' is true, but there is no '%s'", file->path, key, id_key);
    return GB_OK;
}

static int check_pieces(const gb_tokenizer *t, const gb_gguf *file, gb_error *err) {
    gb_text_map seen = {0};
    int rc = gb_text_map_new(&seen, t->count, err);
    for (size_t i = 0; i < t->count && !rc; i++) {
        char shown[GB_SHOWN];
        if (t->pieces[i].size == 0) {
            rc = gb_fail(err, GB_EINPUT, "%s: key 'tokenizer.ggml.tokens': token %zu is empty", file->path, i);
            continue;
        }
        const int32_t same = gb_text_map_add(&seen, t->pieces, (uint32_t)i);
        if (same >= 0)
            rc = gb_fail(err, GB_EINPUT, "%s: key 'tokenizer.ggml.tokens': tokens %" PRId32 " and %zu are both '%s'",
                         file->path, same, i, gb_str_show(t->pieces[i], shown));
    }
    gb_text_map_free(&seen);
    return rc;
}

/* U+2581 stands for a space. */
static size_t spm_decode(gb_str piece, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < piece.size; n++) {
        const bool space = piece.size - i >= 3 && memcmp(piece.data + i, "\xE2\x96\x81", 3) == 0;
        out[n] = space ? ' ' : piece.data[i];
        i += space ? 3 : 1;
    }
    return n;
}

static int hex(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* <0xXX> to its byte. */
static bool byte_piece(gb_str piece, char *byte) {
    if (piece.size != 6 || memcmp(piece.data, "<0x", 3) != 0 || piece.data[5] != '>') return false;
    const int high = hex(piece.data[3]);
    const int low = hex(piece.data[4]);
    if (high < 0 || low < 0) return false;
    *byte = (char)(unsigned char)(high << 4 | low);
    return true;
}

/* The bytes of every token, one after the other in t->bytes: never more than the pieces have. */
static int decode_all(gb_tokenizer *t, const gb_gguf *file, gb_error *err) {
    size_t total = 0;
    for (size_t i = 0; i < t->count; i++) total += t->pieces[i].size; /* all lie in one mapping: no overflow */
    t->text = gb_new(t->count, sizeof *t->text, "texts of tokens", err);
    t->bytes = t->text ? gb_new(total, 1, "texts of tokens", err) : NULL;
    if (!t->bytes) return GB_ESYSTEM;
    char *out = t->bytes;
    for (size_t i = 0; i < t->count; i++) {
        const gb_str piece = t->pieces[i];
        const int32_t type = t->types[i];
        size_t n = 0;
        if (type == GB_TOKEN_BYTE && !t->bpe) {
            char shown[GB_SHOWN];
            if (!byte_piece(piece, out))
                return gb_fail(err, GB_EINPUT,
                               "%s: key 'tokenizer.ggml.tokens': token %zu has the type of a byte but is '%s', "
                               "expected <0x00> to <0xFF>",
                               file->path, i, gb_str_show(piece, shown));
            n = 1;
        } else if (type == GB_TOKEN_CONTROL) {
            n = 0;
        } else if (type == GB_TOKEN_USER || type == GB_TOKEN_UNKNOWN || (t->bpe && !gb_bpe_decode(piece, out, &n))) {
            memcpy(out, piece.data, piece.size); /* literal text */
            n = piece.size;
        } else if (!t->bpe) {
            n = spm_decode(piece, out);
        }
        t->text[i] = (gb_str){.data = out, .size = n};
        out += n;
    }
    return GB_OK;
}

static int order_special(const void *a, const void *b, void *tokenizer) {
    const gb_tokenizer *t = tokenizer;
    const gb_str *l = &t->pieces[*(const int32_t *)a];
    const gb_str *r = &t->pieces[*(const int32_t *)b];
    const size_t shared = l->size < r->size ? l->size : r->size;
    const int c = memcmp(l->data, r->data, shared);
    return c ? c : (l->size > r->size) - (l->size < r->size);
}

static int collect_special(gb_tokenizer *t, gb_error *err) {
    t->special = gb_new(t->count, sizeof *t->special, "special tokens", err);
    if (!t->special) return GB_ESYSTEM;
    for (size_t i = 0; i < t->count; i++) {
        const int32_t type = t->types[i];
        if (type != GB_TOKEN_CONTROL && type != GB_TOKEN_USER && type != GB_TOKEN_UNKNOWN) continue;
        t->special[t->special_count++] = (int32_t)i;
        t->special_first[(unsigned char)t->pieces[i].data[0]] = true;
    }
    qsort_r(t->special, t->special_count, sizeof *t->special, order_special, t);
    return GB_OK;
}

int gb_tokenizer_read(gb_tokenizer *t, const gb_gguf *file, gb_error *err) {
    gb_str model = {0};
    int rc = gb_gguf_get_str(file, "tokenizer.ggml.model", &model, err);
    if (rc) return rc;
    t->bpe = gb_str_equal(model, "gpt2");
    char shown[GB_SHOWN];
    if (!t->bpe && !gb_str_equal(model, "llama"))
        return gb_fail(err, GB_EINPUT, "%s: key 'tokenizer.ggml.model' is '%s'; known are 'llama' and 'gpt2'",
                       file->path, gb_str_show(model, shown));
    rc = gb_gguf_get_str_array(file, "tokenizer.ggml.tokens", &t->pieces, &t->count, err);
    if (rc) return rc;
    if (t->count == 0 || t->count > INT32_MAX)
        return gb_fail(err, GB_EINPUT, "%s: key 'tokenizer.ggml.tokens' has %zu entries, expected 1 to %" PRId32,
                       file->path, t->count, INT32_MAX);
    if ((rc = check_pieces(t, file, err))) return rc;
    if ((rc = read_types(t, file, err))) return rc;
    if ((rc = decode_all(t, file, err))) return rc;
    if ((rc = collect_special(t, err))) return rc;
    if ((rc = read_id(t, file, "tokenizer.ggml.bos_token_id", &t->bos, err))) return rc;
    if ((rc = read_id(t, file, "tokenizer.ggml.eos_token_id", &t->eos, err))) return rc;
    if ((rc = read_id(t, file, "tokenizer.ggml.unknown_token_id", &t->unk, err))) return rc;
    if ((rc = t->bpe ? gb_bpe_init(t, file, err) : gb_spm_init(t, file, err))) return rc;
    const bool habit = t->bpe ? gb_pretok_adds_bos(t->pre) : true;
    rc =
        read_add(file, "tokenizer.ggml.add_bos_token", "tokenizer.ggml.bos_token_id", t->bos, habit, &t->adds_bos, err);
    if (rc) return rc;
    return read_add(file, "tokenizer.ggml.add_eos_token", "tokenizer.ggml.eos_token_id", t->eos, false, &t->adds_eos,
                    err);
}
