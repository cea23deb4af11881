/* The chart: generation speed (bars with their interval) and perplexity (points, right axis) of each model. */
#ifndef GB_REPORT_CHART_H
#define GB_REPORT_CHART_H

#include <stddef.h>

#include "report/collect.h"

/* Draws dir/chart.svg by gnuplot. 0: *svg is the drawing's <svg> element (caller frees). -1: note says why not. */
int gb_chart_draw(const char *dir, const gb_report_data *data, char **svg, char *note, size_t size);

#endif
