#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

static void print_step(void *ctx, gb_str tensor, uint64_t done, uint64_t total) {
    (void)ctx;
    char name[GB_SHOWN];
    fprintf(stderr, "\r\033[K%s %.0f %%", gb_str_show(tensor, name), 100.0 * (double)done / (double)total);
}

gb_progress gb_progress_line(void) {
    return (gb_progress){isatty(STDERR_FILENO) == 1 ? print_step : NULL, NULL};
}

void gb_progress_done(void) {
    if (isatty(STDERR_FILENO) == 1) fputs("\r\033[K", stderr);
}
