/* The roofline as an SVG: logarithmic axes, a diagonal per level of memory, a line per ISA and kind of arithmetic, a
 * dot per kernel with its name as the tooltip. Names come from the kernel table and from sanitized file names: nothing
 * has to be escaped. */
#include <math.h>
#include <stdlib.h>

#include "bench/roofline.h"
#include "harness/file.h"

enum { WIDTH = 960, HEIGHT = 600, LEFT = 70, RIGHT = 190, TOP = 40, BOTTOM = 60 };

static const char *const colours[] = {"#666666", "#1b6ca8", "#c0392b", "#1e8449", "#7d3c98", "#b9770e"};
enum { COLOURS = sizeof colours / sizeof colours[0] };

/* Powers of two that enclose all that is drawn. */
typedef struct frame {
    double x0, x1, y0, y1; /* logarithms to base 2 */
} frame;

static double place_x(const frame *f, double v) {
    return LEFT + (log2(v) - f->x0) / (f->x1 - f->x0) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const frame *f, double v) {
    return HEIGHT - BOTTOM - (log2(v) - f->y0) / (f->y1 - f->y0) * (HEIGHT - TOP - BOTTOM);
}

static bool drawn(const gb_bench_result *r) {
    return r->verdict == GB_VERIFY_OK && r->work.ops > 0 && r->ns.median > 0;
}

static void enclose(double v, double *low, double *high) {
    if (v <= 0) return;
    if (floor(log2(v)) < *low) *low = floor(log2(v));
    if (ceil(log2(v)) > *high) *high = ceil(log2(v));
}

static double peak_of(const gb_ceiling *c) {
    double peak = 0;
    for (int isa = 0; isa < GB_ISA_COUNT; isa++) {
        if (c->int8_gops[isa] > peak) peak = c->int8_gops[isa];
        if (c->float_gops[isa] > peak) peak = c->float_gops[isa];
    }
    return peak;
}

static frame make_frame(const gb_bench_report *report, const gb_topology *topology, const gb_ceiling *c) {
    frame f = {-1, 5, 1, 2};
    for (size_t i = 0; i < report->count; i++) {
        if (!drawn(&report->results[i])) continue;
        const gb_roof roof = gb_roof_of(&report->results[i], report->cold, topology, c);
        enclose(roof.intensity, &f.x0, &f.x1);
        enclose(roof.reached, &f.y0, &f.y1);
    }
    enclose(peak_of(c), &f.y0, &f.y1);
    return f;
}

static void draw_axes(FILE *out, const frame *f) {
    for (int e = (int)f->x0; e <= (int)f->x1; e++) {
        const double x = place_x(f, exp2(e));
        fprintf(out, "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' class='grid'/>\n", x, TOP, x, HEIGHT - BOTTOM);
        fprintf(out, "<text x='%.1f' y='%d' text-anchor='middle'>%g</text>\n", x, HEIGHT - BOTTOM + 18, exp2(e));
    }
    for (int e = (int)f->y0; e <= (int)f->y1; e++) {
        const double y = place_y(f, exp2(e));
        fprintf(out, "<line x1='%d' y1='%.1f' x2='%d' y2='%.1f' class='grid'/>\n", LEFT, y, WIDTH - RIGHT, y);
        fprintf(out, "<text x='%d' y='%.1f' text-anchor='end'>%g</text>\n", LEFT - 8, y + 4, exp2(e));
    }
    fprintf(out, "<text x='%d' y='%d' text-anchor='middle'>operations per byte</text>\n", (LEFT + WIDTH - RIGHT) / 2,
            HEIGHT - 18);
    fprintf(out, "<text transform='translate(18,%d) rotate(-90)' text-anchor='middle'>Gop/s, one thread</text>\n",
            (TOP + HEIGHT - BOTTOM) / 2);
}

/* Bandwidths end where the highest peak cuts them. */
static void draw_levels(FILE *out, const frame *f, const gb_ceiling *c) {
    const double top = peak_of(c) > 0 ? peak_of(c) : exp2(f->y1);
    for (int l = 0; l < GB_BENCH_LEVEL_COUNT; l++) {
        if (c->gbps[l] <= 0) continue;
        double x0 = exp2(f->x0);
        double x1 = top / c->gbps[l];
        if (x0 * c->gbps[l] < exp2(f->y0)) x0 = exp2(f->y0) / c->gbps[l];
        if (x1 > exp2(f->x1)) x1 = exp2(f->x1);
        if (x1 <= x0) continue;
        fprintf(out, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' class='level'/>\n", place_x(f, x0),
                place_y(f, x0 * c->gbps[l]), place_x(f, x1), place_y(f, x1 * c->gbps[l]));
        fprintf(out, "<text x='%.1f' y='%.1f' class='small'>%s %.0f GB/s</text>\n", place_x(f, x0) + 4,
                place_y(f, x0 * c->gbps[l]) - 6, gb_bench_level_names[l], c->gbps[l]);
    }
}

static void draw_peak(FILE *out, const frame *f, double gops, gb_isa isa, const char *kind, const char *dash) {
    if (gops <= 0 || log2(gops) < f->y0) return;
    const double y = place_y(f, gops);
    fprintf(out, "<line x1='%d' y1='%.1f' x2='%d' y2='%.1f' stroke='%s' stroke-width='1.5'%s/>\n", LEFT, y,
            WIDTH - RIGHT, y, colours[(size_t)isa % COLOURS], dash);
    fprintf(out, "<text x='%d' y='%.1f' class='small' fill='%s'>%s %s %.0f</text>\n", WIDTH - RIGHT + 6, y + 4,
            colours[(size_t)isa % COLOURS], gb_isas[isa].name, kind, gops);
}

void gb_roofline_draw(FILE *out, const gb_bench_report *report, const gb_topology *topology,
                      const gb_ceilings *ceilings) {
    const gb_ceiling *c = &ceilings->of[0];
    const frame f = make_frame(report, topology, c);
    fprintf(
        out,
        "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d %d' font-family='sans-serif' "
        "font-size='13'>\n<style>.grid{stroke:#e4e4e4}.level{stroke:#333;stroke-width:1.5}.small{font-size:11px}"
        "</style>\n<rect width='%d' height='%d' fill='white'/>\n",
        WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    fprintf(out, "<text x='%d' y='24' font-weight='bold'>Kernels under the measured ceilings</text>\n", LEFT);
    draw_axes(out, &f);
    draw_levels(out, &f, c);
    for (int isa = 0; isa < GB_ISA_COUNT; isa++) {
        draw_peak(out, &f, c->int8_gops[isa], (gb_isa)isa, "int8", "");
        draw_peak(out, &f, c->float_gops[isa], (gb_isa)isa, "float", " stroke-dasharray='6 4'");
    }
    for (size_t i = 0; i < report->count; i++) {
        const gb_bench_result *r = &report->results[i];
        if (!drawn(r)) continue;
        const gb_roof roof = gb_roof_of(r, report->cold, topology, c);
        fprintf(out,
                "<circle cx='%.1f' cy='%.1f' r='4.5' fill='%s' fill-opacity='0.75'><title>%s, %s: %.1f Gop/s, %.0f %% "
                "of the roof</title></circle>\n",
                place_x(&f, roof.intensity), place_y(&f, roof.reached), colours[(size_t)r->kernel->isa % COLOURS],
                r->kernel->name, r->place->name, roof.reached, roof.limit > 0 ? roof.reached / roof.limit * 100 : 0);
    }
    fprintf(out, "</svg>\n");
}

int gb_roofline_svg(const char *path, const gb_bench_report *report, const gb_topology *topology,
                    const gb_ceilings *ceilings, gb_error *err) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out) gb_roofline_draw(out, report, topology, ceilings);
    if (!out || fclose(out) != 0) {
        free(text);
        return gb_fail(err, GB_ESYSTEM, "%s: out of memory", path);
    }
    gb_output *file = NULL;
    int rc = gb_output_open(path, &file, err);
    if (!rc) rc = gb_output_write(file, text, size, err);
    if (!rc)
        rc = gb_output_commit(file, err);
    else
        gb_output_abort(file);
    free(text);
    return rc;
}
