#include "report/html.h"

#include <math.h>

void gb_html_text(FILE *out, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
            break;
        }
    }
}

void gb_report_number(FILE *out, const char *format, double v) {
    if (isnan(v)) {
        fputc('-', out);
        return;
    }
    char text[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, format, v);
#pragma GCC diagnostic pop
    fputs(text, out);
}
