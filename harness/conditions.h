/* What spoils a measurement from outside without showing in it: the hypervisor takes the CPU away, the core changes its
 * clock. Looked at before, during and after; a result made meanwhile is marked, not corrected. */
#ifndef GB_HARNESS_CONDITIONS_H
#define GB_HARNESS_CONDITIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Where it is seen; tests put their own in its place. */
typedef struct gb_conditions_source {
    /* ns of a step in a chain of multiplications, which nothing but the core's clock can change; 0: not known */
    double (*step_ns)(void *ctx);
    /* Clock ticks of this CPU (negative: of all) that were stolen, and all, so far; false: not known. */
    bool (*stolen)(void *ctx, int cpu, uint64_t *stolen, uint64_t *total);
    void *ctx;
} gb_conditions_source;

extern const gb_conditions_source gb_conditions_system;

typedef struct gb_conditions {
    const gb_conditions_source *source;
    int cpu;
    double fastest, slowest; /* steps */
    bool steal_known;
    uint64_t stolen, total; /* at the beginning */
} gb_conditions;

/* What was found. More than this share stolen, or more than this change of the clock, is too much. */
#define GB_MOST_STOLEN 0.01
#define GB_MOST_DRIFT  0.03
typedef struct gb_disturbance {
    double drift;  /* slowest step / fastest - 1 */
    double stolen; /* share of the CPU's time; negative: not known */
    char why[192]; /* empty: nothing was noticed */
} gb_disturbance;

void gb_conditions_begin(gb_conditions *c, const gb_conditions_source *source, int cpu);
/* Every some milliseconds; takes about 0.1. */
void gb_conditions_look(gb_conditions *c);
gb_disturbance gb_conditions_end(gb_conditions *c);

#endif
