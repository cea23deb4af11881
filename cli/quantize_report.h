/* What quantize says about its plan and its result, as text or as JSON. */
#ifndef GB_CLI_QUANTIZE_REPORT_H
#define GB_CLI_QUANTIZE_REPORT_H

#include "model/quantize.h"
#include "results/record.h"

typedef struct gb_quantize_report {
    const gb_gguf *in;
    const char *out; /* NULL: nothing was written */
    const gb_quantize_options *options;
    const gb_plan_row *rows;     /* one per tensor of `in` */
    const gb_tensor_error *lost; /* one per tensor, or NULL */
    const char *impossible;      /* why a real run would stop, or NULL */
    const gb_run *run;
} gb_quantize_report;

/* On standard error: where the plan is not what the recipe's name promises. */
void gb_quantize_print_notes(const gb_quantize_report *r);
/* On standard output. */
void gb_quantize_print_plan(const gb_quantize_report *r);
void gb_quantize_print_stats(const gb_quantize_report *r);
void gb_quantize_print_summary(const gb_quantize_report *r);
int gb_quantize_print_json(const gb_quantize_report *r, gb_error *err);

#endif
