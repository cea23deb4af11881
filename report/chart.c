#include "report/chart.h"

#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/file.h"

/* gnuplot reads double-quoted text; model names come from file names, so quote and backslash must not end the string.
 */
static void quoted(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++)
        if (*text != '"' && *text != '\\' && *text != '`' && *text != '\n') fputc(*text, out);
    fputc('"', out);
}

static int script(FILE *out, const char *svg_path, const gb_report_data *d) {
    size_t drawn = 0;
    fprintf(out, "set terminal svg size 900,420 font 'sans-serif,13' noenhanced background rgb 'white'\nset output ");
    quoted(out, svg_path);
    fprintf(out, "\nset style fill solid 0.85\nset boxwidth 0.5\nset border 11\nset grid y lc rgb '#d0d7de'\n"
                 "set yrange [0:*]\nset ylabel 'generation, tokens/s'\nset y2label 'perplexity (lower is better)'\n"
                 "set y2tics\nset ytics nomirror\nset xtics nomirror\nset offsets 0.5,0.5,0,0\nset key outside top "
                 "center horizontal\n"
                 "$models << EOD\n");
    double least = (double)INFINITY;
    double most = -(double)INFINITY;
    for (size_t i = 0; i < d->models; i++) {
        const gb_report_model *m = &d->model[i];
        if (isnan(m->tg) && isnan(m->ppl)) continue;
        quoted(out, m->name);
        const double low = isnan(m->tg_low) ? m->tg : m->tg_low;
        const double high = isnan(m->tg_high) ? m->tg : m->tg_high;
        fprintf(out, " %.6g %.6g %.6g %.8g\n", m->tg, low, high, m->ppl);
        least = fmin(least, m->ppl); /* NaN is skipped */
        most = fmax(most, m->ppl);
        drawn++;
    }
    fputs("EOD\n", out);
    const double margin = most > least ? 0.15 * (most - least) : 0.01 * most;
    if (least <= most) fprintf(out, "set y2range [%.8g:%.8g]\n", least - margin, most + margin);
    fprintf(out, "set datafile missing 'nan'\n"
                 "plot $models using 0:2:xtic(1) with boxes lc rgb '#2f6f9f' title 'tokens/s', "
                 "$models using 0:2:3:4 with yerrorbars lc rgb '#1b1f24' pt 0 ps 0 notitle, "
                 "$models using 0:5 axes x1y2 with points pt 7 ps 1.1 lc rgb '#c4512d' title 'perplexity'\n");
    return drawn > 0;
}

int gb_chart_draw(const char *dir, const gb_report_data *data, char **svg, char *note, size_t size) {
    char svg_path[4096];
    char script_path[4096];
    *svg = NULL;
    const int n1 = snprintf(svg_path, sizeof svg_path, "%s/chart.svg", dir);
    const int n2 = snprintf(script_path, sizeof script_path, "%s/chart.gnuplot", dir);
    if (n1 < 0 || n2 < 0 || (size_t)n1 >= sizeof svg_path || (size_t)n2 >= sizeof script_path) {
        snprintf(note, size, "No chart: the folder's path is too long.");
        return -1;
    }
    FILE *out = fopen(script_path, "w");
    if (!out) {
        snprintf(note, size, "No chart: cannot write %s.", script_path);
        return -1;
    }
    const int something = script(out, svg_path, data);
    const int failed = ferror(out);
    if (fclose(out) != 0 || failed || !something) {
        snprintf(note, size, something ? "No chart: writing %s failed." : "No chart: no model results (%s).",
                 script_path);
        return -1;
    }
    char *const args[] = {"gnuplot", script_path, NULL};
    pid_t child = 0;
    int status = 0;
    const int spawned = posix_spawnp(&child, "gnuplot", NULL, NULL, args, environ);
    if (spawned != 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        snprintf(note, size, "No chart: gnuplot is not installed or failed (its script is chart.gnuplot).");
        return -1;
    }
    gb_error err = {0};
    uint8_t *text = NULL;
    size_t length = 0;
    if (gb_read_all(svg_path, 16U << 20, &text, &length, &err) != GB_OK) {
        snprintf(note, size, "No chart: %.400s", err.text);
        return -1;
    }
    const char *begin = strstr((char *)text, "<svg"); /* without the XML prologue it can stand inside HTML */
    *svg = begin ? strdup(begin) : NULL;
    free(text);
    if (!*svg) {
        snprintf(note, size, "No chart: gnuplot wrote no drawing.");
        return -1;
    }
    return 0;
}
