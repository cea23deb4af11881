#include "results/compare_print.h"

#include <math.h>
#include <string.h>

const char *gb_four_digits(double v, char buffer[32]) {
    const double size = fabs(v);
    if (!isfinite(v))
        (void)snprintf(buffer, 32, "-");
    else if (size >= 1e7 || (size < 1e-3 && size > 0))
        (void)snprintf(buffer, 32, "%.3e", v);
    else
        (void)snprintf(buffer, 32, "%.*f", size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4, v);
    return buffer;
}

typedef struct counts {
    size_t better, worse, rest, bits_differ, machines_differ, single_runs, unreliable;
} counts;

static counts count(const gb_comparisons *c) {
    counts n = {0};
    for (size_t i = 0; i < c->count; i++) {
        const gb_comparison *x = &c->of[i];
        if (!x->shown)
            n.rest++;
        else
            *(strcmp(x->verdict, x->kind.worse) == 0 ? &n.worse : &n.better) += 1;
        n.bits_differ += x->hashes == 0;
        n.machines_differ += !x->same_machine;
        n.single_runs += x->basis == GB_BASIS_SAMPLES;
        n.unreliable += x->unreliable != 0;
    }
    return n;
}

static void basis_text(const gb_comparison *c, char *text, size_t size) {
    if (c->basis == GB_BASIS_VALUES)
        (void)snprintf(text, size, "values");
    else if (c->basis == GB_BASIS_PAIRED)
        (void)snprintf(text, size, "paired %zu", c->cost.n_a);
    else
        (void)snprintf(text, size, "%s %zu/%zu", gb_basis_names[c->basis], c->cost.n_a, c->cost.n_b);
}

static void interval_text(const gb_comparison *c, char *text, size_t size) {
    if (!isfinite(c->cost.ratio))
        (void)snprintf(text, size, "-");
    else if (c->basis == GB_BASIS_VALUES)
        (void)snprintf(text, size, "%.4f", c->cost.ratio);
    else
        (void)snprintf(text, size, "%.4f [%.4f, %.4f]", c->cost.ratio, c->cost.low, c->cost.high);
}

static const char *bits_text(const gb_comparison *c) {
    return c->hashes < 0 ? "" : c->hashes ? ", same bits" : ", OTHER BITS";
}

/* --- people ---------------------------------------------------------------------------------------------------------
 */

/* Labels may hold anything: a bar would end the cell. */
static void print_cell(FILE *out, const char *text) {
    for (; *text; text++) {
        if (*text == '|') fputc('\\', out);
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static int widest(const gb_comparisons *c) {
    size_t width = 10;
    for (size_t i = 0; i < c->count; i++) {
        const size_t n = strlen(c->of[i].label);
        width = n > width ? n : width;
    }
    return width < 80 ? (int)width : 80;
}

static void print_row(FILE *out, const gb_comparison *c, int width, int markdown) {
    char a[32];
    char b[32];
    char interval[96];
    char basis[64];
    (void)gb_four_digits(c->in_a.median, a);
    (void)gb_four_digits(c->in_b.median, b);
    interval_text(c, interval, sizeof interval);
    basis_text(c, basis, sizeof basis);
    if (!markdown) {
        fprintf(out, "%-*s %11s %11s %-10s %-26s %s%s (%s)", width, c->label, a, b, c->in_a.unit, interval, c->verdict,
                bits_text(c), basis);
        fprintf(out, "%s%s\n", c->note[0] ? "; " : "", c->note);
        return;
    }
    fputs("| ", out);
    print_cell(out, c->label);
    fprintf(out, " | %s | %s | ", a, b);
    print_cell(out, c->in_a.unit);
    fprintf(out, " | %s | %s%s | %s |\n", interval, c->verdict, bits_text(c), basis);
}

static void print_side(FILE *out, const char *letter, const char *name, const gb_result *r, int markdown) {
    fprintf(out, "%s%s: %s (%s %s, commit %s, %s, %s)%s\n", markdown ? "- " : "", letter, name, gb_result_program(r),
            gb_result_text(r, "provenance", "version"), gb_result_text(r, "provenance", "commit"),
            gb_result_text(r, "run", "started"), gb_result_text(r, "machine", "cpu_model"), "");
}

static void print_notes(FILE *out, const gb_comparisons *c, const counts *n, const gb_compare_print *how) {
    fprintf(out,
            "\n%zu compared: B is better in %zu, worse in %zu, no difference shown in %zu; only in A: %zu, only in B: "
            "%zu\n",
            c->count, n->better, n->worse, n->rest, c->only_a, c->only_b);
    fprintf(out,
            "ratio: time of B / time of A (of speeds: A / B), above 1 is worse; %.4g %% intervals, widened by the A/A "
            "noise\n",
            100 * how->confidence);
    if (n->bits_differ) fprintf(out, "the logits differ in %zu of them\n", n->bits_differ);
    if (n->unreliable) fprintf(out, "%zu of them rest on measurements that are marked unreliable\n", n->unreliable);
    if (n->single_runs)
        fprintf(out, "'samples': one run on each side; what changes from run to run is not in these intervals "
                     "(bench --vs, --sessions or --yardstick would put it there)\n");
    for (size_t i = 0; n->machines_differ && i < c->count; i++) {
        char text[512];
        if (c->of[i].same_machine) continue;
        gb_machine_difference(c->of[i].a, c->of[i].b, text, sizeof text);
        fprintf(out, "the machines differ in %zu of them (A here, B there): %s\n", n->machines_differ, text);
        break;
    }
}

static void print_people(FILE *out, const gb_comparisons *c, const gb_compare_print *how) {
    const int markdown = how->form == GB_COMPARE_MARKDOWN;
    const counts n = count(c);
    const int width = widest(c);
    print_side(out, "A", how->name_a, c->of[0].a, markdown);
    print_side(out, "B", how->name_b, c->of[0].b, markdown);
    if (markdown)
        fputs("\n| what | A | B | unit | ratio | verdict | from |\n|---|---:|---:|---|---|---|---|\n", out);
    else
        fprintf(out, "\n%-*s %11s %11s %-10s %-26s %s\n", width, "what", "A", "B", "unit", "ratio", "verdict");
    for (size_t i = 0; i < c->count; i++)
        if (c->of[i].shown || c->of[i].hashes == 0 || !how->only_shown) print_row(out, &c->of[i], width, markdown);
    print_notes(out, c, &n, how);
}

/* --- machines -------------------------------------------------------------------------------------------------------
 */

static int add_number(cJSON *o, const char *key, double v) {
    return (isfinite(v) ? cJSON_AddNumberToObject(o, key, v) : cJSON_AddNullToObject(o, key)) != NULL;
}

static int add_side(cJSON *o, const char *key, const gb_result *r, const gb_measured *m, size_t runs) {
    cJSON *side = cJSON_AddObjectToObject(o, key);
    return side && add_number(side, "median", m->median) && add_number(side, "ci95_low", m->low) &&
           add_number(side, "ci95_high", m->high) && add_number(side, "results", (double)runs) &&
           cJSON_AddStringToObject(side, "name", gb_result_own(r, "name")) &&
           cJSON_AddStringToObject(side, "commit", gb_result_text(r, "provenance", "commit")) &&
           cJSON_AddStringToObject(side, "started", gb_result_text(r, "run", "started"));
}

cJSON *gb_comparison_json(const gb_comparison *c) {
    cJSON *o = cJSON_CreateObject();
    int ok = o && cJSON_AddStringToObject(o, "what", c->label) && cJSON_AddStringToObject(o, "metric", c->metric) &&
             cJSON_AddStringToObject(o, "unit", c->in_a.unit) && add_side(o, "a", c->a, &c->in_a, c->runs_a) &&
             add_side(o, "b", c->b, &c->in_b, c->runs_b) && add_number(o, "ratio", c->cost.ratio) &&
             add_number(o, "ratio_low", c->cost.low) && add_number(o, "ratio_high", c->cost.high) &&
             add_number(o, "coverage", c->cost.coverage) && add_number(o, "aa_noise", c->cost.floor) &&
             cJSON_AddStringToObject(o, "basis", gb_basis_names[c->basis]) &&
             cJSON_AddStringToObject(o, "verdict", c->verdict) &&
             cJSON_AddBoolToObject(o, "same_machine", c->same_machine);
    if (ok && c->hashes >= 0) ok = cJSON_AddBoolToObject(o, "same_bits", c->hashes) != NULL;
    if (ok && c->unreliable) ok = cJSON_AddBoolToObject(o, "unreliable", 1) != NULL;
    if (ok && c->note[0]) ok = cJSON_AddStringToObject(o, "note", c->note) != NULL;
    if (ok) return o;
    cJSON_Delete(o);
    return NULL;
}

static int print_json(FILE *out, const gb_comparisons *c, const gb_compare_print *how, gb_error *err) {
    cJSON *all = cJSON_CreateObject();
    int ok = all && cJSON_AddStringToObject(all, "a", how->name_a) && cJSON_AddStringToObject(all, "b", how->name_b) &&
             add_number(all, "confidence", how->confidence) && add_number(all, "only_a", (double)c->only_a) &&
             add_number(all, "only_b", (double)c->only_b);
    cJSON *list = ok ? cJSON_AddArrayToObject(all, "comparisons") : NULL;
    ok = ok && list;
    for (size_t i = 0; ok && i < c->count; i++) {
        if (how->only_shown && !c->of[i].shown) continue;
        cJSON *one = gb_comparison_json(&c->of[i]);
        ok = one && cJSON_AddItemToArray(list, one);
    }
    char *text = ok ? cJSON_Print(all) : NULL;
    cJSON_Delete(all);
    if (!text) return gb_fail(err, GB_ESYSTEM, "out of memory while writing JSON");
    fprintf(out, "%s\n", text);
    cJSON_free(text);
    return GB_OK;
}

int gb_comparisons_print(FILE *out, const gb_comparisons *c, const gb_compare_print *how, gb_error *err) {
    if (how->form == GB_COMPARE_JSON) return print_json(out, c, how, err);
    print_people(out, c, how);
    return GB_OK;
}
