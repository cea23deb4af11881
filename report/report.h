/* Summary of one folder of result files: report.md, report.html and chart.svg, made from results only.
 *
 * Read, where present: verify.json, bench.jsonl, e2e.json (an array of e2e records), perplexity-<model>.json. A number
 * that no file holds is shown as "-", never as zero. The chart is drawn by gnuplot; without it the report says so. */
#ifndef GB_REPORT_H
#define GB_REPORT_H

#include "harness/error.h"

/* Writes the files into `dir`; html_path (size bytes) receives the path of report.html. */
int gb_report_write(const char *dir, char *html_path, unsigned long size, gb_error *err);

#endif
