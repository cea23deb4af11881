/* Histories as a chart: one line per thing, medians with their intervals over time. */
#ifndef GB_REPORT_TREND_H
#define GB_REPORT_TREND_H

#include "results/history.h"

enum { GB_TREND_LINES = 12 }; /* more cannot be told apart */

/* Draws path (.svg or .png) by gnuplot. GB_EINPUT: another ending, or gnuplot is not there. */
int gb_trend_draw(const char *path, const gb_history *history, gb_error *err);

#endif
