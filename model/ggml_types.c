#include "model/ggml_types.h"

#include <stdio.h>

typedef enum status { NO_KERNELS = 1, ACTIVATION, REMOVED } status;

typedef struct type_row {
    const char *name; /* NULL: the number is not assigned */
    status status;
} type_row;

/* Every assigned number of mainline GGUF; the formats of the table are asked for first and need no row here. */
static const type_row types[] = {
    [4] = {"Q4_2", REMOVED},        [5] = {"Q4_3", REMOVED},        [9] = {"Q8_1", ACTIVATION},
    [15] = {"Q8_K", ACTIVATION},    [24] = {"I8", NO_KERNELS},      [25] = {"I16", NO_KERNELS},
    [27] = {"I64", NO_KERNELS},     [28] = {"F64", NO_KERNELS},     [31] = {"Q4_0_4_4", REMOVED},
    [32] = {"Q4_0_4_8", REMOVED},   [33] = {"Q4_0_8_8", REMOVED},   [36] = {"IQ4_NL_4_4", REMOVED},
    [37] = {"IQ4_NL_4_8", REMOVED}, [38] = {"IQ4_NL_8_8", REMOVED},
};

/* Numbers that ik_llama.cpp, a fork, gives to its own types. */
static int is_fork_type(uint32_t type) {
    return (type >= 97 && type <= 99) || (type >= 133 && type <= 158) || (type >= 202 && type <= 399);
}

const char *gb_ggml_type_refusal(uint32_t type, char *buf, size_t size) {
    const gb_format f = gb_format_by_ggml_type(type);
    if (f != GB_FORMAT_COUNT && (gb_formats[f].is_weight || !gb_formats[f].is_activation)) return NULL;
    const type_row row = type < sizeof types / sizeof types[0] ? types[type] : (type_row){NULL, 0};
    if (row.status == REMOVED)
        snprintf(buf, size, "type %u (%s) was removed from GGUF; convert the model again", type, row.name);
    else if (row.status == ACTIVATION)
        snprintf(buf, size, "type %u (%s) is for activations and is not stored in models", type, row.name);
    else if (row.name)
        snprintf(buf, size, "type %u (%s) has no kernels in this version", type, row.name);
    else if (is_fork_type(type))
        snprintf(buf, size, "type %u belongs to ik_llama.cpp and is not mainline GGUF", type);
    else if ((type & 0xffff0000U) == GB_PRIVATE_TYPE(0))
        snprintf(buf, size, "type 0x%x is one of gaugeblock's own, and this version does not know it", type);
    else
        snprintf(buf, size, "unknown type %u", type);
    return buf;
}
