#include <stdlib.h>
#include <string.h>

#include "convert/tokenizer_file.h"
#include "model/llama.h"

static const char mark[] = "\xE2\x96\x81"; /* U+2581 stands for a space in GGUF */
enum { MARK = 3, MAX_TOKEN = 4096 };

typedef struct record {
    float score;
    int32_t size;
    const char *text;
} record;

typedef struct cursor {
    const char *path;
    const uint8_t *data;
    size_t size, at;
    gb_error *err;
} cursor;

static int take_record(cursor *c, size_t id, record *r) {
    if (c->size - c->at < 8) return gb_fail(c->err, GB_EINPUT, "%s: the file ends before token %zu", c->path, id);
    memcpy(&r->score, c->data + c->at, sizeof r->score);
    memcpy(&r->size, c->data + c->at + 4, sizeof r->size);
    c->at += 8;
    if (!(r->score >= -1e30F && r->score <= 1e30F))
        return gb_fail(c->err, GB_EINPUT, "%s: byte %zu: the score of token %zu is no number", c->path, c->at - 8, id);
    if (r->size < 1 || r->size > MAX_TOKEN || (size_t)r->size > c->size - c->at)
        return gb_fail(c->err, GB_EINPUT, "%s: byte %zu: token %zu has %d bytes, expected 1 to %d, inside the file",
                       c->path, c->at - 4, id, r->size, MAX_TOKEN);
    r->text = (const char *)c->data + c->at;
    c->at += (size_t)r->size;
    return GB_OK;
}

/* The first three are <unk>, <s> and </s> under whatever decoration; the others are pieces with spaces for marks. */
static int set_token(gb_vocab *v, size_t id, const record *r, gb_error *err) {
    static const char *const first[] = {"<unk>", "<s>", "</s>"};
    char text[MARK * MAX_TOKEN];
    size_t n = 0;
    if (id < 3)
        return gb_vocab_set(v, id, first[id], strlen(first[id]), id ? GB_TOKEN_CONTROL : GB_TOKEN_UNKNOWN, r->score,
                            err);
    for (int32_t i = 0; i < r->size; i++) {
        const size_t step = r->text[i] == ' ' ? MARK : 1;
        memcpy(text + n, r->text[i] == ' ' ? mark : &r->text[i], step);
        n += step;
    }
    const bool byte = gb_vocab_is_byte((gb_str){.data = text, .size = n});
    return gb_vocab_set(v, id, text, n, byte ? GB_TOKEN_BYTE : GB_TOKEN_NORMAL, r->score, err);
}

static int read_records(cursor *c, gb_vocab *v) {
    int rc = GB_OK;
    for (size_t id = 0; !rc && id < v->count; id++) {
        record r = {.text = ""};
        rc = take_record(c, id, &r);
        if (!rc) rc = set_token(v, id, &r, c->err);
    }
    if (!rc && c->at != c->size)
        rc = gb_fail(c->err, GB_EINPUT, "%s: %zu bytes behind the model's %zu tokens: not the tokenizer of this model",
                     c->path, c->size - c->at, v->count);
    return rc;
}

/* The file does not say how many tokens it has. */
static int count_records(cursor c, size_t *count) {
    record r;
    int rc = GB_OK;
    for (*count = 0; !rc && c.at < c.size && *count < GB_MAX_VOCAB; ++*count) rc = take_record(&c, *count, &r);
    return rc;
}

int gb_tokenizer_bin_read(const char *path, const uint8_t *data, size_t size, size_t model_vocab, gb_vocab *v,
                          gb_error *err) {
    cursor c = {.path = path, .data = data, .size = size, .at = 4, .err = err};
    *v = (gb_vocab){0};
    if (size < 4) return gb_fail(err, GB_EINPUT, "%s: %zu bytes are no tokenizer", path, size);
    int rc = model_vocab ? GB_OK : count_records(c, &model_vocab);
    if (!rc) rc = gb_vocab_init(v, model_vocab, false, err);
    if (!rc) rc = read_records(&c, v);
    if (rc) {
        gb_vocab_free(v);
        return rc;
    }
    v->special[GB_SPECIAL_UNK] = 0;
    if (v->count > 1) v->special[GB_SPECIAL_BOS] = 1;
    if (v->count > 2) v->special[GB_SPECIAL_EOS] = 2;
    v->add_bos = v->count > 1;
    v->add_eos = 0;
    v->space_prefix = 1;
    return GB_OK;
}
