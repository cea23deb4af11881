#include <stdio.h>
#include <stdlib.h>

#include "harness/alloc.h"
#include "harness/trap.h"
#include "kernels/cpu.h"
#include "verify/case.h"

static gb_check_fn *const checks[GB_OP_COUNT] = {
#define GB_CHECK_OF(op) [GB_OP_##op] = gb_check_##op,
    GB_OPS(GB_CHECK_OF)
#undef GB_CHECK_OF
};

static void run_checks(void *ctx) {
    gb_check *c = ctx;
    checks[c->kernel->op](c);
}

static void set_reason(gb_verify_result *r, gb_verdict verdict, const char *reason) {
    r->verdict = verdict;
    (void)snprintf(r->reason, sizeof r->reason, "%s", reason);
}

/* A run of one case may be all zeros; a whole row may not. */
static void judge_row(const gb_check *c) {
    gb_verify_result *r = c->result;
    r->verdict = r->failed_cases ? GB_VERIFY_FAIL : GB_VERIFY_OK;
    if (r->failed_cases || c->only || !gb_verify_is_vacuous(r->live, r->outputs)) return;
    r->verdict = GB_VERIFY_FAIL;
    (void)snprintf(r->reason, sizeof r->reason,
                   "%s: vacuous: only %zu of the %zu outputs compared are finite and not zero", c->kernel->name,
                   r->live, r->outputs);
    (void)snprintf(r->replay, sizeof r->replay, "gaugeblock verify --format %s --op %s --isa %s --seed %llu",
                   gb_formats[c->kernel->format].name, gb_op_names[c->kernel->op], gb_isas[c->kernel->isa].name,
                   (unsigned long long)c->seed);
}

static void verify_row(const gb_kernel *k, const gb_verify_options *options, gb_workspace *work, gb_verify_result *r) {
    *r = (gb_verify_result){.kernel = k};
    char why[256];
    const gb_cpu_mask have = gb_cpu_features() | (options->stand_ins ? gb_cpu_stand_in() : 0);
    const char *missing = gb_isa_missing(k->isa, have, why, sizeof why);
    if (!k->fn.any || (gb_isas[k->isa].needs & ~have)) {
        set_reason(r, GB_VERIFY_SKIP, missing ? missing : "not built into this program");
        return;
    }
    gb_check c = {.kernel = k,
                  .reference = gb_reference(k->format, k->op),
                  .seed = options->seed,
                  .only = options->only,
                  .effort = options->effort,
                  .slack = options->slack ? GB_CASE_SLACK : 0,
                  .work = work,
                  .result = r};
    if (!c.reference.any) {
        set_reason(r, GB_VERIFY_FAIL, "the reference has no such operation");
        return;
    }
    /* the outer call installs the signal handlers once for all cases; a signal that reaches it is ours, not the
     * kernel's, and must not be swallowed as a verdict on the kernel */
    const int signal = gb_trap_run(run_checks, &c, NULL);
    judge_row(&c);
    if (signal) {
        r->verdict = GB_VERIFY_FAIL;
        (void)snprintf(r->reason, sizeof r->reason, "%s in the reference or the verifier, %s, case %s",
                       gb_trap_name(signal), k->name, c.name);
    }
}

gb_verify_options gb_verify_defaults(void) {
    return (gb_verify_options){.kernels = gb_kernels,
                               .count = gb_kernel_count,
                               .format = -1,
                               .op = -1,
                               .isa = -1,
                               .seed = GB_VERIFY_SEED,
                               .effort = GB_EFFORT_FULL};
}

static bool selected(const gb_verify_options *o, const gb_kernel *k) {
    return (o->format < 0 || o->format == (int)k->format) && (o->op < 0 || o->op == (int)k->op) &&
           (o->isa < 0 || o->isa == (int)k->isa);
}

static void count_verdict(gb_verify_report *report, const gb_verify_result *r) {
    report->ok += r->verdict == GB_VERIFY_OK;
    report->fail += r->verdict == GB_VERIFY_FAIL;
    report->skip += r->verdict == GB_VERIFY_SKIP;
}

int gb_verify_run(const gb_verify_options *options, gb_verify_report *report, gb_error *err) {
    *report = (gb_verify_report){.seed = options->seed};
    const gb_kernel *kernels = options->kernels ? options->kernels : gb_kernels;
    const size_t count = options->kernels ? options->count : gb_kernel_count;
    size_t total = 0;
    for (size_t i = 0; i < count; i++) total += selected(options, &kernels[i]);
    if (total == 0) return gb_fail(err, GB_EINPUT, "no kernel of the table matches the selection");
    report->results = gb_new(total, sizeof *report->results, "verify: results", err);
    if (!report->results) return GB_ESYSTEM;
    gb_workspace work;
    if (gb_workspace_new(&work, err) != GB_OK) return GB_ESYSTEM;
    size_t cases = 0;
    for (size_t i = 0; i < count; i++) {
        if (!selected(options, &kernels[i])) continue;
        gb_verify_result *r = &report->results[report->rows++];
        verify_row(&kernels[i], options, &work, r);
        count_verdict(report, r);
        cases += r->cases;
        if (options->progress) options->progress(options->ctx, report->rows, total, r);
    }
    gb_workspace_free(&work);
    if (options->only && cases == 0 && report->skip < report->rows)
        return gb_fail(err, GB_EINPUT, "no case '%s' in the %zu selected rows", options->only, report->rows);
    return GB_OK;
}

void gb_verify_free(gb_verify_report *report) {
    free(report->results);
    *report = (gb_verify_report){0};
}

int gb_verify_kernel(const gb_kernel *kernel, uint64_t seed, gb_verify_result *out, gb_error *err) {
    gb_verify_options options = gb_verify_defaults();
    options.seed = seed;
    gb_workspace work;
    if (gb_workspace_new(&work, err) != GB_OK) return GB_ESYSTEM;
    verify_row(kernel, &options, &work, out);
    gb_workspace_free(&work);
    return GB_OK;
}
