/* Markdown and HTML pages from the collected data: one table of models, one chart, a table of kernels. */
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/alloc.h"
#include "harness/file.h"
#include "report/chart.h"
#include "report/collect.h"
#include "report/html.h"

static const char *const columns[] = {"model",      "file MB",        "bits/weight", "load ms",    "TTFT ms",
                                      "prompt t/s", "generation t/s", "peak MB",     "perplexity", "logits hash"};
enum { COLUMNS = sizeof columns / sizeof columns[0], NUMBER_COLUMNS = 8 };

/* One cell of the model table; the same text for Markdown and HTML (plain ASCII, nothing to escape but the name). */
static void cell(FILE *out, const gb_report_model *m, int column) {
    switch (column) {
    case 0:
        fprintf(out, "%s%s", m->name, m->spoilt ? " (unreliable)" : "");
        break;
    case 1:
        gb_report_number(out, "%.2f", m->bytes / 1e6);
        break;
    case 2:
        gb_report_number(out, "%.3f", m->bits_per_weight);
        break;
    case 3:
        gb_report_number(out, "%.1f", m->load_ms);
        break;
    case 4:
        gb_report_number(out, "%.1f", m->ttft_ms);
        break;
    case 5:
        gb_report_number(out, "%.0f", m->pp);
        if (!isnan(m->pp_low)) fprintf(out, " [%.0f, %.0f]", m->pp_low, m->pp_high);
        break;
    case 6:
        gb_report_number(out, "%.0f", m->tg);
        if (!isnan(m->tg_low)) fprintf(out, " [%.0f, %.0f]", m->tg_low, m->tg_high);
        break;
    case 7:
        gb_report_number(out, "%.1f", m->peak_rss_bytes / 1e6);
        break;
    case 8:
        gb_report_number(out, "%.4f", m->ppl);
        if (!isnan(m->ppl_stderr)) fprintf(out, " +/- %.4f", m->ppl_stderr);
        break;
    default:
        fprintf(out, "%.12s", m->hash[0] ? m->hash : "-");
        break;
    }
}

static void notes(FILE *out, const gb_report_data *d, const char *begin, const char *end) {
    fprintf(out, "%s", begin);
    if (d->have_verify)
        fprintf(out, "Verified before timing: %.0f kernels, %.0f ok, %.0f failed, %.0f not runnable here (seed %.0f).",
                d->verify_rows, d->verify_ok, d->verify_fail, d->verify_skip, d->verify_seed);
    else
        fputs("No verify.json in this folder: the kernels behind these numbers are not shown to be verified.", out);
    fprintf(out, "%s%s", end, begin);
    fputs(
        "Speeds are medians, in brackets with their 95 % interval, or with the least and the most of fewer than six "
        "repetitions; perplexity by llama-perplexity's protocol with its "
        "standard error; "
        "the logits hash covers every scored logit and is the same on any CPU, thread count, batch size and compiler.",
        out);
    if (d->left_out)
        fprintf(out, " %zu results are left out: a report has room for %d models and %d kernels.", d->left_out,
                GB_REPORT_MODELS, GB_REPORT_KERNELS);
    fprintf(out, "%s", end);
}

static void markdown(FILE *out, const gb_report_data *d, const char *chart_note) {
    fprintf(out, "# gaugeblock report\n\n%s\n\n%s\n\n", d->machine, d->program);
    for (int c = 0; c < COLUMNS; c++) fprintf(out, "| %s ", columns[c]);
    fputs("|\n", out);
    for (int c = 0; c < COLUMNS; c++) fputs(c == 0 || c > NUMBER_COLUMNS ? "|---" : "|---:", out);
    fputs("|\n", out);
    for (size_t i = 0; i < d->models; i++) {
        for (int c = 0; c < COLUMNS; c++) {
            fputs("| ", out);
            cell(out, &d->model[i], c);
            fputc(' ', out);
        }
        fputs("|\n", out);
    }
    fputc('\n', out);
    if (chart_note)
        fprintf(out, "%s\n\n", chart_note);
    else
        fputs("![Generation speed and perplexity](chart.svg)\n\n", out);
    notes(out, d, "", "\n\n");
    if (d->kernels) {
        fputs("| kernel | ns per weight | GB/s |\n|---|---:|---:|\n", out);
        for (size_t i = 0; i < d->kernels; i++) {
            fprintf(out, "| %s | ", d->kernel[i].name);
            gb_report_number(out, "%.4f", d->kernel[i].ns_per_weight);
            fputs(" | ", out);
            gb_report_number(out, "%.2f", d->kernel[i].gbps);
            fputs(" |\n", out);
        }
    }
}

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;color:#1b1f24;background:#fff;max-width:72rem;margin:2rem auto;padding:0 "
    "1rem}"
    "h1{font-weight:600;font-size:1.7rem;margin:0 0 .3rem}p{max-width:60rem}.facts{color:#57606a;margin:0 0 1.2rem}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}"
    "th,td{padding:.35rem .7rem;border-bottom:1px solid #d0d7de;text-align:right;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}th{font-weight:600;background:#f6f8fa}"
    "td.hash{font-family:ui-monospace,monospace;font-size:.85em}figure{margin:1.5rem 0}svg{max-width:100%;height:auto}"
    "summary{cursor:pointer;font-weight:600}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th{background:#161b22}th,td{border-color:#"
    "30363d}"
    ".facts{color:#8b949e}figure{background:#fff;padding:.5rem}}";

static void html(FILE *out, const gb_report_data *d, const char *svg, const char *chart_note) {
    fprintf(out,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
            "content=\"width=device-width, initial-scale=1\"><title>gaugeblock report</title><style>%s</style></head>\n"
            "<body><h1>gaugeblock report</h1>\n<p class=\"facts\">",
            style);
    gb_html_text(out, d->machine);
    fputs("<br>", out);
    gb_html_text(out, d->program);
    fputs("</p>\n<div class=\"scroll\"><table><thead><tr>", out);
    for (int c = 0; c < COLUMNS; c++) fprintf(out, "<th>%s</th>", columns[c]);
    fputs("</tr></thead><tbody>\n", out);
    for (size_t i = 0; i < d->models; i++) {
        fputs("<tr>", out);
        for (int c = 0; c < COLUMNS; c++) {
            fputs(c == COLUMNS - 1 ? "<td class=\"hash\">" : "<td>", out);
            if (c == 0) {
                gb_html_text(out, d->model[i].name);
                if (d->model[i].spoilt) fputs(" (unreliable)", out);
            } else
                cell(out, &d->model[i], c);
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
    if (svg)
        fprintf(out, "<figure>%s</figure>\n", svg);
    else {
        fputs("<p>", out);
        gb_html_text(out, chart_note);
        fputs("</p>\n", out);
    }
    notes(out, d, "<p>", "</p>\n");
    if (d->kernels) {
        fprintf(out,
                "<details><summary>%zu kernels</summary><div class=\"scroll\"><table><thead><tr><th>kernel</th><th>ns "
                "per weight</th>"
                "<th>GB/s</th></tr></thead><tbody>\n",
                d->kernels);
        for (size_t i = 0; i < d->kernels; i++) {
            fputs("<tr><td>", out);
            gb_html_text(out, d->kernel[i].name);
            fputs("</td><td>", out);
            gb_report_number(out, "%.4f", d->kernel[i].ns_per_weight);
            fputs("</td><td>", out);
            gb_report_number(out, "%.2f", d->kernel[i].gbps);
            fputs("</td></tr>\n", out);
        }
        fputs("</tbody></table></div></details>\n", out);
    }
    fputs("</body></html>\n", out);
}

/* A finished page in memory, then out in one piece under its final name. */
static int save(const char *path, char *text, size_t size, gb_error *err) {
    gb_output *file = NULL;
    int rc = gb_output_open(path, &file, err);
    if (rc) return rc;
    rc = gb_output_write(file, text, size, err);
    if (rc) {
        gb_output_abort(file);
        return rc;
    }
    return gb_output_commit(file, err);
}

int gb_report_write(const char *dir, char *html_path, unsigned long size, gb_error *err) {
    gb_report_data *data = gb_new(1, sizeof *data, "report", err);
    if (!data) return GB_ESYSTEM;
    int rc = gb_report_collect(dir, data, err);
    if (rc) {
        free(data);
        return rc;
    }
    char note[512];
    char *svg = NULL;
    const int drawn = gb_chart_draw(dir, data, &svg, note, sizeof note) == 0;
    for (int page = 0; page < 2 && !rc; page++) {
        char *text = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&text, &length);
        if (!out) {
            rc = gb_fail(err, GB_ESYSTEM, "report: out of memory");
            break;
        }
        if (page == 0)
            markdown(out, data, drawn ? NULL : note);
        else
            html(out, data, drawn ? svg : NULL, note);
        if (fclose(out) != 0) rc = gb_fail(err, GB_ESYSTEM, "report: out of memory");
        char path[4096];
        const int n = snprintf(path, sizeof path, "%s/report.%s", dir, page == 0 ? "md" : "html");
        if (!rc && (n < 0 || (size_t)n >= sizeof path)) rc = gb_fail(err, GB_EINPUT, "%s: path too long", dir);
        if (!rc) rc = save(path, text, length, err);
        if (page == 1 && html_path) snprintf(html_path, size, "%s", path);
        free(text);
    }
    free(svg);
    free(data);
    return rc;
}
