/* The one record type of every result: a kernel timed by `bench`, a model measured end to end. One JSON object, printed
 * on one line; results/schema.json is its definition and results/README.md explains it.
 *
 * A record is built by calls that cannot fail one by one: running out of memory or a value that is not finite is
 * remembered, and gb_record_write() reports it. */
#ifndef GB_RESULTS_RECORD_H
#define GB_RESULTS_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/conditions.h"
#include "harness/counters.h"
#include "harness/error.h"
#include "harness/machine.h"
#include "harness/stats.h"

enum { GB_RECORD_SCHEMA = 1 };

typedef struct gb_record gb_record;

/* kind: "kernel", "model", "prediction" or "ceiling"; name: what was measured, unique within the run together with its
 * subject. */
gb_record *gb_record_new(const char *kind, const char *name, gb_error *err);
void gb_record_free(gb_record *record);

/* What was measured: format, operation, shape, threads, file, ... */
void gb_record_text(gb_record *record, const char *key, const char *value);
void gb_record_number(gb_record *record, const char *key, double value);

/* A measured quantity with its interval. samples: the single values in order of measurement, or NULL. */
void gb_record_metric(gb_record *record, const char *name, const char *unit, const gb_summary *summary,
                      const double *samples);
/* A quantity without spread: a size, a count, a derived value. */
void gb_record_value(gb_record *record, const char *name, const char *unit, double value);

/* The verdict on what was measured, in the same run: "ok", "fail" or "not applicable"; detail may be NULL. */
void gb_record_verify(gb_record *record, const char *verdict, const char *detail);

/* A result that is equal or is not: 32 hexadecimal digits of XXH3-128. */
void gb_record_hash(gb_record *record, const char *name, const char *digits);

/* Counts per `per` ("call", "token"), each a number or its reason for being absent. */
void gb_record_counters(gb_record *record, const gb_counter_set *counters, const char *per);

/* The same as an object; NULL without memory. */
cJSON *gb_counter_set_json(const gb_counter_set *counters, const char *per);

/* Whether something from outside spoilt the measurement; the same as an object, NULL without memory. */
cJSON *gb_disturbance_json(const gb_disturbance *disturbance);
void gb_record_disturbance(gb_record *record, const gb_disturbance *disturbance);

/* What all records of one run of the program share. */
typedef struct gb_run {
    char command[2048];
    char started[32]; /* UTC, ISO 8601 */
    char id[17];      /* of this run alone: records that share it were measured in turns */
    uint64_t seed;
    int cpus[64];       /* operating-system CPU numbers the threads are pinned to */
    size_t cpu_count;   /* 0: not pinned */
    char pin_note[256]; /* why pinning failed, or empty */
    char memory[256];   /* where lay what was measured, by gb_placement_text(), or empty */
    gb_machine machine;
} gb_run;

/* Fills command (shell-quoted words), started and machine; the caller fills seed, CPUs and memory. topology may be
 * NULL. */
void gb_run_begin(gb_run *run, int argc, char *const *argv, const gb_topology *topology);

/* Adds the run, the program's provenance and the machine. */
void gb_record_run(gb_record *record, const gb_run *run);

/* Writes the record as one line. */
int gb_record_write(const gb_record *record, FILE *out, gb_error *err);
/* The same as text, freed by the caller. */
int gb_record_print(const gb_record *record, char **text, gb_error *err);

#endif
