/* Records with chosen numbers, for tests of what reads them. Every function fails the running test on an error. */
#ifndef GB_TESTS_SAMPLE_H
#define GB_TESTS_SAMPLE_H

#include "results/results.h"

typedef struct sample_record {
    const char *name, *isa, *commit, *started, *run, *cpu_model, *compiler;
    const double *ns;      /* ns per call */
    const double *vs_yard; /* NULL: no yardstick */
    size_t n;
    double noise; /* recorded A/A of both */
} sample_record;

/* A kernel of format q4_K, operation dot, level l2; what is NULL gets a common value. */
void sample_add(gb_results *all, const sample_record *s);

/* Path of a file of tests/results/; valid until the next call but one. */
const char *sample_path(const char *name);

#endif
