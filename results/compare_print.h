/* Comparisons as a table, as Markdown, as JSON. */
#ifndef GB_RESULTS_COMPARE_PRINT_H
#define GB_RESULTS_COMPARE_PRINT_H

#include <stdio.h>

#include "results/compare.h"

typedef enum gb_compare_form { GB_COMPARE_TABLE, GB_COMPARE_MARKDOWN, GB_COMPARE_JSON } gb_compare_form;

typedef struct gb_compare_print {
    gb_compare_form form;
    const char *name_a, *name_b; /* what the sides are called */
    double confidence;
    int only_shown; /* leave out rows without a shown difference */
} gb_compare_print;

int gb_comparisons_print(FILE *out, const gb_comparisons *c, const gb_compare_print *how, gb_error *err);

/* One comparison as an object, for JSON of others; NULL without memory. */
cJSON *gb_comparison_json(const gb_comparison *c);

/* Four significant digits. */
const char *gb_four_digits(double v, char buffer[32]);

#endif
