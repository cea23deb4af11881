/* A word of a command line that names results: a file, or a selection from the store. */
#ifndef GB_RESULTS_SELECTION_H
#define GB_RESULTS_SELECTION_H

#include <regex.h>

#include "results/store.h"

/* For help texts. */
#define GB_SELECTION_HELP                                                                                              \
    "A selection is a file of results ('-': standard input), or, of the store: a commit (its first digits, four or\n"  \
    "more), 'last' (the newest run), 'all', or conditions joined by commas: commit=, run=, machine= (a\n"              \
    "fingerprint's first digits), kind=kernel|model|prediction|ceiling, program=gaugeblock|llama-bench, version=,\n"   \
    "since=, until= (2026-11-21, or less of it).\n"

/* Reads what `word` names into *out. store: its path, or NULL for the default; it is opened only where the word is no
 * file. GB_EINPUT if the word means nothing, or nothing is found. */
int gb_selection_read(const char *word, const char *store, gb_results *out, gb_error *err);

/* Keeps the results whose key (gb_result_key) matches a POSIX extended regular expression; NULL keeps all. GB_EINPUT:
 * not an expression, named as that of `option`. */
int gb_results_match(gb_results *all, const char *option, const char *regex, gb_error *err);

/* Keeps the results with this value of this part of the subject, or of "name" or "kind". */
void gb_results_where(gb_results *all, const char *part, const char *value);

#endif
