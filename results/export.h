/* Results in the forms of other tools. */
#ifndef GB_RESULTS_EXPORT_H
#define GB_RESULTS_EXPORT_H

#include <stdio.h>

#include "results/results.h"

/* X(name, function, what it is) */
#define GB_EXPORTS(X)                                                                                                  \
    X("jsonl", gb_export_jsonl, "records, one per line (results/schema.json)")                                         \
    X("csv", gb_export_csv, "a line per record and metric")                                                            \
    X("llama-bench-json", gb_export_llama_json, "model results as llama-bench -o json prints them")                    \
    X("llama-bench-jsonl", gb_export_llama_jsonl, "... as -o jsonl")                                                   \
    X("llama-bench-csv", gb_export_llama_csv, "... as -o csv")                                                         \
    X("llama-bench-sql", gb_export_llama_sql, "... as -o sql")                                                         \
    X("bencher", gb_export_bencher, "Bencher Metric Format (JSON)")                                                    \
    X("github-smaller", gb_export_github_smaller, "github-action-benchmark, customSmallerIsBetter: times, sizes")      \
    X("github-bigger", gb_export_github_bigger, "github-action-benchmark, customBiggerIsBetter: speeds")

typedef struct gb_export_options {
    const char *metric; /* bencher, github-*: only this one; NULL: what each record is about */
} gb_export_options;

/* *left_out: results that the form has no place for. */
typedef int gb_export_fn(FILE *out, const gb_results *all, const gb_export_options *o, size_t *left_out, gb_error *err);

#define GB_EXPORT_PROTOTYPE(name, function, what) gb_export_fn function;
GB_EXPORTS(GB_EXPORT_PROTOTYPE)
#undef GB_EXPORT_PROTOTYPE

/* NULL: no such form. */
gb_export_fn *gb_export_by_name(const char *name);

/* The text as a CSV field: quoted where it has to be. */
void gb_print_csv_field(FILE *out, const char *text);

#endif
