/* How the matrices of a checkpoint are quantized: quantization_config of config.json, or quantize_config.json. */
#ifndef GB_CONVERT_QUANT_CONFIG_H
#define GB_CONVERT_QUANT_CONFIG_H

#include "convert/json.h"

typedef enum gb_quant_method { GB_QUANT_NONE, GB_QUANT_GPTQ, GB_QUANT_AWQ, GB_QUANT_BNB } gb_quant_method;

typedef struct gb_quant_config {
    gb_quant_method method;
    uint64_t bits;       /* GPTQ: 4 or 8, AWQ: 4 */
    uint64_t group;      /* columns that share a scale; 0: the whole row */
    bool zeros_less_one; /* GPTQ: qzeros holds the zero minus one */
    bool act_order;      /* GPTQ: the columns are of groups that only g_idx tells */
} gb_quant_config;

/* An unknown method, or a variant whose numbers would be read wrongly, is refused by name. */
int gb_quant_config_read(const gb_json *config, const char *dir, gb_quant_config *out, gb_error *err);

#endif
