#include "cli/quantize_report.h"

#include <cJSON.h>
#include <stdio.h>
#include <string.h>

#include "cli/engine.h"

typedef struct totals {
    uint64_t before, after, elements;
    size_t converted, weighed; /* matrices that change type; those of them with an importance */
    gb_tensor_error lost;
} totals;

static totals add_up(const gb_quantize_report *r) {
    totals t = {0};
    for (size_t i = 0; i < r->in->tensor_count; i++) {
        t.before += r->in->tensors[i].bytes;
        t.after += gb_plan_bytes(&r->rows[i]);
        t.elements += gb_plan_elements(&r->rows[i]);
        t.converted += !r->rows[i].keep;
        t.weighed += r->rows[i].importance != NULL;
        if (r->lost && !r->rows[i].keep) gb_tensor_error_add(&t.lost, &r->lost[i]);
    }
    if (!t.elements) t.elements = 1;
    return t;
}

static double bits(uint64_t bytes, const totals *t) {
    return 8.0 * (double)bytes / (double)t->elements;
}

void gb_quantize_print_notes(const gb_quantize_report *r) {
    const gb_imatrix *m = r->options->imatrix;
    for (size_t i = 0; i < r->in->tensor_count; i++) {
        const gb_plan_row *row = &r->rows[i];
        char name[GB_SHOWN];
        gb_str_show(row->name, name);
        if (row->note[0]) fprintf(stderr, "note: %s: %s\n", name, row->note);
        /* embeddings are not multiplied, so no importance matrix has them */
        const bool is_inner = !gb_str_equal(row->name, "output.weight") && !strstr(name, "token_embd.weight");
        if (m && !row->keep && is_inner && !gb_imatrix_find(m, row->name))
            fprintf(stderr, "note: %s: no entry in %s\n", name, m->path);
    }
    if (r->impossible) fprintf(stderr, "note: the run itself would stop: %s\n", r->impossible);
}

void gb_quantize_print_plan(const gb_quantize_report *r) {
    for (size_t i = 0; i < r->in->tensor_count; i++) {
        const gb_plan_row *row = &r->rows[i];
        char name[GB_SHOWN];
        char sizes[96];
        int used = 0;
        for (uint32_t d = 0; d < row->dims; d++)
            used += snprintf(sizes + used, sizeof sizes - (size_t)used, "%s%llu", d ? " x " : "",
                             (unsigned long long)row->ne[d]);
        printf("%-32s %-20s %-11s -> %-11s %12llu bytes%s\n", gb_str_show(row->name, name), sizes,
               gb_formats[row->from].NAME, gb_block_type_of(row->type).NAME, (unsigned long long)gb_plan_bytes(row),
               row->importance ? ", weighed" : "");
    }
}

static void print_error(const char *name, const char *type, const gb_tensor_error *e) {
    printf("%-32s %-7s %12.5e %12.5e %11.8f %8.3f\n", name, type, gb_tensor_error_rmse(e), e->max,
           gb_tensor_error_cosine(e), gb_tensor_error_snr_db(e));
}

void gb_quantize_print_stats(const gb_quantize_report *r) {
    printf("%-32s %-7s %12s %12s %11s %8s\n", "tensor", "type", "RMSE", "max error", "cosine", "SNR dB");
    for (size_t i = 0; i < r->in->tensor_count; i++) {
        char name[GB_SHOWN];
        if (r->rows[i].keep) continue;
        print_error(gb_str_show(r->rows[i].name, name), gb_formats[r->rows[i].to].NAME, &r->lost[i]);
    }
    const totals t = add_up(r);
    print_error("all that changed", "", &t.lost);
}

void gb_quantize_print_summary(const gb_quantize_report *r) {
    const totals t = add_up(r);
    const gb_plan_options *plan = &r->options->plan;
    printf("%s%s: %zu tensors, %llu parameters, tensor data %.2f MiB (%.2f bits per weight) -> %.2f MiB (%.2f)",
           plan->recipe->name, plan->pure ? " (pure)" : "", r->in->tensor_count, (unsigned long long)t.elements,
           (double)t.before / 0x1p20, bits(t.before, &t), (double)t.after / 0x1p20, bits(t.after, &t));
    if (r->options->imatrix) printf(", %zu of %zu matrices weighed by importance", t.weighed, t.converted);
    printf("\n");
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void add_error(cJSON *json, const gb_tensor_error *e) {
    cJSON *stats = cJSON_AddObjectToObject(json, "stats");
    cJSON_AddNumberToObject(stats, "rmse", gb_tensor_error_rmse(e));
    cJSON_AddNumberToObject(stats, "max_abs", e->max);
    cJSON_AddNumberToObject(stats, "cosine", gb_tensor_error_cosine(e));
    cJSON_AddNumberToObject(stats, "snr_db", gb_tensor_error_snr_db(e)); /* null where it is infinite */
}

static cJSON *tensor_json(const gb_quantize_report *r, size_t i) {
    const gb_plan_row *row = &r->rows[i];
    cJSON *json = cJSON_CreateObject();
    gb_json_add_text(json, "name", row->name.data, row->name.size);
    cJSON *shape = cJSON_AddArrayToObject(json, "shape");
    for (uint32_t d = 0; d < row->dims; d++) cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)row->ne[d]));
    cJSON_AddStringToObject(json, "from", gb_formats[row->from].NAME);
    cJSON_AddStringToObject(json, "to", gb_block_type_of(row->type).NAME);
    cJSON_AddNumberToObject(json, "bytes", (double)gb_plan_bytes(row));
    cJSON_AddBoolToObject(json, "copied", row->keep);
    cJSON_AddBoolToObject(json, "importance", row->importance != NULL);
    if (row->note[0]) cJSON_AddStringToObject(json, "note", row->note);
    if (r->lost && !row->keep) add_error(json, &r->lost[i]);
    return json;
}

static void add_path(cJSON *json, const char *name, const char *path) {
    if (path)
        gb_json_add_text(json, name, path, strlen(path));
    else
        cJSON_AddNullToObject(json, name);
}

int gb_quantize_print_json(const gb_quantize_report *r, gb_error *err) {
    const totals t = add_up(r);
    const gb_plan_options *plan = &r->options->plan;
    cJSON *json = cJSON_CreateObject();
    add_path(json, "input", r->in->path);
    add_path(json, "output", r->out);
    cJSON_AddStringToObject(json, "recipe", plan->recipe->name);
    cJSON_AddNumberToObject(json, "file_type", plan->recipe->file_type);
    cJSON_AddBoolToObject(json, "pure", plan->pure);
    add_path(json, "imatrix", r->options->imatrix ? r->options->imatrix->path : NULL);
    add_path(json, "impossible", r->impossible);
    cJSON_AddNumberToObject(json, "parameters", (double)t.elements);
    cJSON_AddNumberToObject(json, "bytes_before", (double)t.before);
    cJSON_AddNumberToObject(json, "bytes", (double)t.after);
    cJSON_AddNumberToObject(json, "bits_per_weight_before", bits(t.before, &t));
    cJSON_AddNumberToObject(json, "bits_per_weight", bits(t.after, &t));
    if (r->lost) add_error(json, &t.lost);
    cJSON *tensors = cJSON_AddArrayToObject(json, "tensors");
    for (size_t i = 0; i < r->in->tensor_count; i++) cJSON_AddItemToArray(tensors, tensor_json(r, i));
    const int rc = gb_json_add_run(json, r->run, err);
    if (!rc) return gb_json_print(json, err);
    cJSON_Delete(json);
    return rc;
}
