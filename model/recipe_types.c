/* Names and blocks of the types that recipes and users name. All are in the table of formats; a number that is not gets
 * no name. */
#include "model/recipe_rules.h"

gb_block_type gb_block_type_of(uint32_t number) {
    const gb_format f = gb_format_by_ggml_type(number);
    if (f == GB_FORMAT_COUNT || (gb_formats[f].is_activation && !gb_formats[f].is_weight)) return (gb_block_type){0};
    return (gb_block_type){gb_formats[f].NAME, gb_formats[f].block_elems, gb_formats[f].block_bytes};
}

uint32_t gb_block_type_by_name(const char *name) {
    const gb_format f = gb_format_by_name(name);
    return f != GB_FORMAT_COUNT && gb_formats[f].is_weight ? gb_formats[f].ggml_type : GB_NO_TYPE;
}
