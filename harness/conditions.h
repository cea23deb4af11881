/* What spoils a measurement from outside without showing in it: the hypervisor or another program takes the CPU away,
 * the core changes its clock. Looked at before, during and after; a result made meanwhile is marked, not corrected. */
#ifndef GB_HARNESS_CONDITIONS_H
#define GB_HARNESS_CONDITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where it is seen; tests put their own in its place. */
typedef struct gb_conditions_source {
    /* ns of a step in a chain of multiplications, which nothing but the core's clock can change; 0: not known */
    double (*step_ns)(void *ctx);
    /* Clock ticks of this CPU (negative: of all) that were stolen, and all, so far; false: not known. */
    bool (*stolen)(void *ctx, int cpu, uint64_t *stolen, uint64_t *total);
    /* ns that this thread has waited for a CPU that others had, and ns that it waited or ran, so far; false: not known.
     * NULL: nobody looks. */
    bool (*waited)(void *ctx, uint64_t *waited, uint64_t *total);
    void *ctx;
} gb_conditions_source;

extern const gb_conditions_source gb_conditions_system;

/* A part of a total that both grow. */
typedef struct gb_conditions_share {
    bool known;
    uint64_t part, total;           /* of the stretches that are over */
    uint64_t part_then, total_then; /* when this one began */
} gb_conditions_share;

typedef struct gb_conditions {
    const gb_conditions_source *source;
    const int *cpus;         /* that are measured on */
    size_t cpu_count;        /* 0: all of the machine */
    double fastest, slowest; /* steps */
    gb_conditions_share stolen, waited;
} gb_conditions;

/* What was found. More than this share taken by one of them, or more than this change of the clock, is too much. */
#define GB_MOST_TAKEN 0.01
#define GB_MOST_DRIFT 0.03
typedef struct gb_disturbance {
    double drift;  /* slowest step / fastest - 1 */
    double stolen; /* by the hypervisor: share of the CPUs' time; negative: not known */
    double waited; /* by other programs: share of the time in which this thread was not asleep; negative: not known */
    char why[256]; /* empty: nothing was noticed */
} gb_disturbance;

/* cpus must stay where they are. */
void gb_conditions_begin(gb_conditions *c, const gb_conditions_source *source, const int *cpus, size_t cpu_count);
/* Every some milliseconds; takes about 0.1. */
void gb_conditions_look(gb_conditions *c);
/* What happens from a pause to the next resume is not looked at: measurements that take turns have conditions of their
 * own each. */
void gb_conditions_pause(gb_conditions *c);
void gb_conditions_resume(gb_conditions *c);
/* Of what is not paused. */
gb_disturbance gb_conditions_end(const gb_conditions *c);

#endif
