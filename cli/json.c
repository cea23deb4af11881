#include <stdio.h>

#include "cli/cli.h"

int gb_print_json(cJSON *root, gb_error *err) {
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (!text) return gb_fail(err, GB_ESYSTEM, "out of memory while writing JSON");
    puts(text);
    cJSON_free(text);
    return GB_OK;
}
