/* Types of the user's choice: REGEX=TYPE. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "model/recipe_rules.h"

typedef struct override {
    pcre2_code *expression;
    uint32_t type;
} override;

struct gb_overrides {
    override *items;
    size_t count;
    pcre2_match_data *match;
};

/* An expression that backtracks without end is refused, not waited for. */
enum { MATCH_LIMIT = 1000000, WHY = 128 };

static int compile(const char *text, size_t size, pcre2_code **out, gb_error *err) {
    int code = 0;
    PCRE2_SIZE at = 0;
    *out = pcre2_compile((PCRE2_SPTR)text, size, PCRE2_CASELESS, &code, &at, NULL);
    if (*out) return GB_OK;
    char why[WHY] = "";
    pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
    return gb_fail(err, GB_EINPUT, "'%s': the expression is wrong at character %zu: %s", text, (size_t)at, why);
}

static int append(gb_overrides *list, override item, gb_error *err) {
    override *grown = realloc(list->items, (list->count + 1) * sizeof *grown);
    if (!grown) return gb_fail(err, GB_ESYSTEM, "out of memory for types by name");
    list->items = grown;
    list->items[list->count++] = item;
    return GB_OK;
}

int gb_overrides_add(gb_overrides **list, const char *text, gb_error *err) {
    const char *equals = strrchr(text, '='); /* the last: an expression may hold others, a type cannot */
    if (!equals || equals == text || !equals[1])
        return gb_fail(err, GB_EINPUT, "'%s': expected REGEX=TYPE, as in 'ffn_down=Q6_K'", text);
    override item = {.type = gb_block_type_by_name(equals + 1)};
    if (item.type == GB_NO_TYPE) return gb_fail(err, GB_EINPUT, "'%s': unknown type '%s'", text, equals + 1);
    int rc = compile(text, (size_t)(equals - text), &item.expression, err);
    if (rc) return rc;
    if (!*list) *list = gb_new(1, sizeof **list, "types by name", err);
    if (*list && !(*list)->match) (*list)->match = pcre2_match_data_create(1, NULL);
    rc = *list && (*list)->match ? append(*list, item, err)
                                 : gb_fail(err, GB_ESYSTEM, "out of memory for types by name");
    if (rc) pcre2_code_free(item.expression);
    return rc;
}

void gb_overrides_free(gb_overrides *list) {
    if (!list) return;
    for (size_t i = 0; i < list->count; i++) pcre2_code_free(list->items[i].expression);
    pcre2_match_data_free(list->match);
    free(list->items);
    free(list);
}

int gb_overrides_match(const gb_overrides *list, gb_str name, uint32_t *type, gb_error *err) {
    *type = GB_NO_TYPE;
    if (!list) return GB_OK;
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    if (!context) return gb_fail(err, GB_ESYSTEM, "out of memory for types by name");
    pcre2_set_match_limit(context, MATCH_LIMIT);
    int rc = GB_OK;
    for (size_t i = 0; !rc && *type == GB_NO_TYPE && i < list->count; i++) {
        const int found =
            pcre2_match(list->items[i].expression, (PCRE2_SPTR)name.data, name.size, 0, 0, list->match, context);
        if (found >= 0) {
            *type = list->items[i].type;
        } else if (found != PCRE2_ERROR_NOMATCH) {
            char why[WHY] = "";
            char shown[GB_SHOWN];
            pcre2_get_error_message(found, (PCRE2_UCHAR *)why, sizeof why);
            rc = gb_fail(err, GB_EINPUT, "expression %zu cannot be searched in tensor name '%s': %s", i + 1,
                         gb_str_show(name, shown), why);
        }
    }
    pcre2_match_context_free(context);
    return rc;
}
