/* Bit-exact verification of kernels against the reference.
 *
 * Every row of a table is run on hostile inputs (every row length, tail, alignment, stride, extreme code, special
 * scale) in buffers between inaccessible pages, twice over different poison, and compared bit for bit with
 * gb_reference(format, op): bytes equal, floats equal in bits or both NaN. All inputs follow from one seed; each case
 * is seeded by (seed, format, operation, case name), the same for every instruction set, so any case replays alone. */
#ifndef GB_VERIFY_H
#define GB_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "kernels/registry.h"

#define GB_VERIFY_SEED 42U

typedef enum gb_verdict {
    GB_VERIFY_OK,
    GB_VERIFY_FAIL,
    GB_VERIFY_SKIP, /* not in this program, or this CPU cannot run it */
} gb_verdict;

typedef enum gb_effort {
    GB_EFFORT_QUICK,      /* fewer lengths and shapes */
    GB_EFFORT_FULL,       /* the default */
    GB_EFFORT_EXHAUSTIVE, /* and the domains small enough to walk */
} gb_effort;

typedef struct gb_verify_result {
    const gb_kernel *kernel;
    gb_verdict verdict;
    char reason[512]; /* FAIL: the first failure; SKIP: why; OK: empty */
    char replay[192]; /* FAIL: the command that repeats the first failing case */
    size_t cases, failed_cases;
    size_t outputs; /* floats (for quantizers: bytes) compared */
    size_t live;    /* of them finite and not zero: fewer than half is a failure, the comparison would be vacuous */
} gb_verify_result;

/* Comparing zeros and NaNs proves nothing: a row passes only if at least half of its outputs were alive. */
static inline bool gb_verify_is_vacuous(size_t live, size_t outputs) {
    return outputs == 0 || live < outputs - live;
}

typedef struct gb_verify_options {
    const gb_kernel *kernels; /* NULL: the table */
    size_t count;
    int format, op, isa; /* gb_format, gb_op, gb_isa, or -1: all */
    uint64_t seed;
    const char *only; /* name of the one case to run, or NULL */
    gb_effort effort;
    bool slack;     /* readable bytes behind the ends of buffers: GB_CASE_SLACK */
    bool stand_ins; /* rows with a stand-in for instructions of their tier too; nobody may time or use them */
    /* After every row, if not NULL. */
    void (*progress)(void *ctx, size_t done, size_t total, const gb_verify_result *result);
    void *ctx;
} gb_verify_options;

typedef struct gb_verify_report {
    uint64_t seed;
    gb_verify_result *results; /* one per selected row, in table order */
    size_t rows, ok, fail, skip;
} gb_verify_report;

/* Everything, full effort. */
gb_verify_options gb_verify_defaults(void);

/* GB_OK if the run took place, whatever it found; GB_EINPUT if nothing matches the selection; GB_ESYSTEM without
 * memory. The report is freed by the caller with gb_verify_free, also after an error. */
int gb_verify_run(const gb_verify_options *options, gb_verify_report *report, gb_error *err);
void gb_verify_free(gb_verify_report *report);

/* One row, full effort: what bench runs before it times anything. GB_OK or GB_ESYSTEM; the verdict is in *out. */
int gb_verify_kernel(const gb_kernel *kernel, uint64_t seed, gb_verify_result *out, gb_error *err);

/* Information, never a criterion: the largest |reference dot - exact dot| / sum |terms| of a weight format over rows of
 * 256 to 4096 elements, where exact means in double from the decoded blocks. Negative if the format has no dot. */
double gb_verify_dot_error(gb_format format, uint64_t seed);

#endif
