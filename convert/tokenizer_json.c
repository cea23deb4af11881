#include "convert/tokenizer_json.h"

#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/llama.h"
#include "model/token_map.h"

static const char mark[] = "\xE2\x96\x81"; /* U+2581, what a space is inside a SentencePiece vocabulary */
enum { MARK = 3 };

/* tokenizer.json while it is read. */
typedef struct reader {
    const gb_json *json;
    const cJSON *model;
    gb_vocab *v;
    gb_notes *notes;
    gb_error *err;
} reader;

static int bad(const reader *r, const char *what) {
    return gb_fail(r->err, GB_EINPUT, "%s: %s", r->json->path, what);
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

/* The id of a vocabulary entry or an added token. */
static int token_id(const reader *r, const cJSON *item, const char *token, uint64_t *id) {
    if (gb_json_whole(item, GB_MAX_VOCAB - 1, id)) return GB_OK;
    return gb_fail(r->err, GB_EINPUT, "%s: token '%.96s' has no id from 0 to %d", r->json->path, token,
                   GB_MAX_VOCAB - 1);
}

static int count_ids(const reader *r, const cJSON *vocab, const cJSON *added, size_t *count) {
    uint64_t id = 0;
    int rc = GB_OK;
    *count = 0;
    for (const cJSON *m = vocab->child; !rc && m; m = m->next) {
        rc = token_id(r, m, m->string, &id);
        if (!rc && id >= *count) *count = (size_t)id + 1;
    }
    for (const cJSON *m = added ? added->child : NULL; !rc && m; m = m->next) {
        rc = token_id(r, gb_json_find(m, "id"), "of added_tokens", &id);
        if (!rc && id >= *count) *count = (size_t)id + 1;
    }
    return rc;
}

static int take_tokens(const reader *r, const cJSON *vocab) {
    gb_vocab *v = r->v;
    int rc = GB_OK;
    for (const cJSON *m = vocab->child; !rc && m; m = m->next) {
        uint64_t id = 0;
        const gb_str token = {.data = m->string, .size = strlen(m->string)};
        rc = token_id(r, m, m->string, &id);
        if (rc || id >= v->count) continue;
        if (v->tokens[id].data)
            return gb_fail(r->err, GB_EINPUT, "%s: tokens '%.96s' and '%.96s' both have the id %llu", r->json->path,
                           v->tokens[id].data, m->string, (unsigned long long)id);
        const bool byte = !v->bpe && gb_vocab_is_byte(token);
        rc = gb_vocab_set(v, (size_t)id, token.data, token.size, byte ? GB_TOKEN_BYTE : GB_TOKEN_NORMAL, 0, r->err);
    }
    return rc;
}

int gb_vocab_add_token(gb_vocab *v, size_t id, const char *content, bool special, gb_error *err) {
    const gb_str token = {.data = content, .size = strlen(content)};
    const bool control = special || gb_vocab_looks_special(token);
    const bool same = v->tokens[id].data && gb_str_equal(v->tokens[id], content);
    if (same && v->types[id] == GB_TOKEN_UNKNOWN) return GB_OK; /* it has a type of its own already */
    char *text = malloc(token.size + 1);
    if (!text) return gb_fail(err, GB_ESYSTEM, "added token: out of memory");
    size_t n = 0;
    for (size_t i = 0; i < token.size;) { /* texts are searched for what users write: spaces, not marks */
        const bool space = !control && token.size - i >= MARK && memcmp(content + i, mark, MARK) == 0;
        text[n++] = space ? ' ' : content[i];
        i += space ? MARK : 1;
    }
    const int rc = gb_vocab_set(v, id, text, n, control ? GB_TOKEN_CONTROL : GB_TOKEN_USER, -1000.0F, err);
    free(text);
    return rc;
}

static int take_added(const reader *r, const cJSON *added) {
    int rc = GB_OK;
    for (const cJSON *m = added ? added->child : NULL; !rc && m; m = m->next) {
        uint64_t id = 0;
        const char *content = NULL;
        bool special = false;
        rc = token_id(r, gb_json_find(m, "id"), "of added_tokens", &id);
        if (!rc) rc = gb_json_get_str(r->json, m, "content", &content, r->err);
        if (!rc) rc = gb_json_get_bool(r->json, m, "special", &special, r->err);
        if (!rc && (!content || !content[0])) rc = bad(r, "an added token has no content");
        if (!rc && id < r->v->count) rc = gb_vocab_add_token(r->v, (size_t)id, content, special, r->err);
    }
    return rc;
}

/* --- merges ------------------------------------------------------------------------------------------------------- */

/* "a b" or ["a", "b"]. */
static int merge_pair(const reader *r, const cJSON *item, gb_str *left, gb_str *right) {
    const cJSON *a = item->child;
    if (cJSON_IsString(item)) {
        const char *space = item->valuestring[0] ? strchr(item->valuestring + 1, ' ') : NULL;
        if (!space) return bad(r, "a merge is not two tokens with a space between them");
        *left = (gb_str){.data = item->valuestring, .size = (size_t)(space - item->valuestring)};
        *right = (gb_str){.data = space + 1, .size = strlen(space + 1)};
    } else if (cJSON_IsArray(item) && cJSON_GetArraySize(item) == 2 && cJSON_IsString(a) && cJSON_IsString(a->next)) {
        *left = (gb_str){.data = a->valuestring, .size = strlen(a->valuestring)};
        *right = (gb_str){.data = a->next->valuestring, .size = strlen(a->next->valuestring)};
    } else {
        return bad(r, "a merge is neither a text nor two texts");
    }
    return GB_OK;
}

enum { MAX_MERGE = 1024 };

/* The merge as one text: its halves, with a space between them or without. */
static int merge_text(const reader *r, const cJSON *item, bool spaced, char text[MAX_MERGE], size_t *size) {
    gb_str left = {.data = ""};
    gb_str right = {.data = ""};
    const int rc = merge_pair(r, item, &left, &right);
    if (rc) return rc;
    *size = left.size + spaced + right.size;
    if (*size > MAX_MERGE || memchr(left.data, ' ', left.size) || memchr(right.data, ' ', right.size))
        return bad(r, "a merge of more than 1024 bytes, or of a token with a space in it");
    memcpy(text, left.data, left.size);
    if (spaced) text[left.size] = ' ';
    memcpy(text + left.size + spaced, right.data, right.size);
    return GB_OK;
}

static int take_merges(const reader *r, const cJSON *merges, size_t count) {
    gb_vocab *v = r->v;
    v->merges = gb_new(count, sizeof *v->merges, "merges", r->err);
    int rc = v->merges ? GB_OK : GB_ESYSTEM;
    for (const cJSON *m = merges->child; !rc && m; m = m->next) {
        char text[MAX_MERGE];
        size_t size = 0;
        rc = merge_text(r, m, true, text, &size);
        if (rc) break;
        const gb_str copy = gb_vocab_text(v, text, size, r->err);
        if (!copy.data) return GB_ESYSTEM;
        v->merges[v->merge_count++] = copy;
    }
    return rc;
}

static bool one_character(gb_str s) {
    size_t characters = 0;
    for (size_t i = 0; i < s.size; i++) characters += ((unsigned char)s.data[i] & 0xC0) != 0x80;
    return characters == 1;
}

/* The first merge that makes a token gives its score: later merges, lower scores. */
static int score_products(const reader *r, const cJSON *merges, const gb_text_map *map, bool *made) {
    gb_vocab *v = r->v;
    float next = 0;
    int rc = GB_OK;
    for (const cJSON *m = merges->child; !rc && m; m = m->next) {
        char joined[MAX_MERGE];
        size_t size = 0;
        rc = merge_text(r, m, false, joined, &size);
        if (rc) break;
        const int32_t id = gb_text_map_find(map, v->tokens, joined, size);
        if (id < 0) return bad(r, "a merge makes what is no token");
        if (made[id]) continue;
        made[id] = true;
        if (v->types[id] == GB_TOKEN_NORMAL) v->scores[id] = next;
        next -= 1;
    }
    return rc;
}

/* GGUF's "llama" tokenizer has scores, not merges. A token that no merge makes gets a lower one than any other. */
static int scores_from_merges(const reader *r, const cJSON *merges, size_t count) {
    gb_vocab *v = r->v;
    gb_text_map map = {0};
    bool *made = gb_new(v->count, sizeof *made, "marks of tokens", r->err);
    if (!made) return GB_ESYSTEM;
    int rc = gb_text_map_new(&map, v->count, r->err);
    for (size_t i = 0; !rc && i < v->count; i++)
        if (v->tokens[i].data) (void)gb_text_map_add(&map, v->tokens, (uint32_t)i);
    if (!rc) rc = score_products(r, merges, &map, made);
    for (size_t i = 0; !rc && i < v->count; i++)
        if (!made[i] && v->types[i] == GB_TOKEN_NORMAL) v->scores[i] = -(float)count;
    gb_text_map_free(&map);
    free(made);
    return rc;
}

static void note_unmade(const reader *r, size_t merge_count) {
    const gb_vocab *v = r->v;
    const float lowest = -(float)merge_count;
    size_t unmade = 0;
    for (size_t i = 0; i < v->count; i++)
        unmade += v->types[i] == GB_TOKEN_NORMAL && !(v->scores[i] > lowest) && !one_character(v->tokens[i]);
    if (unmade)
        gb_note(r->notes,
                "%zu tokens of several characters are made by no merge; by scores, as GGUF has them, they may appear",
                unmade);
}

/* --- the kinds ---------------------------------------------------------------------------------------------------- */

/* Does the component, or one in its sequence, have this type? */
static const cJSON *component(const cJSON *c, const char *list_name, const char *type) {
    const cJSON *t = gb_json_find(c, "type");
    if (cJSON_IsString(t) && strcmp(t->valuestring, type) == 0) return c;
    const cJSON *list = gb_json_find(c, list_name);
    for (const cJSON *m = cJSON_IsArray(list) ? list->child : NULL; m; m = m->next) {
        const cJSON *found = component(m, list_name, type);
        if (found) return found;
    }
    return NULL;
}

static int read_byte_level(const reader *r, const cJSON *pre_tokenizer, const cJSON *merges, size_t merge_count) {
    bool whole_first = false;
    bool ignore_merges = false;
    const cJSON *normalizer = gb_json_find(r->json->root, "normalizer");
    int rc = gb_pretok_recognize(r->json, pre_tokenizer, &r->v->pre, &whole_first, r->err);
    if (!rc) rc = gb_json_get_bool(r->json, r->model, "ignore_merges", &ignore_merges, r->err);
    if (rc) return rc;
    if (whole_first != ignore_merges)
        gb_note(r->notes, "ignore_merges is %s in the tokenizer, but GGUF's '%s' means %s",
                ignore_merges ? "true" : "false", r->v->pre, whole_first ? "true" : "false");
    if (component(normalizer, "normalizers", "NFC"))
        gb_note(r->notes, "the tokenizer's NFC normalization is left out: GGUF has no place for it");
    else if (normalizer)
        return bad(r, "a normalizer other than NFC is not supported with byte-level BPE");
    return take_merges(r, merges, merge_count);
}

/* Spaces become marks either in the normalizer (Replace, and Prepend for the first) or in Metaspace. */
static int read_space_prefix(const reader *r, const cJSON *pre_tokenizer) {
    const cJSON *normalizer = gb_json_find(r->json->root, "normalizer");
    const cJSON *metaspace = component(pre_tokenizer, "pretokenizers", "Metaspace");
    bool prefix = true;
    const char *scheme = NULL;
    if (!metaspace) {
        if (!component(normalizer, "normalizers", "Replace"))
            return bad(r, "neither a Replace normalizer nor Metaspace: not a known SentencePiece-type tokenizer");
        r->v->space_prefix = component(normalizer, "normalizers", "Prepend") != NULL;
        return GB_OK;
    }
    int rc = gb_json_get_bool(r->json, metaspace, "add_prefix_space", &prefix, r->err);
    if (!rc) rc = gb_json_get_str(r->json, metaspace, "prepend_scheme", &scheme, r->err);
    r->v->space_prefix = scheme ? strcmp(scheme, "never") != 0 : prefix;
    return rc;
}

static int read_unknown(const reader *r) {
    const char *unk = NULL;
    const int rc = gb_json_get_str(r->json, r->model, "unk_token", &unk, r->err);
    for (size_t i = 0; !rc && unk && i < r->v->count; i++)
        if (r->v->tokens[i].data && gb_str_equal(r->v->tokens[i], unk)) {
            if (!r->v->bpe) r->v->types[i] = GB_TOKEN_UNKNOWN;
            r->v->special[GB_SPECIAL_UNK] = (int64_t)i;
        }
    return rc;
}

static int refuse_variants(const reader *r) {
    const char *prefix = "";
    const char *suffix = "";
    int rc = gb_json_get_str(r->json, r->model, "continuing_subword_prefix", &prefix, r->err);
    if (!rc) rc = gb_json_get_str(r->json, r->model, "end_of_word_suffix", &suffix, r->err);
    if (!rc && (prefix[0] || suffix[0])) rc = bad(r, "BPE with marks inside or behind words is not supported");
    if (!rc && gb_json_find(r->model, "dropout")) rc = bad(r, "BPE with dropout is not supported");
    return rc;
}

static int read_all(const reader *r, size_t model_vocab, const cJSON *vocab, const cJSON *merges) {
    const cJSON *added = gb_json_find(r->json->root, "added_tokens");
    const cJSON *pre_tokenizer = gb_json_find(r->json->root, "pre_tokenizer");
    const bool bytes = component(pre_tokenizer, "pretokenizers", "ByteLevel") != NULL;
    bool fallback = false;
    size_t count = 0;
    int rc = gb_json_get_bool(r->json, r->model, "byte_fallback", &fallback, r->err);
    if (!rc && !bytes && !fallback)
        rc = bad(r, "BPE that is neither byte-level nor with byte_fallback is not supported");
    if (!rc && added && !cJSON_IsArray(added)) rc = bad(r, "'added_tokens' is no array");
    if (!rc) rc = refuse_variants(r);
    if (!rc) rc = count_ids(r, vocab, added, &count);
    if (!rc && !count) rc = bad(r, "the vocabulary is empty");
    if (!rc) rc = gb_vocab_init(r->v, model_vocab ? model_vocab : count, bytes, r->err);
    if (rc) return rc;
    if (count > r->v->count)
        gb_note(r->notes, "the tokenizer has ids up to %zu, the model %zu rows: the last tokens are left out",
                count - 1, r->v->count);
    const size_t merge_count = (size_t)cJSON_GetArraySize(merges);
    rc = take_tokens(r, vocab);
    if (!rc) rc = read_unknown(r);
    if (!rc) rc = bytes ? read_byte_level(r, pre_tokenizer, merges, merge_count) : read_space_prefix(r, pre_tokenizer);
    if (!rc && !bytes) rc = scores_from_merges(r, merges, merge_count);
    if (!rc) rc = take_added(r, added); /* after the merges, which know tokens by the names that the vocabulary has */
    if (!rc && !bytes) note_unmade(r, merge_count);
    return rc;
}

int gb_tokenizer_json_read(const gb_json *json, size_t model_vocab, gb_vocab *v, gb_notes *notes, gb_error *err) {
    const reader r = {.json = json, .model = gb_json_find(json->root, "model"), .v = v, .notes = notes, .err = err};
    const char *type = "absent";
    *v = (gb_vocab){0};
    int rc = gb_json_get_str(json, r.model, "type", &type, err);
    if (rc) return rc;
    const cJSON *vocab = gb_json_find(r.model, "vocab");
    const cJSON *merges = gb_json_find(r.model, "merges");
    if (strcmp(type, "BPE") != 0)
        return gb_fail(err, GB_EINPUT, "%s: the tokenizer's model is '%.32s', expected 'BPE'", json->path, type);
    if (!cJSON_IsObject(vocab) || !cJSON_IsArray(merges)) return bad(&r, "no vocabulary, or no merges");
    rc = read_all(&r, model_vocab, vocab, merges);
    if (rc) gb_vocab_free(v);
    return rc;
}
