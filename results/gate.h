/* The speed half of `gaugeblock check`: results of now against a baseline of the same machine.
 *
 * A row fails only if the interval of its slowdown lies wholly beyond the threshold. The intervals of all rows hold
 * together with 95 % (each gets 1 - 0.05 / rows, Bonferroni), so however many rows are looked at, a run without any
 * change shows one "slower" in at most 5 % of all runs. */
#ifndef GB_RESULTS_GATE_H
#define GB_RESULTS_GATE_H

#include "results/compare.h"

typedef struct gb_gate {
    gb_comparisons rows;
    double threshold;  /* 0.05: 5 % */
    double confidence; /* of each row */
    size_t failed;     /* slower by more than the threshold */
    size_t slower;     /* slower, but not shown to be beyond the threshold: reported, no failure */
    size_t faster;
    size_t unjudged; /* too few samples for the confidence, or none */
} gb_gate;

typedef enum gb_gate_verdict { GB_GATE_QUIET, GB_GATE_FASTER, GB_GATE_SLOWER, GB_GATE_FAILED } gb_gate_verdict;
gb_gate_verdict gb_gate_row(const gb_gate *gate, const gb_comparison *row);

/* GB_EINPUT: no row has a partner. Both sets must outlive the gate. */
int gb_gate_judge(const gb_results *baseline, const gb_results *now, double threshold, gb_gate *out, gb_error *err);
void gb_gate_free(gb_gate *gate);

/* The fewest sessions on each side with which that many rows can be judged: as two sets, or as pairs. */
size_t gb_gate_sessions(size_t rows, int paired);

#endif
