#include "cli/matrix.h"

#include <stdio.h>
#include <string.h>

#include "kernels/absent.h"

/* A cell: what runs on a CPU of that tier (NULL: the reference), whether the tier has a kernel of its own, and the
 * reason for none. A tier can have one and yet run another, which the table lists before it. */
typedef struct cell {
    const gb_kernel *runs;
    bool own;
    const gb_absence *absence;
} cell;

static cell cell_of(gb_format format, gb_op op, gb_isa isa) {
    bool own = false;
    for (size_t i = 0; i < gb_kernel_count; i++)
        if (gb_kernels[i].format == format && gb_kernels[i].op == op && gb_kernels[i].isa == isa) own = true;
    return (cell){gb_kernel_of_tier(format, op, isa), own, own ? NULL : gb_absence_of(format, op, isa)};
}

/* Numbers of notes, in the order of their first mention. */
typedef struct notes {
    const gb_absence *of[128];
    size_t count;
} notes;

enum { MOST_NOTES = sizeof((notes *)0)->of / sizeof((notes *)0)->of[0] };

static size_t note_number(notes *n, const gb_absence *absence) {
    size_t i = 0;
    while (i < n->count && strcmp(n->of[i]->reason, absence->reason) != 0) i++;
    if (i == n->count && n->count < MOST_NOTES) n->of[n->count++] = absence;
    return i + 1;
}

/* "yes", "(yes)", "avx2 3" or "- 3". */
static const char *cell_text(gb_format format, gb_op op, gb_isa isa, notes *n, char *buf, size_t size) {
    const cell c = cell_of(format, op, isa);
    if (c.own) return c.runs && c.runs->isa == isa ? "yes" : "(yes)";
    const char *instead = c.runs ? gb_isas[c.runs->isa].name : "-";
    if (c.absence)
        (void)snprintf(buf, size, "%s %zu", instead, note_number(n, c.absence));
    else
        (void)snprintf(buf, size, "%s ?", instead);
    return buf;
}

/* Columns are as wide as their widest cell in any block. */
static void column_widths(int width[GB_ISA_COUNT], notes *n) {
    char buf[64];
    for (int isa = 0; isa < GB_ISA_COUNT; isa++) {
        width[isa] = (int)strlen(gb_isas[isa].name);
        for (int op = 0; op < GB_OP_COUNT; op++) {
            for (int f = 0; f < GB_FORMAT_COUNT; f++) {
                if (!gb_reference((gb_format)f, (gb_op)op).any) continue;
                const int w = (int)strlen(cell_text((gb_format)f, (gb_op)op, (gb_isa)isa, n, buf, sizeof buf));
                if (w > width[isa]) width[isa] = w;
            }
        }
    }
}

static void show_cell(int isa, int width, const char *text) {
    printf(" %-*s", isa + 1 < GB_ISA_COUNT ? width : 0, text); /* no blanks at the end of a line */
}

static void show_block(gb_op op, const int width[GB_ISA_COUNT], notes *n) {
    char buf[64];
    printf("%-12s", gb_op_names[op]);
    for (int isa = 0; isa < GB_ISA_COUNT; isa++) show_cell(isa, width[isa], gb_isas[isa].name);
    printf("\n");
    for (int f = 0; f < GB_FORMAT_COUNT; f++) {
        if (!gb_reference((gb_format)f, op).any) continue;
        printf("%-12s", gb_formats[f].name);
        for (int isa = 0; isa < GB_ISA_COUNT; isa++)
            show_cell(isa, width[isa], cell_text((gb_format)f, op, (gb_isa)isa, n, buf, sizeof buf));
        printf("\n");
    }
    printf("\n");
}

void gb_matrix_show(void) {
    notes n = {.count = 0};
    int width[GB_ISA_COUNT];
    column_widths(width, &n);
    for (int op = 0; op < GB_OP_COUNT; op++) show_block((gb_op)op, width, &n);
    printf("yes: a kernel of its own, (yes): one that a lower tier's outruns, which is taken. Otherwise what a CPU of "
           "that\n"
           "tier runs instead (-: the reference), and why:\n");
    for (size_t i = 0; i < n.count; i++) printf("%3zu  %s\n", i + 1, n.of[i]->reason);
}

static cJSON *cell_json(gb_format format, gb_op op, gb_isa isa) {
    const cell c = cell_of(format, op, isa);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "format", gb_formats[format].name);
    cJSON_AddStringToObject(o, "op", gb_op_names[op]);
    cJSON_AddStringToObject(o, "isa", gb_isas[isa].name);
    cJSON_AddBoolToObject(o, "kernel", c.own);
    cJSON_AddStringToObject(o, "runs", c.runs ? gb_isas[c.runs->isa].name : "reference");
    cJSON_AddStringToObject(o, "reason", c.absence ? c.absence->reason : "");
    return o;
}

cJSON *gb_matrix_json(void) {
    cJSON *list = cJSON_CreateArray();
    for (int op = 0; op < GB_OP_COUNT; op++)
        for (int f = 0; f < GB_FORMAT_COUNT; f++)
            for (int isa = 0; isa < GB_ISA_COUNT; isa++)
                if (gb_reference((gb_format)f, (gb_op)op).any)
                    cJSON_AddItemToArray(list, cell_json((gb_format)f, (gb_op)op, (gb_isa)isa));
    return list;
}
