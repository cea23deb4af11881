/* What was measured, and where: the two questions that decide whether results may be compared. */
#ifndef GB_RESULTS_IDENTITY_H
#define GB_RESULTS_IDENTITY_H

#include "results/results.h"

/* Which parts of a subject count. */
typedef struct gb_key_rule {
    const char *const *only; /* NULL: all but those that say how it was measured (calls per sample, sessions ...) */
    size_t only_count;
    const char *const *without;
    size_t without_count;
} gb_key_rule;

/* "gb_q4_K_dot_avx2 cols=1 format=q4_K ...": the name, then the subject in alphabetical order. "name" is a part like
 * the others. rule: NULL for all. malloc'ed; NULL and *err without memory. */
char *gb_result_key(const gb_result *result, const gb_key_rule *rule, gb_error *err);

/* The key without what the name says already: for people. */
char *gb_result_label(const gb_result *result, gb_error *err);

/* Value of one part of the subject, numbers as text; 0 if it is not there. */
int gb_result_subject(const gb_result *result, const char *part, char *value, size_t size);

/* Machines whose speeds may be compared have equal fingerprints: XXH3-128 over the facts in gb_fingerprint_facts,
 * absent ones as absent, memory in whole GiB. Not among them: kernel, load, and what else differs from day to day. */
extern const char *const gb_fingerprint_facts[];
extern const size_t gb_fingerprint_count;
void gb_result_fingerprint(const gb_result *result, char digits[33]);

/* "cpu_model: A here, B there; l2_bytes: ..." of the facts above; empty if none differs. */
void gb_machine_difference(const gb_result *here, const gb_result *there, char *text, size_t size);

/* Measured in turns in one run: sample i of both belong together. */
int gb_result_interleaved(const gb_result *a, const gb_result *b);

#endif
