#include "convert/vocab.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/token_map.h"

enum { BLOCK_BYTES = 1 << 16 };

struct gb_text_block {
    gb_text_block *next;
    size_t used, size;
    char bytes[];
};

int gb_vocab_init(gb_vocab *v, size_t count, bool bpe, gb_error *err) {
    *v = (gb_vocab){.bpe = bpe, .count = count, .pre = "default", .add_bos = -1, .add_eos = -1, .space_prefix = -1};
    for (size_t i = 0; i < GB_SPECIAL_COUNT; i++) v->special[i] = -1;
    v->tokens = gb_new(count, sizeof *v->tokens, "tokens", err);
    v->scores = gb_new(count, sizeof *v->scores, "scores of tokens", err);
    v->types = gb_new(count, sizeof *v->types, "types of tokens", err);
    return v->tokens && v->scores && v->types ? GB_OK : GB_ESYSTEM;
}

void gb_vocab_free(gb_vocab *v) {
    free(v->tokens);
    free(v->scores);
    free(v->types);
    free(v->merges);
    while (v->texts) {
        gb_text_block *next = v->texts->next;
        free(v->texts);
        v->texts = next;
    }
    *v = (gb_vocab){0};
}

gb_str gb_vocab_text(gb_vocab *v, const char *data, size_t size, gb_error *err) {
    gb_text_block *b = v->texts;
    if (!b || size >= b->size - b->used) {
        const size_t wanted = size < BLOCK_BYTES ? BLOCK_BYTES : size + 1;
        b = gb_new(1, sizeof *b + wanted, "texts of a vocabulary", err);
        if (!b) return (gb_str){0};
        b->size = wanted;
        b->next = v->texts;
        v->texts = b;
    }
    char *copy = b->bytes + b->used;
    memcpy(copy, data, size); /* the block was zeroed: the terminator is there */
    b->used += size + 1;
    return (gb_str){.data = copy, .size = size};
}

int gb_vocab_set(gb_vocab *v, size_t id, const char *data, size_t size, int32_t type, float score, gb_error *err) {
    v->tokens[id] = gb_vocab_text(v, data, size, err);
    if (!v->tokens[id].data) return GB_ESYSTEM;
    v->types[id] = type;
    v->scores[id] = score;
    return GB_OK;
}

int gb_vocab_pad(gb_vocab *v, gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < v->count; i++) {
        char name[32];
        const int n = snprintf(name, sizeof name, "[PAD%zu]", i);
        if (!v->tokens[i].data) rc = gb_vocab_set(v, i, name, (size_t)n, GB_TOKEN_UNUSED, -10000.0F, err);
    }
    return rc;
}

static bool between(gb_str s, const char *begin, const char *end) {
    const size_t a = strlen(begin);
    const size_t b = strlen(end);
    return s.size >= a + b && memcmp(s.data, begin, a) == 0 && memcmp(s.data + s.size - b, end, b) == 0;
}

bool gb_vocab_looks_special(gb_str token) {
    return between(token, "<|", "|>") || between(token, "<\xEF\xBD\x9C", "\xEF\xBD\x9C>") || /* fullwidth bars */
           between(token, "<unused", ">") || gb_str_equal(token, "<pad>") || gb_str_equal(token, "<mask>");
}

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

bool gb_vocab_is_byte(gb_str token) {
    return token.size == 6 && between(token, "<0x", ">") && is_hex(token.data[3]) && is_hex(token.data[4]);
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

static int bad_merge(const char *path, size_t rank, gb_str merge, const char *why, gb_error *err) {
    char shown[GB_SHOWN];
    return gb_fail(err, GB_EINPUT, "%s: merge %zu, '%s', %s", path, rank, gb_str_show(merge, shown), why);
}

static int check_merge(const gb_vocab *v, const gb_text_map *map, gb_pair_map *pairs, size_t rank, const char *path,
                       gb_error *err) {
    const gb_str m = v->merges[rank];
    const char *space = m.size > 2 ? memchr(m.data + 1, ' ', m.size - 2) : NULL;
    char joined[1024];
    if (!space || m.size > sizeof joined) return bad_merge(path, rank, m, "is no pair of tokens", err);
    const size_t left = (size_t)(space - m.data);
    const size_t right = m.size - left - 1;
    memcpy(joined, m.data, left);
    memcpy(joined + left, space + 1, right);
    const int32_t l = gb_text_map_find(map, v->tokens, joined, left);
    const int32_t r = gb_text_map_find(map, v->tokens, joined + left, right);
    const int32_t whole = gb_text_map_find(map, v->tokens, joined, left + right);
    if (l < 0 || r < 0 || whole < 0)
        return bad_merge(path, rank, m, "has a half, or makes a whole, that is no token", err);
    if (!gb_pair_map_add(pairs, l, r, (uint32_t)rank, whole)) return bad_merge(path, rank, m, "is there twice", err);
    return GB_OK;
}

static int check_merges(const gb_vocab *v, const gb_text_map *map, const char *path, gb_error *err) {
    gb_pair_map pairs = {0};
    int rc = gb_pair_map_new(&pairs, v->merge_count, err);
    for (size_t i = 0; !rc && i < v->merge_count; i++) rc = check_merge(v, map, &pairs, i, path, err);
    gb_pair_map_free(&pairs);
    return rc;
}

int gb_vocab_check(const gb_vocab *v, const char *path, gb_error *err) {
    for (size_t i = 0; i < GB_SPECIAL_COUNT; i++)
        if (v->special[i] >= 0 && (uint64_t)v->special[i] >= v->count)
            return gb_fail(err, GB_EINPUT, "%s: a special token has the id %" PRId64 ", expected less than %zu", path,
                           v->special[i], v->count);
    gb_text_map map = {0};
    int rc = gb_text_map_new(&map, v->count, err);
    for (size_t i = 0; !rc && i < v->count; i++) {
        char shown[GB_SHOWN];
        if (!v->tokens[i].size) {
            rc = gb_fail(err, GB_EINPUT, "%s: token %zu is empty", path, i);
            continue;
        }
        const int32_t same = gb_text_map_add(&map, v->tokens, (uint32_t)i);
        if (same >= 0)
            rc = gb_fail(err, GB_EINPUT, "%s: tokens %" PRId32 " and %zu are both '%s'", path, same, i,
                         gb_str_show(v->tokens[i], shown));
    }
    if (!rc) rc = check_merges(v, &map, path, err);
    gb_text_map_free(&map);
    return rc;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static int put_specials(const gb_vocab *v, gb_gguf_writer *w, gb_error *err) {
    static const char *const names[GB_SPECIAL_COUNT] = {"bos",       "eos", "unknown",
                                                        "seperator", /* sic: the key's name */
                                                        "padding",   "cls", "mask"};
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < GB_SPECIAL_COUNT; i++) {
        char key[64];
        (void)snprintf(key, sizeof key, "tokenizer.ggml.%s_token_id", names[i]);
        if (v->special[i] >= 0) rc = gb_gguf_put_u32(w, key, (uint32_t)v->special[i], err);
    }
    const struct {
        const char *key;
        int value;
    } flags[] = {{"tokenizer.ggml.add_bos_token", v->add_bos},
                 {"tokenizer.ggml.add_eos_token", v->add_eos},
                 {"tokenizer.ggml.add_space_prefix", v->bpe ? -1 : v->space_prefix}};
    for (size_t i = 0; !rc && i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i].value >= 0) rc = gb_gguf_put_bool(w, flags[i].key, flags[i].value != 0, err);
    return rc;
}

/* One template is the key's value; several stand under their names as well, the one called "default" being the one. */
static int put_chat(const gb_vocab *v, gb_gguf_writer *w, gb_error *err) {
    gb_str names[GB_CHAT_TEMPLATES];
    size_t count = 0;
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < v->chat_count; i++) {
        const gb_chat_template *c = &v->chat[i];
        char key[128];
        if (!c->name || strcmp(c->name, "default") == 0) {
            rc = gb_gguf_put_str(w, "tokenizer.chat_template", c->text, err);
            continue;
        }
        (void)snprintf(key, sizeof key, "tokenizer.chat_template.%.64s", c->name);
        names[count++] = (gb_str){.data = c->name, .size = strlen(c->name)};
        rc = gb_gguf_put_str(w, key, c->text, err);
    }
    if (!rc && count) rc = gb_gguf_put_str_array(w, "tokenizer.chat_templates", names, count, err);
    return rc;
}

int gb_vocab_put(const gb_vocab *v, gb_gguf_writer *w, gb_error *err) {
    int rc = gb_gguf_put_str(w, "tokenizer.ggml.model", v->bpe ? "gpt2" : "llama", err);
    if (!rc) rc = gb_gguf_put_str(w, "tokenizer.ggml.pre", v->pre, err);
    if (!rc) rc = gb_gguf_put_str_array(w, "tokenizer.ggml.tokens", v->tokens, v->count, err);
    if (!rc && !v->bpe) rc = gb_gguf_put_f32_array(w, "tokenizer.ggml.scores", v->scores, v->count, err);
    if (!rc) rc = gb_gguf_put_i32_array(w, "tokenizer.ggml.token_type", v->types, v->count, err);
    if (!rc && v->bpe) rc = gb_gguf_put_str_array(w, "tokenizer.ggml.merges", v->merges, v->merge_count, err);
    if (!rc) rc = put_specials(v, w, err);
    return rc ? rc : put_chat(v, w, err);
}
