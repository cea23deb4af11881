/* Text for HTML and Markdown: escaping and the few number formats the report uses. */
#ifndef GB_REPORT_HTML_H
#define GB_REPORT_HTML_H

#include <stdio.h>

/* Writes text with & < > " escaped. */
void gb_html_text(FILE *out, const char *text);
/* A number by printf format, "-" for NaN. */
void gb_report_number(FILE *out, const char *format, double v);

#endif
