#include "harness/error.h"

#include <stdarg.h>
#include <stdio.h>

int gb_fail(gb_error *err, int code, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
        err->code = code;
    }
    return code;
}
