#include "kernels/absent.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* Groups that lines name together: tiers that add nothing but products of bytes, formats. */
#define GB_PRODUCTS "avxvnni amx_int8 neon_dotprod neon_i8mm"
#define GB_DECODED  "nf4 fp4 nf4_dq fp4_dq mxfp6_* mxfp8_* fp8_*"
#define GB_GROUPED  "gptq4 gptq8 awq4 mlc_q4f16_1 onnx_q4"
#define GB_FOREIGN  "int8_row " GB_GROUPED " " GB_DECODED

const gb_absence gb_absences[] = {
#define GB_NO_KERNEL(formats, ops, isas, reason) {formats, ops, isas, reason},
#include "kernels/absent.def"
#undef GB_NO_KERNEL
};
const size_t gb_absence_count = sizeof gb_absences / sizeof gb_absences[0];

static bool among(const char *words, const char *name) {
    for (const char *word = words; *word; word += strspn(word, " ")) {
        const size_t length = strcspn(word, " ");
        char pattern[64];
        if (length < sizeof pattern) {
            (void)snprintf(pattern, sizeof pattern, "%.*s", (int)length, word);
            if (fnmatch(pattern, name, 0) == 0) return true;
        }
        word += length;
    }
    return false;
}

bool gb_absence_covers(const gb_absence *a, gb_format format, gb_op op, gb_isa isa) {
    return among(a->isas, gb_isas[isa].name) && among(a->ops, gb_op_names[op]) &&
           among(a->formats, gb_formats[format].name);
}

const gb_absence *gb_absence_of(gb_format format, gb_op op, gb_isa isa) {
    for (size_t i = 0; i < gb_absence_count; i++)
        if (gb_absence_covers(&gb_absences[i], format, op, isa)) return &gb_absences[i];
    return NULL;
}

const gb_kernel *gb_kernel_of_tier(gb_format format, gb_op op, gb_isa isa) {
    for (size_t i = 0; i < gb_kernel_count; i++) {
        const gb_kernel *k = &gb_kernels[i];
        if (k->format == format && k->op == op && !(gb_isas[k->isa].needs & ~gb_isas[isa].needs)) return k;
    }
    return NULL;
}
