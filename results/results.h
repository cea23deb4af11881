/* Sets of records: read from files of every form that this program and llama-bench write, or taken as they are made. */
#ifndef GB_RESULTS_RESULTS_H
#define GB_RESULTS_RESULTS_H

#include <cJSON.h>
#include <stddef.h>

#include "harness/error.h"
#include "results/record.h"

typedef struct gb_result {
    cJSON *json; /* conforms to results/schema.json */
    char *text;  /* the same on one line, with every digit of the seed, which a double would round */
} gb_result;

typedef struct gb_results {
    gb_result *of;
    size_t count, room;
} gb_results;

void gb_results_free(gb_results *all);

/* Takes the JSON of one object over, whatever becomes of it. It may be a record, an object of `e2e --json`, of
 * `perplexity --json` or of llama-bench; `text` is its source if that is a record, or NULL. `where` names it in
 * messages. GB_EINPUT: none of these, or damaged; GB_ESYSTEM: no memory. */
int gb_results_take(gb_results *all, cJSON *json, const char *text, const char *where, gb_error *err);

int gb_results_add_record(gb_results *all, const gb_record *record, gb_error *err);

/* A file (or "-": standard input) of JSON values one after the other, each an object as above or an array of such: so
 * JSON lines as well. */
int gb_results_read(gb_results *all, const char *path, gb_error *err);

/* The same from memory; name stands for the file in messages. */
int gb_results_parse(gb_results *all, const char *text, size_t size, const char *name, gb_error *err);

/* Removes what `keep` refuses. */
void gb_results_filter(gb_results *all, int (*keep)(const gb_result *result, void *ctx), void *ctx);

/* Summary of a metric: value stands in for the median where there is no spread. */
typedef struct gb_measured {
    const char *unit;
    double median, low, high; /* low, high: NaN without a spread */
    size_t n;                 /* 0 without a spread */
    const cJSON *samples;     /* n numbers in the order of measurement, or NULL */
} gb_measured;

/* false if the record has no such metric. */
int gb_result_metric(const gb_result *result, const char *name, gb_measured *out);

/* n samples into x. */
void gb_measured_samples(const gb_measured *m, double *x);

/* A text of one of the record's parts ("run", "provenance", "machine", "subject", "hashes"); "" if it is not there. */
const char *gb_result_text(const gb_result *result, const char *part, const char *key);
/* The program that measured: this one, where the record names none. */
const char *gb_result_program(const gb_result *result);
/* Why what was outside spoilt the measurement; NULL: nothing did, or nobody looked. */
const char *gb_result_spoilt(const gb_result *result);
/* A text of the record itself: "kind", "name". */
const char *gb_result_own(const gb_result *result, const char *key);

#endif
