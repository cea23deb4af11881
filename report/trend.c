#include "report/trend.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/child.h"

/* gnuplot reads double-quoted text: nothing may end the string or be run by it. */
static void quoted(FILE *out, const char *text) {
    fputc('"', out);
    for (; *text; text++)
        if (!strchr("\"\\`\n", *text)) fputc(*text, out);
    fputc('"', out);
}

static void write_data(FILE *out, const gb_trend *t, size_t number) {
    fprintf(out, "$trend%zu << EOD\n", number);
    for (size_t i = 0; i < t->count; i++) {
        const gb_measured *m = &t->point[i].value;
        const double low = isfinite(m->low) ? m->low : m->median;
        const double high = isfinite(m->high) ? m->high : m->median;
        char day[32];
        (void)snprintf(day, sizeof day, "%.19s", gb_result_text(t->point[i].result, "run", "started"));
        if (strspn(day, "0123456789-:TZ ") != strlen(day) || !day[0])
            continue; /* a date that is none cannot be placed */
        fprintf(out, "%s %.9g %.9g %.9g\n", day, m->median, low, high);
    }
    fputs("EOD\n", out);
}

static void write_script(FILE *out, const char *path, const gb_history *h) {
    const size_t lines = h->count < GB_TREND_LINES ? h->count : GB_TREND_LINES;
    const bool svg = strcmp(path + strlen(path) - 4, ".svg") == 0;
    fprintf(out, "set terminal %s size 1000,520 %s noenhanced background rgb 'white'\nset output ", svg ? "svg" : "png",
            svg ? "font 'sans-serif,12'" : "");
    quoted(out, path);
    fputs("\nset xdata time\nset timefmt '%Y-%m-%dT%H:%M:%S'\nset format x \"%Y-%m-%d %H:%M\"\nset border 3\n"
          "set xtics rotate by -30 nomirror font ',9'\nset grid y lc rgb '#d0d7de'\nset ytics nomirror\n"
          "set key tmargin left Left reverse vertical maxcols 1\nset yrange [0:*]\nset offsets graph "
          "0.03,0.03,0,0\nset ylabel ",
          out);
    quoted(out, h->trend[0].point[0].value.unit);
    fputc('\n', out);
    for (size_t i = 0; i < lines; i++) write_data(out, &h->trend[i], i);
    fputs("plot", out);
    for (size_t i = 0; i < lines; i++) {
        fprintf(out, "%s $trend%zu using 1:2:3:4 with yerrorlines lt %zu pt 7 ps 0.6 title ", i ? "," : "", i, i + 1);
        char *label = gb_result_label(h->trend[i].point[0].result, NULL);
        quoted(out, label ? label : h->trend[i].key);
        free(label);
    }
    fputc('\n', out);
}

static int run_gnuplot(char *script, gb_error *err) {
    char *const argv[] = {(char *)"gnuplot", script, NULL};
    char *text = NULL;
    size_t size = 0;
    int status = 0;
    gb_error why = {0};
    const int rc = gb_child_output(argv, 1 << 20, &text, &size, &status, &why);
    free(text);
    if (rc) return gb_fail(err, GB_EINPUT, "no chart: gnuplot is not installed (%s)", why.text);
    return status ? gb_fail(err, GB_ESYSTEM, "no chart: gnuplot ended with status %d", status) : GB_OK;
}

int gb_trend_draw(const char *path, const gb_history *history, gb_error *err) {
    const size_t n = strlen(path);
    char script[] = "/tmp/gaugeblock-XXXXXX";
    if (n < 5 || (strcmp(path + n - 4, ".svg") != 0 && strcmp(path + n - 4, ".png") != 0))
        return gb_fail(err, GB_EINPUT, "%s: expected a name that ends in .svg or .png", path);
    const int fd = mkstemp(script);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out) {
        if (fd >= 0) (void)close(fd);
        return gb_fail(err, GB_ESYSTEM, "%s: cannot be written", script);
    }
    write_script(out, path, history);
    const int failed = ferror(out);
    int rc = fclose(out) != 0 || failed ? gb_fail(err, GB_ESYSTEM, "%s: writing failed", script) : GB_OK;
    if (!rc) rc = run_gnuplot(script, err);
    (void)unlink(script);
    return rc;
}
