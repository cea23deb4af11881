/* `e2e --predict`: speeds of models that were not run, for people and as records. */
#ifndef GB_CLI_E2E_FORECAST_H
#define GB_CLI_E2E_FORECAST_H

#include "cli/e2e_report.h"

/* What r->predicted says of each cell; nothing else of a cell is looked at but its model and threads. */
int gb_e2e_show_forecasts(const gb_e2e_outcome *r, gb_error *err);

#endif
