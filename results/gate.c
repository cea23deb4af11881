#include "results/gate.h"

#include <math.h>
#include <string.h>

static const double all_rows = 0.95;

gb_gate_verdict gb_gate_row(const gb_gate *gate, const gb_comparison *row) {
    if (!row->shown || strcmp(row->verdict, row->kind.worse) != 0)
        return row->shown && row->kind.comparable ? GB_GATE_FASTER : GB_GATE_QUIET;
    return row->cost.low > 1 + gate->threshold ? GB_GATE_FAILED : GB_GATE_SLOWER;
}

int gb_gate_judge(const gb_results *baseline, const gb_results *now, double threshold, gb_gate *out, gb_error *err) {
    *out = (gb_gate){.threshold = threshold, .confidence = all_rows};
    gb_compare_options o = {.confidence = all_rows};
    int rc = gb_compare(baseline, now, &o, &out->rows, err);
    if (rc) return rc;
    if (out->rows.count > 1) { /* now that their number is known */
        o.confidence = out->confidence = 1 - (1 - all_rows) / (double)out->rows.count;
        gb_comparisons_free(&out->rows);
        rc = gb_compare(baseline, now, &o, &out->rows, err);
        if (rc) return rc;
    }
    for (size_t i = 0; i < out->rows.count; i++) {
        const gb_comparison *row = &out->rows.of[i];
        const gb_gate_verdict v = gb_gate_row(out, row);
        out->failed += v == GB_GATE_FAILED;
        out->slower += v == GB_GATE_SLOWER;
        out->faster += v == GB_GATE_FASTER;
        out->unjudged += row->basis == GB_BASIS_VALUES || !(row->cost.coverage >= out->confidence);
    }
    return GB_OK;
}

void gb_gate_free(gb_gate *gate) {
    gb_comparisons_free(&gate->rows);
    *gate = (gb_gate){0};
}

/* The least likely order of two sets of n has the probability 2 / C(2n, n), that of n signs 2 / 2^n. */
size_t gb_gate_sessions(size_t rows, int paired) {
    double ways = 1;
    for (size_t n = 1; n < 64; n++) {
        const double m = (double)n;
        ways *= paired ? 2 : 2 * (2 * m - 1) / m;
        if (2 / ways <= (1 - all_rows) / (double)(rows ? rows : 1)) return n;
    }
    return 64;
}
