#include "bench/models.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "harness/file.h"

enum { MOST = 1 << 24, MOST_TEXT = 1 << 16, LINE = 128 };

static const struct {
    const char *name, *text;
} builtin[] = {
#define GB_SHAPE(name, text) {name, text},
#include "gb_shapes.h"
#undef GB_SHAPE
};
enum { BUILTIN = sizeof builtin / sizeof builtin[0] };

static const struct {
    const char *name;
    size_t at;
} fact_of[] = {
#define GB_MODEL_FACT_ROW(fact, meaning) {#fact, offsetof(gb_model_facts, fact)},
    GB_MODEL_FACTS(GB_MODEL_FACT_ROW)
#undef GB_MODEL_FACT_ROW
};
enum { FACTS = sizeof fact_of / sizeof fact_of[0] };

const char *gb_model_name(size_t index) {
    return index < BUILTIN ? builtin[index].name : NULL;
}

static size_t *fact_in(gb_model_facts *facts, size_t i) {
    return (size_t *)(void *)((char *)facts + fact_of[i].at);
}

/* One line without its end and comment. */
static int parse_line(char *line, const char *origin, size_t number, gb_model_facts *facts, gb_error *err) {
    char name[LINE];
    char rest[LINE];
    long long value = 0;
    line[strcspn(line, "#")] = 0;
    if (line[strspn(line, " \t\r")] == 0) return GB_OK;
    if (sscanf(line, "%127s %lld %127s", name, &value, rest) != 2)
        return gb_fail(err, GB_EINPUT, "%s:%zu: '%s': expected a fact and its number", origin, number, line);
    size_t i = 0;
    while (i < FACTS && strcmp(fact_of[i].name, name) != 0) i++;
    if (i == FACTS) return gb_fail(err, GB_EINPUT, "%s:%zu: unknown fact '%s'", origin, number, name);
    if (value < 1 || value > MOST)
        return gb_fail(err, GB_EINPUT, "%s:%zu: %s is %lld: expected a number from 1 to %d", origin, number, name,
                       value, (int)MOST);
    if (*fact_in(facts, i)) return gb_fail(err, GB_EINPUT, "%s:%zu: a second '%s'", origin, number, name);
    *fact_in(facts, i) = (size_t)value;
    return GB_OK;
}

static void take_name(gb_model_facts *facts, const char *origin) {
    const char *slash = strrchr(origin, '/');
    const char *base = slash ? slash + 1 : origin;
    size_t n = strlen(base);
    if (n > 4 && strcmp(base + n - 4, ".txt") == 0) n -= 4;
    (void)snprintf(facts->name, sizeof facts->name, "%.*s", (int)n, base);
    /* names end up in CSV and in keys of results */
    for (char *c = facts->name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-') *c = '_';
}

int gb_model_facts_parse(const char *text, const char *origin, gb_model_facts *facts, gb_error *err) {
    *facts = (gb_model_facts){0};
    take_name(facts, origin);
    size_t number = 0;
    for (const char *at = text; *at;) {
        const size_t n = strcspn(at, "\n");
        char line[LINE];
        number++;
        if (n >= sizeof line)
            return gb_fail(err, GB_EINPUT, "%s:%zu: a line of %zu bytes: at most %zu", origin, number, n,
                           sizeof line - 1);
        memcpy(line, at, n);
        line[n] = 0;
        const int rc = parse_line(line, origin, number, facts, err);
        if (rc) return rc;
        at += n + (at[n] == '\n');
    }
    for (size_t i = 0; i < FACTS; i++)
        if (!*fact_in(facts, i)) return gb_fail(err, GB_EINPUT, "%s: no line '%s'", origin, fact_of[i].name);
    return GB_OK;
}

static int refuse_name(const char *word, gb_error *err) {
    char names[512] = "";
    for (size_t i = 0; i < BUILTIN; i++) {
        const size_t n = strlen(names);
        (void)snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "", builtin[i].name);
    }
    return gb_fail(err, GB_EINPUT, "--shape '%s': expected a file, or one of %s", word, names);
}

int gb_model_facts_find(const char *word, gb_model_facts *facts, gb_error *err) {
    for (size_t i = 0; i < BUILTIN; i++)
        if (strcasecmp(builtin[i].name, word) == 0)
            return gb_model_facts_parse(builtin[i].text, builtin[i].name, facts, err);
    if (access(word, F_OK) != 0) return refuse_name(word, err);
    uint8_t *text = NULL;
    size_t size = 0;
    int rc = gb_read_all(word, MOST_TEXT, &text, &size, err);
    if (!rc && memchr(text, 0, size)) rc = gb_fail(err, GB_EINPUT, "%s: not a text file", word);
    if (!rc) rc = gb_model_facts_parse((const char *)text, word, facts, err);
    free(text);
    return rc;
}

/* The same matrix for bench, or an earlier one of its shape with one more name. */
static void add_place(const gb_model_facts *m, const char *name, size_t n, size_t rows, gb_bench_place *out,
                      size_t *count) {
    size_t i = 0;
    while (i < *count && (out[i].n != n || out[i].rows != rows)) i++;
    const size_t used = i < *count ? strlen(out[i].name) : 0;
    if (i == *count) out[(*count)++] = (gb_bench_place){.n = n, .rows = rows};
    if (used)
        (void)snprintf(out[i].name + used, sizeof out[i].name - used, "+%s", name);
    else
        (void)snprintf(out[i].name, sizeof out[i].name, "%s:%s", m->name, name);
}

size_t gb_model_places(const gb_model_facts *m, const char *matrix, gb_bench_place out[GB_MODEL_MATRICES]) {
    const struct {
        const char *name;
        size_t n, rows;
    } all[GB_MODEL_MATRICES] = {{"attn_q", m->embd, m->heads * m->head_dim},
                                {"attn_k", m->embd, m->kv_heads * m->head_dim},
                                {"attn_v", m->embd, m->kv_heads * m->head_dim},
                                {"attn_output", m->heads * m->head_dim, m->embd},
                                {"ffn_gate", m->embd, m->ffn},
                                {"ffn_up", m->embd, m->ffn},
                                {"ffn_down", m->ffn, m->embd},
                                {"output", m->embd, m->vocab}};
    size_t count = 0;
    for (size_t i = 0; i < GB_MODEL_MATRICES; i++)
        if (!matrix || strcmp(matrix, all[i].name) == 0) add_place(m, all[i].name, all[i].n, all[i].rows, out, &count);
    return count;
}

int gb_model_places_of(const char *word, gb_bench_place out[GB_MODEL_MATRICES], size_t *count, gb_error *err) {
    char name[4096];
    const char *colon = strrchr(word, ':');
    const size_t n = colon ? (size_t)(colon - word) : strlen(word);
    if (n >= sizeof name) return gb_fail(err, GB_EINPUT, "--shape: a name of %zu bytes", n);
    memcpy(name, word, n);
    name[n] = 0;
    gb_model_facts facts;
    const int rc = gb_model_facts_find(name, &facts, err);
    if (rc) return rc;
    *count = gb_model_places(&facts, colon ? colon + 1 : NULL, out);
    if (*count) return GB_OK;
    return gb_fail(err, GB_EINPUT,
                   "--shape '%s': no matrix '%s': expected attn_q, attn_k, attn_v, attn_output, ffn_gate, ffn_up, "
                   "ffn_down or output",
                   word, colon + 1);
}
