/* Progress of long model writes: one line on standard error, only where it is a terminal. */
#ifndef GB_CLI_PROGRESS_H
#define GB_CLI_PROGRESS_H

#include "model/rows.h"

gb_progress gb_progress_line(void);
/* Clears the line. */
void gb_progress_done(void);

#endif
