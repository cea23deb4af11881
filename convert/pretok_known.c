/* Pre-tokenizers are known by their expressions, which say more than a hash of some tokens: the same expressions cut
 * the same way, whatever the vocabulary. */
#include <stdio.h>
#include <string.h>

#include "convert/tokenizer_json.h"

enum { STEPS = 8, TEXT = 640 };

/* The steps as the file has them, one text each: "split EXPRESSION", "digits", "bytes" ... */
typedef struct steps {
    char text[STEPS][TEXT];
    size_t count;
} steps;

#define LLAMA3(digits)                                                                                                 \
    "split (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits                                         \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define UPPER "\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}"
#define LOWER "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}"
#define TEKKEN                                                                                                         \
    "split [^\\r\\n\\p{L}\\p{N}]?[" UPPER "]*[" LOWER "]+|[^\\r\\n\\p{L}\\p{N}]?[" UPPER "]+[" LOWER                   \
    "]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

static const struct known {
    const char *name;
    bool whole_first;
    const char *steps[STEPS];
} table[] = {
    {"llama-bpe", true, {LLAMA3("\\p{N}{1,3}"), "bytes"}},
    {"qwen2", false, {LLAMA3("\\p{N}"), "bytes"}},
    {"tekken", true, {TEKKEN, "bytes"}},
    {"gpt-2", false, {"words and bytes"}},
    {"smollm", false, {"digits", "words and bytes"}},
    {"deepseek-coder",
     false,
     {"split [\r\n]", "split \\s?\\p{L}+", "split \\s?\\p{P}+",
      "split [\xE4\xB8\x80-\xE9\xBE\xA5\xE0\xA0\x80-\xE4\xB8\x80\xEA\xB0\x80-\xED\x9F\xBF]+", "digits", "bytes"}},
};
enum { KNOWN = sizeof table / sizeof table[0] };

static int add(const gb_json *json, steps *s, const char *kind, const char *expression, gb_error *err) {
    if (s->count == STEPS)
        return gb_fail(err, GB_EINPUT, "%s: pre_tokenizer has more than %d steps", json->path, STEPS);
    (void)snprintf(s->text[s->count++], TEXT, "%s%s", kind, expression);
    return GB_OK;
}

/* Matches and what lies between them both become pieces: "Isolated"; or only matches stay, which is the same for
 * expressions that match everything. */
static int add_split(const gb_json *json, const cJSON *step, steps *s, gb_error *err) {
    const char *behavior = "";
    const char *expression = NULL;
    bool invert = false;
    const cJSON *pattern = gb_json_find(step, "pattern");
    int rc = gb_json_get_str(json, step, "behavior", &behavior, err);
    if (!rc) rc = gb_json_get_bool(json, step, "invert", &invert, err);
    if (!rc) rc = gb_json_get_str(json, pattern, "String", &expression, err);
    if (!rc) rc = gb_json_get_str(json, pattern, "Regex", &expression, err);
    if (rc) return rc;
    const bool isolated = strcmp(behavior, "Isolated") == 0;
    const bool matches_only = strcmp(behavior, "Removed") == 0 && invert;
    if (!expression || (!isolated && !matches_only))
        return gb_fail(err, GB_EINPUT, "%s: pre_tokenizer: a Split without expression, or with the behavior '%.32s'",
                       json->path, behavior);
    return add(json, s, "split ", expression, err);
}

static int add_bytes(const gb_json *json, const cJSON *step, steps *s, gb_error *err) {
    bool words = true; /* the library's default */
    bool space = false;
    int rc = gb_json_get_bool(json, step, "use_regex", &words, err);
    if (!rc) rc = gb_json_get_bool(json, step, "add_prefix_space", &space, err);
    if (!rc && space)
        rc = gb_fail(err, GB_EINPUT, "%s: pre_tokenizer: ByteLevel with add_prefix_space is not supported", json->path);
    return rc ? rc : add(json, s, words ? "words and bytes" : "bytes", "", err);
}

static int collect(const gb_json *json, const cJSON *step, steps *s, gb_error *err) {
    const char *type = "";
    bool single = false;
    int rc = gb_json_get_str(json, step, "type", &type, err);
    if (rc) return rc;
    if (strcmp(type, "Sequence") == 0) {
        const cJSON *list = gb_json_find(step, "pretokenizers");
        for (const cJSON *inner = cJSON_IsArray(list) ? list->child : NULL; !rc && inner; inner = inner->next)
            rc = collect(json, inner, s, err); /* as deep as the parser went */
        return rc;
    }
    if (strcmp(type, "Split") == 0) return add_split(json, step, s, err);
    if (strcmp(type, "ByteLevel") == 0) return add_bytes(json, step, s, err);
    if (strcmp(type, "Digits") == 0 && !(rc = gb_json_get_bool(json, step, "individual_digits", &single, err)))
        return add(json, s, single ? "digits" : "numbers", "", err);
    return rc ? rc : add(json, s, type, "", err);
}

static bool same(const struct known *k, const steps *s) {
    for (size_t i = 0; i < STEPS; i++) {
        const bool has = i < s->count;
        if (has != (k->steps[i] != NULL)) return false;
        if (has && strcmp(k->steps[i], s->text[i]) != 0) return false;
    }
    return true;
}

int gb_pretok_recognize(const gb_json *json, const cJSON *pre_tokenizer, const char **name, bool *whole_first,
                        gb_error *err) {
    steps s = {.count = 0};
    const int rc = collect(json, pre_tokenizer, &s, err);
    if (rc) return rc;
    for (size_t i = 0; i < KNOWN; i++)
        if (same(&table[i], &s)) {
            *name = table[i].name;
            *whole_first = table[i].whole_first;
            return GB_OK;
        }
    char names[128] = "";
    char shown[512] = "";
    for (size_t i = 0, used = 0; i < KNOWN; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", table[i].name);
    for (size_t i = 0, used = 0; i < s.count && used < sizeof shown; i++)
        used += (size_t)snprintf(shown + used, sizeof shown - used, "%s%s", i ? "; " : "", s.text[i]);
    return gb_fail(err, GB_EINPUT, "%s: the pre_tokenizer is not known; known are %s; found: %.400s", json->path, names,
                   shown);
}
