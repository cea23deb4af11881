#include "model/pretok.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "harness/alloc.h"
#include "model/utf8.h"

/* Unicode White_Space, spelled out: \s under PCRE2_UCP also takes U+180E, which the tokenizers do not. */
#define SPACE                                                                                                          \
    "\\x{9}-\\x{D}\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}"
#define S           "[" SPACE "]"
#define NOT_S       "[^" SPACE "]"
#define SYMBOLS     "[^" SPACE "\\p{L}\\p{N}]+"
#define TRAILING    S "+(?!" NOT_S ")" /* white space, all but its last character when a word follows */
#define CONTRACTION "'s|'t|'re|'ve|'m|'ll|'d"
#define GPT2        CONTRACTION "| ?\\p{L}+| ?\\p{N}+| ?" SYMBOLS "|" TRAILING "|" S "+"
/* Llama 3 and its relatives differ in how many digits stay together. */
#define LLAMA3(digits)                                                                                                 \
    "(?i:" CONTRACTION ")|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits "| ?" SYMBOLS "[\\r\\n]*|" S "*[\\r\\n]+|" TRAILING   \
    "|" S "+"

/* Mistral's newer tokenizers: words by case, so that "HelloWorld" is two. */
#define UPPER "\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}"
#define LOWER "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}"
#define TEKKEN                                                                                                         \
    "[^\\r\\n\\p{L}\\p{N}]?[" UPPER "]*[" LOWER "]+|[^\\r\\n\\p{L}\\p{N}]?[" UPPER "]+[" LOWER "]*|\\p{N}| ?" SYMBOLS  \
    "[\\r\\n/]*|" S "*[\\r\\n]+|" TRAILING "|" S "+"

enum { STAGES = 5 };

/* Each stage cuts every piece of the stage before into its matches and what lies between them. */
static const struct recipe {
    const char *name;
    bool whole_first, adds_bos;
    const char *stages[STAGES];
} recipes[] = {
    {"llama-bpe", true, true, {LLAMA3("\\p{N}{1,3}")}},
    {"llama3", true, true, {LLAMA3("\\p{N}{1,3}")}},
    {"llama-v3", true, true, {LLAMA3("\\p{N}{1,3}")}},
    {"qwen2", false, false, {LLAMA3("\\p{N}")}},
    {"tekken", true, true, {TEKKEN}},
    {"gpt-2", false, false, {GPT2}},
    {"mpt", false, false, {GPT2}},
    {"smollm", false, false, {"\\p{N}", GPT2}},
    {"falcon", false, false, {"[\\p{P}$+<=>^~|`]+", GPT2, "[0-9]{3}"}},
    {"deepseek-coder",
     false,
     false,
     {"[\\r\\n]", S "?\\p{L}+", S "?\\p{P}+", "[\\x{4E00}-\\x{9FA5}\\x{800}-\\x{4E00}\\x{AC00}-\\x{D7FF}]+", "\\p{N}"}},
    {"default", false, false, {"[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9]{3}"}},
};
enum { RECIPES = sizeof recipes / sizeof recipes[0] };

struct gb_pretok {
    const struct recipe *recipe;
    pcre2_code *stages[STAGES];
    size_t count;
};

static int unknown(gb_str name, gb_error *err) {
    char known[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < RECIPES && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", recipes[i].name);
    return gb_fail(err, GB_EINPUT, "tokenizer.ggml.pre is '%.*s', which is not known; known are %s",
                   (int)(name.size < 64 ? name.size : 64), name.data, known);
}

int gb_pretok_new(gb_str name, gb_pretok **out, gb_error *err) {
    *out = NULL;
    size_t i = 0;
    while (i < RECIPES && !gb_str_equal(name, recipes[i].name)) i++;
    if (i == RECIPES) return unknown(name, err);
    gb_pretok *p = gb_new(1, sizeof *p, "pre-tokenizer", err);
    if (!p) return GB_ESYSTEM;
    p->recipe = &recipes[i];
    for (; p->count < STAGES && recipes[i].stages[p->count]; p->count++) {
        int code = 0;
        PCRE2_SIZE at = 0;
        p->stages[p->count] = pcre2_compile((PCRE2_SPTR)recipes[i].stages[p->count], PCRE2_ZERO_TERMINATED,
                                            PCRE2_UTF | PCRE2_UCP, &code, &at, NULL);
        if (!p->stages[p->count]) {
            char why[128] = "";
            pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
            gb_fail(err, GB_ESYSTEM, "pre-tokenizer %s: PCRE2 rejects stage %zu at character %zu: %s", recipes[i].name,
                    p->count, (size_t)at, why);
            gb_pretok_free(p);
            return GB_ESYSTEM;
        }
        /* Without JIT (not built in, or writable code forbidden) pcre2_match interprets: slower, same matches. */
        (void)pcre2_jit_compile(p->stages[p->count], PCRE2_JIT_COMPLETE);
    }
    *out = p;
    return GB_OK;
}

void gb_pretok_free(gb_pretok *p) {
    if (!p) return;
    for (size_t i = 0; i < STAGES; i++) pcre2_code_free(p->stages[i]);
    free(p);
}

bool gb_pretok_whole_first(const gb_pretok *p) {
    return p->recipe->whole_first;
}

bool gb_pretok_adds_bos(const gb_pretok *p) {
    return p->recipe->adds_bos;
}

typedef struct splitter {
    const gb_pretok *p;
    pcre2_match_data *found[STAGES];
    gb_piece_sink *sink;
    void *ctx;
    gb_error *err;
} splitter;

/* Cuts a run of valid UTF-8 by the stages from `stage` on. A piece is matched as if it were the whole text, so that
 * look-ahead ends with it. */
static int split_valid(const splitter *s, size_t stage, const char *text, size_t size) {
    if (stage == s->p->count) return size ? s->sink(s->ctx, text, size, s->err) : GB_OK;
    size_t done = 0;
    int rc = GB_OK;
    while (!rc && done < size) {
        const int n =
            pcre2_match(s->p->stages[stage], (PCRE2_SPTR)text, size, done, PCRE2_NO_UTF_CHECK, s->found[stage], NULL);
        if (n == PCRE2_ERROR_NOMATCH) break;
        if (n < 0) {
            char why[128] = "";
            pcre2_get_error_message(n, (PCRE2_UCHAR *)why, sizeof why);
            return gb_fail(s->err, GB_ESYSTEM, "pre-tokenizer %s: PCRE2 gave up at byte %zu of a piece of %zu: %s",
                           s->p->recipe->name, done, size, why);
        }
        const PCRE2_SIZE *span = pcre2_get_ovector_pointer(s->found[stage]);
        const size_t begin = span[0];
        const size_t end = span[1]; /* > begin: no expression matches the empty text */
        if (begin > done) rc = split_valid(s, stage + 1, text + done, begin - done);
        if (!rc) rc = split_valid(s, stage + 1, text + begin, end - begin);
        done = end;
    }
    return !rc && done < size ? split_valid(s, stage + 1, text + done, size - done) : rc;
}

int gb_pretok_split(const gb_pretok *p, const char *text, size_t size, gb_piece_sink *sink, void *ctx, gb_error *err) {
    splitter s = {.p = p, .sink = sink, .ctx = ctx, .err = err};
    int rc = GB_OK;
    for (size_t i = 0; i < p->count && !rc; i++) {
        s.found[i] = pcre2_match_data_create(1, NULL);
        if (!s.found[i]) rc = gb_fail(err, GB_ESYSTEM, "pre-tokenizer %s: out of memory", p->recipe->name);
    }
    for (size_t at = 0; at < size && !rc;) {
        const size_t begin = at;
        size_t n = gb_utf8_size(text + at, size - at);
        const bool valid = n != 0;
        do {
            at += valid ? n : 1;
            n = at < size ? gb_utf8_size(text + at, size - at) : 0;
        } while (at < size && (n != 0) == valid);
        rc = valid ? split_valid(&s, 0, text + begin, at - begin) : sink(ctx, text + begin, at - begin, err);
    }
    for (size_t i = 0; i < p->count; i++) pcre2_match_data_free(s.found[i]);
    return rc;
}
