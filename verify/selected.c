/* The rows that a cap selects: what a model run is about to use. */
#include "verify/selected.h"

#include <stdlib.h>

#include "harness/alloc.h"

int gb_verify_selected(const gb_cap *cap, size_t *rows, gb_error *err) {
    gb_kernel *kernels = gb_new(gb_kernel_count, sizeof *kernels, "selected kernels", err);
    if (!kernels) return GB_ESYSTEM;
    size_t count = 0;
    for (int f = 0; f < GB_FORMAT_COUNT; f++) {
        for (int op = 0; op < GB_OP_COUNT; op++) {
            const gb_kernel *k = gb_select((gb_format)f, (gb_op)op, cap);
            if (k) kernels[count++] = *k;
        }
    }
    *rows = count;
    if (count == 0) { /* the reference alone: it is the definition */
        free(kernels);
        return GB_OK;
    }
    gb_verify_options options = gb_verify_defaults();
    options.kernels = kernels;
    options.count = count;
    options.effort = GB_EFFORT_QUICK;
    gb_verify_report report = {0};
    int rc = gb_verify_run(&options, &report, err);
    for (size_t i = 0; i < report.rows && !rc; i++)
        if (report.results[i].verdict == GB_VERIFY_FAIL)
            rc = gb_fail(err, GB_EFINDING, "%s gives wrong bits, so nothing is timed: %s; replay: %s",
                         report.results[i].kernel->name, report.results[i].reason, report.results[i].replay);
    gb_verify_free(&report);
    free(kernels);
    return rc;
}
