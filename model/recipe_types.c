/* Names and blocks of the types that recipes and users name. */
#include <strings.h>

#include "model/recipe_rules.h"

/* Types that recipes name and that the table of formats may lack: rules, sizes and messages do not depend on it. */
static const struct {
    uint32_t number;
    gb_block_type type;
} named[] = {{T_IQ1_S, {"IQ1_S", 256, 50}}, {T_IQ1_M, {"IQ1_M", 256, 56}}};
enum { NAMED = sizeof named / sizeof named[0] };

gb_block_type gb_block_type_of(uint32_t number) {
    const gb_format f = gb_format_by_ggml_type(number);
    if (f != GB_FORMAT_COUNT && (gb_formats[f].is_weight || !gb_formats[f].is_activation))
        return (gb_block_type){gb_formats[f].NAME, gb_formats[f].block_elems, gb_formats[f].block_bytes};
    for (size_t i = 0; i < NAMED; i++)
        if (named[i].number == number) return named[i].type;
    return (gb_block_type){0};
}

uint32_t gb_block_type_by_name(const char *name) {
    const gb_format f = gb_format_by_name(name);
    if (f != GB_FORMAT_COUNT && gb_formats[f].is_weight) return gb_formats[f].ggml_type;
    for (size_t i = 0; i < NAMED; i++)
        if (strcasecmp(named[i].type.NAME, name) == 0) return named[i].number;
    return GB_NO_TYPE;
}
