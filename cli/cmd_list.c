#include <cJSON.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/matrix.h"
#include "harness/machine.h"
#include "harness/quirks.h"

const char gb_help_list[] =
    "usage: gaugeblock list formats|isas|kernels|machine [--matrix] [--json]\n"
    "\n"
    "  formats   block formats: size, bits per weight, activation partner\n"
    "  isas      instruction-set tiers: what this CPU and this program can run, and why not;\n"
    "            what is peculiar about them on this CPU\n"
    "  kernels   every row of the table, those of other architectures too\n"
    "  machine   CPU, memory, kernel, frequency governor, stolen time; a tree of packages, NUMA nodes, caches, cores\n"
    "\n"
    "  --matrix  kernels: format by instruction set, one block for each operation; where a tier has no kernel, what\n"
    "            runs instead and why\n"
    "  --json    the same for machines\n";

static const char *roles(const gb_format_info *f) {
    if (f->is_weight && f->is_activation) return "weights, activations";
    return f->is_weight ? "weights" : f->is_activation ? "activations" : "data";
}

/* Of a long row: a header per row vanishes in it. */
static double bits_per_weight(gb_format format) {
    const gb_format_info *f = &gb_formats[format];
    const gb_head *h = &gb_heads[format];
    const double head = h->span ? (double)h->bytes / (double)h->span : 0.0;
    return 8.0 * ((double)f->block_bytes / (double)f->block_elems + head);
}

/* "4/row", "8/16384" or "-". */
static const char *header_text(gb_format format, char *buf, size_t size) {
    const gb_head *h = &gb_heads[format];
    if (!h->bytes) return "-";
    if (h->span)
        snprintf(buf, size, "%zu/%zu", h->bytes, h->span);
    else
        snprintf(buf, size, "%zu/row", h->bytes);
    return buf;
}

/* GGUF's numbers as they are known, gaugeblock's own in the form that shows them to be such. */
static const char *type_text(uint32_t type, char *buf, size_t size) {
    snprintf(buf, size, type > 0xffff ? "0x%x" : "%u", type);
    return buf;
}

static void show_formats(void) {
    printf("%-11s %10s %9s %6s %8s %8s  %-8s  %s\n", "name", "type", "elements", "bytes", "header", "bits/w", "partner",
           "roles");
    for (int i = 0; i < GB_FORMAT_COUNT; i++) {
        const gb_format_info *f = &gb_formats[i];
        char header[48];
        char type[16];
        printf("%-11s %10s %9zu %6zu %8s %8.4g  %-8s  %s\n", f->name, type_text(f->ggml_type, type, sizeof type),
               f->block_elems, f->block_bytes, header_text((gb_format)i, header, sizeof header),
               bits_per_weight((gb_format)i), gb_formats[f->partner].name, roles(f));
    }
}

static cJSON *formats_json(void) {
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < GB_FORMAT_COUNT; i++) {
        const gb_format_info *f = &gb_formats[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", f->name);
        cJSON_AddNumberToObject(o, "ggml_type", f->ggml_type);
        cJSON_AddNumberToObject(o, "block_elements", (double)f->block_elems);
        cJSON_AddNumberToObject(o, "block_bytes", (double)f->block_bytes);
        cJSON_AddNumberToObject(o, "header_bytes", (double)gb_heads[i].bytes);
        cJSON_AddNumberToObject(o, "header_elements", (double)gb_heads[i].span);
        cJSON_AddNumberToObject(o, "bits_per_weight", bits_per_weight((gb_format)i));
        cJSON_AddStringToObject(o, "partner", gb_formats[f->partner].name);
        cJSON *r = cJSON_AddArrayToObject(o, "roles");
        if (f->is_weight) cJSON_AddItemToArray(r, cJSON_CreateString("weights"));
        if (f->is_activation) cJSON_AddItemToArray(r, cJSON_CreateString("activations"));
        if (!f->is_weight && !f->is_activation) cJSON_AddItemToArray(r, cJSON_CreateString("data"));
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

/* "" if the tier can run here, else why not. */
static const char *why_not(gb_isa isa, char *buf, size_t size) {
    const char *missing = gb_isa_missing(isa, gb_cpu_features(), buf, size);
    return missing ? missing : "";
}

static void feature_names(gb_cpu_mask mask, char *buf, size_t size) {
    size_t used = 0;
    buf[0] = '\0';
    for (int i = 0; i < GB_CPU_FEATURE_COUNT; i++) {
        if (!(mask >> i & 1U) || used >= size) continue;
        const int n = snprintf(buf + used, size - used, "%s%s", used ? ", " : "", gb_cpu_feature_names[i]);
        if (n > 0) used += (size_t)n;
    }
}

static void show_isas(void) {
    char why[256];
    char needs[256];
    for (int i = 0; i < GB_ISA_COUNT; i++) {
        const char *reason = why_not((gb_isa)i, why, sizeof why);
        feature_names(gb_isas[i].needs, needs, sizeof needs);
        const char *status = gb_isa_stands_in((gb_isa)i) ? "stand-in" : *reason ? "no" : "supported";
        printf("%-12s %-8s %-9s needs: %s%s%s%s\n", gb_isas[i].name, gb_isas[i].arch, status,
               *needs ? needs : "nothing", *reason ? " (" : "", reason, *reason ? ")" : "");
    }
    const unsigned quirks = gb_quirks_here("");
    for (int q = 0; q < GB_QUIRK_COUNT; q++) {
        if (!(quirks >> q & 1U)) continue;
        printf("quirk of this CPU: %s (%s):", gb_quirks[q].name, gb_quirks[q].text);
        for (int i = 0; i < GB_ISA_COUNT; i++)
            if (gb_quirk_concerns((gb_quirk)q, (gb_isa)i) && !*why_not((gb_isa)i, why, sizeof why))
                printf(" %s", gb_isas[i].name);
        printf("\n");
    }
}

static cJSON *isas_json(void) {
    cJSON *list = cJSON_CreateArray();
    const unsigned here = gb_quirks_here("");
    char why[256];
    for (int i = 0; i < GB_ISA_COUNT; i++) {
        const char *reason = why_not((gb_isa)i, why, sizeof why);
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", gb_isas[i].name);
        cJSON_AddStringToObject(o, "arch", gb_isas[i].arch);
        cJSON_AddBoolToObject(o, "built", gb_isas[i].built);
        cJSON_AddBoolToObject(o, "supported", !*reason);
        cJSON_AddBoolToObject(o, "stand_in", gb_isa_stands_in((gb_isa)i));
        cJSON_AddStringToObject(o, "reason", reason);
        cJSON *needs = cJSON_AddArrayToObject(o, "features");
        for (int f = 0; f < GB_CPU_FEATURE_COUNT; f++)
            if (gb_isas[i].needs >> f & 1U) cJSON_AddItemToArray(needs, cJSON_CreateString(gb_cpu_feature_names[f]));
        cJSON *quirks = cJSON_AddArrayToObject(o, "quirks");
        for (int q = 0; q < GB_QUIRK_COUNT; q++)
            if (!*reason && here >> q & 1U && gb_quirk_concerns((gb_quirk)q, (gb_isa)i))
                cJSON_AddItemToArray(quirks, cJSON_CreateString(gb_quirks[q].name));
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static void show_kernels(void) {
    char why[256];
    size_t supported = 0;
    for (size_t i = 0; i < gb_kernel_count; i++) {
        const gb_kernel *k = &gb_kernels[i];
        const char *reason = why_not(k->isa, why, sizeof why);
        supported += !*reason;
        printf("%-32s %-5s %-13s %-12s %s\n", k->name, gb_formats[k->format].name, gb_op_names[k->op],
               gb_isas[k->isa].name, *reason ? reason : "supported");
    }
    printf("%zu kernels, %zu can run here\n", gb_kernel_count, supported);
}

static cJSON *kernels_json(void) {
    cJSON *list = cJSON_CreateArray();
    char why[256];
    for (size_t i = 0; i < gb_kernel_count; i++) {
        const gb_kernel *k = &gb_kernels[i];
        const char *reason = why_not(k->isa, why, sizeof why);
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", k->name);
        cJSON_AddStringToObject(o, "format", gb_formats[k->format].name);
        cJSON_AddStringToObject(o, "op", gb_op_names[k->op]);
        cJSON_AddStringToObject(o, "isa", gb_isas[k->isa].name);
        cJSON_AddBoolToObject(o, "supported", !*reason);
        cJSON_AddStringToObject(o, "reason", reason);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static void show_fact(const cJSON *fact) {
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(fact, "absent");
    if (reason) {
        printf("absent (%s)\n", cJSON_GetStringValue(reason));
    } else if (cJSON_IsString(fact)) {
        printf("%s\n", fact->valuestring);
    } else if (cJSON_IsBool(fact)) {
        printf("%s\n", cJSON_IsTrue(fact) ? "yes" : "no");
    } else if (cJSON_IsNumber(fact)) {
        printf("%.15g\n", fact->valuedouble);
    } else { /* an array of names, or of caches */
        const char *between = "";
        const cJSON *item = NULL;
        cJSON_ArrayForEach(item, fact) {
            char *text = cJSON_IsString(item) ? NULL : cJSON_PrintUnformatted(item);
            printf("%s%s", between, text ? text : cJSON_IsString(item) ? item->valuestring : "?");
            cJSON_free(text);
            between = ", ";
        }
        printf("%s\n", *between ? "" : "none");
    }
}

/* Share of CPU time that the hypervisor took since the system started; negative: not known. */
static double stolen_since_boot(void) {
    uint64_t stolen = 0;
    uint64_t total = 0;
    return gb_steal_ticks("", -1, &stolen, &total) && total ? (double)stolen / (double)total : -1;
}

static void show_machine(void) {
    cJSON *machine = gb_machine_json();
    const cJSON *fact = NULL;
    cJSON_ArrayForEach(fact, machine) {
        printf("%-13s ", fact->string);
        show_fact(fact);
    }
    cJSON_Delete(machine);
    const double stolen = stolen_since_boot();
    if (stolen >= 0) printf("%-13s %.3f %% of CPU time since the start of the system\n", "stolen", stolen * 100);
    gb_topology topology;
    gb_error err;
    int rc = gb_topology_read(&topology, &err);
    if (!rc) rc = gb_topology_print(stdout, &topology, &err);
    if (rc)
        printf("topology: absent (%s)\n", err.text);
    else
        gb_topology_free(&topology);
}

static void add_caches(cJSON *cpu, const gb_logical_cpu *c) {
    static const char *const names[3] = {"l1d", "l2", "l3"};
    for (int level = 0; level < 3; level++) {
        if (!c->cache[level].bytes) continue;
        cJSON *cache = cJSON_AddObjectToObject(cpu, names[level]);
        cJSON_AddNumberToObject(cache, "id", c->cache[level].id);
        cJSON_AddNumberToObject(cache, "bytes", (double)c->cache[level].bytes);
    }
}

/* The facts, and each CPU's place. */
static cJSON *machine_json(void) {
    cJSON *machine = gb_machine_json();
    gb_topology topology;
    const double stolen = stolen_since_boot();
    if (stolen >= 0) cJSON_AddNumberToObject(machine, "stolen_since_boot", stolen);
    if (!machine || gb_topology_read(&topology, NULL)) return machine;
    cJSON *cpus = cJSON_AddArrayToObject(machine, "cpus");
    for (size_t i = 0; i < topology.cpu_count; i++) {
        const gb_logical_cpu *c = &topology.cpus[i];
        cJSON *cpu = cJSON_CreateObject();
        cJSON_AddNumberToObject(cpu, "cpu", c->os_index);
        cJSON_AddNumberToObject(cpu, "core", c->core);
        cJSON_AddNumberToObject(cpu, "kind", c->kind);
        cJSON_AddNumberToObject(cpu, "node", topology.nodes ? topology.nodes[c->node].os_index : c->node);
        if (c->package >= 0) cJSON_AddNumberToObject(cpu, "package", c->package);
        add_caches(cpu, c);
        cJSON_AddItemToArray(cpus, cpu);
    }
    gb_topology_free(&topology);
    return machine;
}

static const struct {
    const char *name;
    bool matrix;
    void (*show)(void);
    cJSON *(*json)(void);
} topics[] = {{"formats", false, show_formats, formats_json},
              {"isas", false, show_isas, isas_json},
              {"kernels", false, show_kernels, kernels_json},
              {"kernels", true, gb_matrix_show, gb_matrix_json},
              {"machine", false, show_machine, machine_json}};
enum { TOPICS = sizeof topics / sizeof topics[0] };

typedef struct arguments {
    bool json, matrix;
} arguments;

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    (void)value;
    (void)err;
    *(option == 'm' ? &a->matrix : &a->json) = true;
    return GB_OK;
}

int gb_cmd_list(int argc, char **argv, gb_error *err) {
    static const struct option table[] = {{"json", no_argument, NULL, 'j'}, {"matrix", no_argument, NULL, 'm'}, {0}};
    arguments a = {0};
    const int rc = gb_read_options(argc, argv, ":", table, take, &a, err);
    if (rc) return rc;
    if (optind + 1 != argc)
        return gb_fail(err, GB_EINPUT, "expected one of formats, isas, kernels, machine; see 'gaugeblock help list'");
    const char *word = argv[optind];
    if (a.matrix && strcmp(word, "kernels") != 0)
        return gb_fail(err, GB_EINPUT, "--matrix is of kernels: 'gaugeblock list kernels --matrix'");
    for (size_t i = 0; i < TOPICS; i++) {
        if (strcmp(topics[i].name, word) != 0 || topics[i].matrix != a.matrix) continue;
        if (a.json) return gb_json_print(topics[i].json(), err);
        topics[i].show();
        return GB_OK;
    }
    return gb_fail(err, GB_EINPUT, "cannot list '%s': expected formats, isas, kernels or machine", word);
}
