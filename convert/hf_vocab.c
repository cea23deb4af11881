#include "convert/hf_vocab.h"

#include <stdlib.h>
#include <string.h>

#include "convert/path.h"
#include "convert/tokenizer_file.h"
#include "convert/tokenizer_json.h"
#include "harness/file.h"

enum { MAX_CONFIG = 16 << 20 };

typedef struct reader {
    const char *dir;
    const gb_json *config; /* config.json */
    gb_json tokenizer;     /* tokenizer.json, empty if there is none */
    gb_json settings;      /* tokenizer_config.json, empty if there is none */
    gb_vocab *v;
    gb_notes *notes;
    gb_error *err;
} reader;

/* A file of the directory, if it is there; else *out stays empty. */
static int open_optional(const reader *r, const char *name, size_t max, gb_json *out) {
    char path[GB_PATH_SIZE];
    *out = (gb_json){0};
    const int rc = gb_path_join(r->dir, name, path, r->err);
    if (rc || access(path, F_OK) != 0) return rc;
    return gb_json_open(path, max, out, r->err);
}

/* tokenizer.model before tokenizer.json; a tokenizer.model that is a list of ranks (as Llama 3 has it) does not count.
 */
static int find_tokenizer(const reader *r, char path[GB_PATH_SIZE]) {
    gb_tokenizer_kind kind = GB_TOKENIZER_NONE;
    int rc = gb_path_join(r->dir, "tokenizer.model", path, r->err);
    const bool has_model = !rc && access(path, F_OK) == 0;
    if (has_model) rc = gb_tokenizer_probe(path, &kind, r->err);
    if (rc || kind == GB_TOKENIZER_SPM) return rc;
    rc = gb_path_join(r->dir, "tokenizer.json", path, r->err);
    if (rc || access(path, F_OK) == 0) return rc;
    return gb_fail(r->err, GB_EINPUT,
                   has_model ? "%s: tokenizer.model is no SentencePiece model, and there is no "
                               "tokenizer.json (--tokenizer FILE names another)"
                             : "%s: neither tokenizer.model nor tokenizer.json is here (--tokenizer "
                               "FILE names another)",
                   r->dir);
}

/* --- added tokens, beside a tokenizer.model ----------------------------------------------------------------------- */

/* added_tokens.json: token -> id. */
static int take_added_file(const reader *r) {
    gb_json added = {0};
    int rc = open_optional(r, "added_tokens.json", MAX_CONFIG, &added);
    for (const cJSON *m = !rc && added.root ? added.root->child : NULL; !rc && m; m = m->next) {
        uint64_t id = 0;
        if (!gb_json_whole(m, INT32_MAX, &id) || !m->string[0])
            rc = gb_fail(r->err, GB_EINPUT, "%s: '%.96s' has no id", added.path, m->string);
        else if (id < r->v->count)
            rc = gb_vocab_add_token(r->v, (size_t)id, m->string, false, r->err);
    }
    gb_json_close(&added);
    return rc;
}

/* tokenizer_config.json: added_tokens_decoder, "id" -> content, special. */
static int take_added_settings(const reader *r) {
    const cJSON *added = gb_json_find(r->settings.root, "added_tokens_decoder");
    int rc = GB_OK;
    for (const cJSON *m = cJSON_IsObject(added) ? added->child : NULL; !rc && m; m = m->next) {
        const char *content = NULL;
        bool special = false;
        char *end = NULL;
        const unsigned long id = strtoul(m->string, &end, 10);
        rc = gb_json_get_str(&r->settings, m, "content", &content, r->err);
        if (!rc) rc = gb_json_get_bool(&r->settings, m, "special", &special, r->err);
        if (!rc && (*end || m->string[0] < '0' || m->string[0] > '9' || !content || !content[0]))
            rc = gb_fail(r->err, GB_EINPUT, "%s: added_tokens_decoder: '%.32s' is no id, or has no content",
                         r->settings.path, m->string);
        else if (!rc && id < r->v->count)
            rc = gb_vocab_add_token(r->v, (size_t)id, content, special, r->err);
    }
    return rc;
}

/* --- special ids -------------------------------------------------------------------------------------------------- */

static int64_t find_token(const gb_vocab *v, const char *content) {
    for (size_t i = 0; i < v->count; i++)
        if (v->tokens[i].data && gb_str_equal(v->tokens[i], content)) return (int64_t)i;
    return -1;
}

/* "<s>" or {"content": "<s>"}; NULL if there is none. */
static const char *token_content(const cJSON *settings, const char *name) {
    const cJSON *item = gb_json_find(settings, name);
    if (cJSON_IsObject(item)) item = gb_json_find(item, "content");
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* The special token that a template puts first or last, NULL if it is the text. */
static const char *template_end(const cJSON *single, bool first) {
    const int n = cJSON_GetArraySize(single);
    if (n < 2) return NULL;
    const cJSON *id = gb_json_find(gb_json_find(cJSON_GetArrayItem(single, first ? 0 : n - 1), "SpecialToken"), "id");
    return cJSON_IsString(id) ? id->valuestring : NULL;
}

static const cJSON *template_of(const cJSON *processor) {
    const cJSON *type = gb_json_find(processor, "type");
    if (cJSON_IsString(type) && strcmp(type->valuestring, "TemplateProcessing") == 0)
        return gb_json_find(processor, "single");
    const cJSON *list = gb_json_find(processor, "processors");
    for (const cJSON *m = cJSON_IsArray(list) ? list->child : NULL; m; m = m->next) {
        const cJSON *found = template_of(m);
        if (found) return found;
    }
    return NULL;
}

/* Does tokenizer.json put a BOS before, an EOS behind a text? */
static void take_template(const reader *r) {
    gb_vocab *v = r->v;
    const cJSON *single = template_of(gb_json_find(r->tokenizer.root, "post_processor"));
    const char *first = template_end(single, true);
    const char *last = template_end(single, false);
    if (first && v->special[GB_SPECIAL_BOS] < 0) v->special[GB_SPECIAL_BOS] = find_token(v, first);
    if (last && v->special[GB_SPECIAL_EOS] < 0) v->special[GB_SPECIAL_EOS] = find_token(v, last);
    const int64_t first_id = first ? find_token(v, first) : -1;
    const int64_t last_id = last ? find_token(v, last) : -1;
    if (first) v->add_bos = first_id >= 0 && first_id == v->special[GB_SPECIAL_BOS];
    if (last) v->add_eos = last_id >= 0 && last_id == v->special[GB_SPECIAL_EOS];
    if ((first && !v->add_bos) || (last && !v->add_eos))
        gb_note(r->notes, "the tokenizer puts special tokens around a text that are not its BOS and EOS: left out");
}

static const char *const names[GB_SPECIAL_COUNT] = {"bos", "eos", "unk", "sep", "pad", "cls", "mask"};

/* By tokenizer_config.json, then by tokenizer.json's template, then by config.json, then as the vocabulary itself says.
 */
static int take_specials(const reader *r) {
    gb_vocab *v = r->v;
    int64_t own[GB_SPECIAL_COUNT];
    int rc = GB_OK;
    memcpy(own, v->special, sizeof own);
    for (size_t i = 0; i < GB_SPECIAL_COUNT; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "%s_token", names[i]);
        const char *content = token_content(r->settings.root, key);
        v->special[i] = content ? find_token(v, content) : -1;
    }
    take_template(r);
    for (size_t i = 0; !rc && i < GB_SPECIAL_COUNT; i++) {
        char key[32];
        uint64_t id = 0;
        (void)snprintf(key, sizeof key, "%s_token_id", names[i]);
        /* some state a list of ids that end a text: GGUF has room for one, which the tokenizer names */
        if (v->special[i] < 0 && gb_json_whole(gb_json_find(r->config->root, key), v->count - 1, &id))
            v->special[i] = (int64_t)id;
        if (v->special[i] < 0) v->special[i] = own[i];
    }
    bool flag = false;
    if (gb_json_find(r->settings.root, "add_bos_token")) {
        rc = gb_json_get_bool(&r->settings, r->settings.root, "add_bos_token", &flag, r->err);
        v->add_bos = flag;
    }
    if (!rc && gb_json_find(r->settings.root, "add_eos_token")) {
        rc = gb_json_get_bool(&r->settings, r->settings.root, "add_eos_token", &flag, r->err);
        v->add_eos = flag;
    }
    if (!rc && gb_json_find(r->settings.root, "add_prefix_space")) {
        rc = gb_json_get_bool(&r->settings, r->settings.root, "add_prefix_space", &flag, r->err);
        v->space_prefix = flag;
    }
    if (v->special[GB_SPECIAL_BOS] < 0 && v->add_bos > 0) v->add_bos = 0;
    if (v->special[GB_SPECIAL_EOS] < 0 && v->add_eos > 0) v->add_eos = 0;
    return rc;
}

/* --- chat templates ----------------------------------------------------------------------------------------------- */

static int add_chat(const reader *r, const char *name, const char *text, size_t size) {
    gb_vocab *v = r->v;
    if (v->chat_count == GB_CHAT_TEMPLATES) {
        gb_note(r->notes, "more than %d chat templates: the last ones are left out", GB_CHAT_TEMPLATES);
        return GB_OK;
    }
    const gb_str copy = gb_vocab_text(v, text, size, r->err);
    const gb_str title = name ? gb_vocab_text(v, name, strlen(name), r->err) : (gb_str){0};
    if (!copy.data || (name && !title.data)) return GB_ESYSTEM;
    v->chat[v->chat_count++] = (gb_chat_template){.name = title.data, .text = copy.data};
    return GB_OK;
}

/* A text, or a list of named texts. */
static int take_chat_value(const reader *r, const cJSON *value, const char *path) {
    int rc = GB_OK;
    if (cJSON_IsString(value)) return add_chat(r, NULL, value->valuestring, strlen(value->valuestring));
    for (const cJSON *m = cJSON_IsArray(value) ? value->child : NULL; !rc && m; m = m->next) {
        const cJSON *name = gb_json_find(m, "name");
        const cJSON *text = gb_json_find(m, "template");
        if (cJSON_IsString(name) && cJSON_IsString(text))
            rc = add_chat(r, name->valuestring, text->valuestring, strlen(text->valuestring));
        else
            rc = gb_fail(r->err, GB_EINPUT, "%s: chat_template: an entry without name or template", path);
    }
    return rc;
}

static int take_chat_file(const reader *r, bool *found) {
    char path[GB_PATH_SIZE];
    gb_map map = {0};
    int rc = gb_path_join(r->dir, "chat_template.jinja", path, r->err);
    *found = !rc && access(path, F_OK) == 0;
    if (rc || !*found) return rc;
    rc = gb_map_open(path, &map, r->err);
    if (!rc && (map.size > MAX_CONFIG || (map.size && memchr(map.data, 0, map.size))))
        rc = gb_fail(r->err, GB_EINPUT, "%s: %zu bytes, expected a text of at most %d", path, map.size, MAX_CONFIG);
    if (!rc && map.size) rc = add_chat(r, NULL, (const char *)map.data, map.size);
    gb_map_close(&map);
    return rc;
}

static int take_chat(const reader *r) {
    const cJSON *value = gb_json_find(r->settings.root, "chat_template");
    bool found = false;
    if (value) return take_chat_value(r, value, r->settings.path);
    int rc = take_chat_file(r, &found);
    if (rc || found) return rc;
    gb_json file = {0};
    rc = open_optional(r, "chat_template.json", MAX_CONFIG, &file);
    if (!rc && file.root) rc = take_chat_value(r, gb_json_find(file.root, "chat_template"), file.path);
    gb_json_close(&file);
    return rc;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static int read_all(reader *r, const char *path, size_t model_vocab) {
    int rc = gb_tokenizer_file_read(path, model_vocab, r->v, &r->tokenizer, r->notes, r->err);
    if (rc) return rc;
    const bool json = r->tokenizer.root != NULL;
    if (!json) rc = open_optional(r, "tokenizer.json", (size_t)64 << 20, &r->tokenizer);
    if (!rc) rc = open_optional(r, "tokenizer_config.json", MAX_CONFIG, &r->settings);
    if (!rc && !json) rc = take_added_file(r);
    if (!rc && !json) rc = take_added_settings(r);
    if (!rc) rc = gb_vocab_pad(r->v, r->err);
    if (!rc) rc = take_specials(r);
    if (!rc) rc = take_chat(r);
    return rc ? rc : gb_vocab_check(r->v, path, r->err);
}

int gb_hf_vocab_read(const char *dir, const char *tokenizer, const gb_json *config, size_t model_vocab, gb_vocab *v,
                     gb_notes *notes, gb_error *err) {
    char path[GB_PATH_SIZE];
    reader r = {.dir = dir, .config = config, .v = v, .notes = notes, .err = err};
    *v = (gb_vocab){0};
    int rc = tokenizer ? GB_OK : find_tokenizer(&r, path);
    if (!rc) rc = read_all(&r, tokenizer ? tokenizer : path, model_vocab);
    gb_json_close(&r.tokenizer);
    gb_json_close(&r.settings);
    if (rc) gb_vocab_free(v);
    return rc;
}
