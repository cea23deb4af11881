#include "results/selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "results/identity.h"

/* --- words ----------------------------------------------------------------------------------------------------------
 */

static int is_commit(const char *word) {
    const size_t n = strlen(word);
    return n >= 4 && n <= 40 && strspn(word, "0123456789abcdef") == n;
}

static const char **field(gb_query *q, const char *name, size_t size) {
    const struct {
        const char *name;
        const char **value;
    } fields[] = {{"commit", &q->commit},   {"run", &q->run},         {"machine", &q->machine}, {"kind", &q->kind},
                  {"program", &q->program}, {"version", &q->version}, {"since", &q->since},     {"until", &q->until}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strlen(fields[i].name) == size && strncmp(fields[i].name, name, size) == 0) return fields[i].value;
    return NULL;
}

/* "commit=abc,kind=model": cuts `text` into the values of the query. */
static int parse_conditions(char *text, const char *word, gb_query *q, gb_error *err) {
    char *rest = text;
    for (char *part; (part = strsep(&rest, ",")) != NULL;) {
        char *equals = strchr(part, '=');
        const char **value = equals ? field(q, part, (size_t)(equals - part)) : NULL;
        if (!value)
            return gb_fail(err, GB_EINPUT,
                           "'%s': unknown condition '%s'; expected commit=, run=, machine=, kind=, program=, version=, "
                           "since= or until=",
                           word, part);
        if (*value) return gb_fail(err, GB_EINPUT, "'%s': one condition is given twice: '%s'", word, part);
        *value = equals + 1;
    }
    return GB_OK;
}

static int parse_word(char *text, const char *word, gb_query *q, gb_error *err) {
    if (strcmp(word, "all") == 0) return GB_OK;
    if (strcmp(word, "last") == 0)
        q->run = text;
    else if (strchr(word, '='))
        return parse_conditions(text, word, q, err);
    else if (is_commit(word))
        q->commit = text;
    else
        return gb_fail(err, GB_EINPUT,
                       "'%s': no such file, and no selection from the store (a commit, 'last', 'all', or "
                       "commit=, run=, since= ...)",
                       word);
    return GB_OK;
}

int gb_selection_read(const char *word, const char *store, gb_results *out, gb_error *err) {
    if (strcmp(word, "-") == 0 || access(word, F_OK) == 0) return gb_results_read(out, word, err);
    gb_query query = {0};
    gb_store *s = NULL;
    const size_t before = out->count;
    char *text = strdup(word);
    int rc = text ? parse_word(text, word, &query, err) : gb_fail(err, GB_ESYSTEM, "out of memory");
    if (!rc) rc = gb_store_open(store, GB_STORE_READ, &s, err);
    if (!rc) rc = gb_store_select(s, &query, out, err);
    if (!rc && out->count == before)
        rc = gb_fail(err, GB_EINPUT, "'%s': %s holds no such results", word, gb_store_path(s));
    gb_store_close(s);
    free(text);
    return rc;
}

/* --- filters --------------------------------------------------------------------------------------------------------
 */

static int matches(const gb_result *r, void *ctx) {
    char *key = gb_result_key(r, NULL, NULL);
    const int found = key && regexec(ctx, key, 0, NULL, 0) == 0;
    free(key);
    return found;
}

int gb_results_match(gb_results *all, const char *option, const char *regex, gb_error *err) {
    regex_t pattern;
    if (!regex) return GB_OK;
    const int code = regcomp(&pattern, regex, REG_EXTENDED | REG_NOSUB);
    if (code) {
        char why[256];
        (void)regerror(code, &pattern, why, sizeof why);
        return gb_fail(err, GB_EINPUT, "%s '%s': not a regular expression: %s", option, regex, why);
    }
    gb_results_filter(all, matches, &pattern);
    regfree(&pattern);
    return GB_OK;
}

typedef struct condition {
    const char *part, *value;
} condition;

static int holds(const gb_result *r, void *ctx) {
    const condition *c = ctx;
    char value[512] = "";
    if (strcmp(c->part, "name") == 0 || strcmp(c->part, "kind") == 0)
        return strcmp(gb_result_own(r, c->part), c->value) == 0;
    return gb_result_subject(r, c->part, value, sizeof value) && strcmp(value, c->value) == 0;
}

void gb_results_where(gb_results *all, const char *part, const char *value) {
    condition c = {part, value};
    gb_results_filter(all, holds, &c);
}
