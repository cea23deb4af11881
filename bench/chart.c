/* Bars of text: speeds of the kernels of one working set, for terminals and logs. */
#include <math.h>

#include "bench/print.h"

enum { WIDTH = 40 };

/* 10^9 weights per second; 0: not timed. */
static double speed_of(const gb_bench_result *r) {
    return r->verdict == GB_VERIFY_OK && r->ns.median > 0 ? r->work.weights / r->ns.median : 0;
}

static void print_bar(FILE *out, double share) {
    const int full = (int)lround(share * WIDTH);
    for (int i = 0; i < WIDTH; i++) fputc(i < full || (i == 0 && share > 0) ? '#' : ' ', out);
}

void gb_bench_print_chart(FILE *out, const gb_bench_report *report) {
    for (size_t p = 0; p < report->place_count; p++) {
        const gb_bench_place *place = &report->places[p];
        double best = 0;
        for (size_t i = 0; i < report->count; i++)
            if (report->results[i].place == place) best = fmax(best, speed_of(&report->results[i]));
        if (best <= 0) continue;
        fprintf(out, "\n%s: 10^9 weights per second, longer is faster\n", place->name);
        for (size_t i = 0; i < report->count; i++) {
            const gb_bench_result *r = &report->results[i];
            if (r->place != place || speed_of(r) <= 0) continue;
            fprintf(out, "%-34s |", r->kernel->name);
            print_bar(out, speed_of(r) / best);
            fprintf(out, "| %.3f\n", speed_of(r));
        }
    }
}
