#include "convert/quant_config.h"

#include <string.h>
#include <strings.h>

#include "convert/path.h"
#include "model/llama.h"

enum { MAX_CONFIG = 1 << 20 };

/* group_size, or AWQ's older name of it; -1 is the whole row. */
static int read_group(const gb_json *json, const cJSON *q, gb_quant_config *out, gb_error *err) {
    const char *name = gb_json_find(q, "group_size") ? "group_size" : "q_group_size";
    const cJSON *item = gb_json_find(q, name);
    out->group = 0;
    if (cJSON_IsNumber(item) && item->valuedouble >= -1 && item->valuedouble <= -1) return GB_OK;
    const int rc = gb_json_need_u64(json, q, name, GB_MAX_FFN, &out->group, err);
    if (rc || out->group) return rc;
    return gb_fail(err, GB_EINPUT, "%s: '%s' is 0, expected -1 or a number of columns", json->path, name);
}

static int refuse_variant(const gb_json *json, const char *key, const char *value, const char *known, gb_error *err) {
    return gb_fail(err, GB_EINPUT, "%s: '%s' is '%.32s', which is not supported (known: %s)", json->path, key, value,
                   known);
}

static int read_gptq(const gb_json *json, const cJSON *q, gb_quant_config *out, gb_error *err) {
    const char *format = "gptq";
    bool marlin = false;
    int rc = gb_json_get_str(json, q, "format", &format, err);
    if (!rc) rc = gb_json_get_str(json, q, "checkpoint_format", &format, err);
    if (!rc) rc = gb_json_get_bool(json, q, "is_marlin_format", &marlin, err);
    if (!rc) rc = gb_json_get_bool(json, q, "desc_act", &out->act_order, err);
    if (!rc) rc = gb_json_need_u64(json, q, "bits", 16, &out->bits, err);
    if (!rc) rc = read_group(json, q, out, err);
    if (rc) return rc;
    out->zeros_less_one = strcmp(format, "gptq") == 0;
    if (marlin || (!out->zeros_less_one && strcmp(format, "gptq_v2") != 0))
        return refuse_variant(json, "checkpoint_format", marlin ? "marlin" : format, "gptq, gptq_v2", err);
    const cJSON *dynamic = gb_json_find(q, "dynamic");
    if (cJSON_IsObject(dynamic) && dynamic->child)
        return refuse_variant(json, "dynamic", dynamic->child->string, "none", err);
    if (out->bits != 4 && out->bits != 8)
        return gb_fail(err, GB_EINPUT, "%s: GPTQ of %llu bits is not supported (known: 4, 8)", json->path,
                       (unsigned long long)out->bits);
    return GB_OK;
}

static int read_awq(const gb_json *json, const cJSON *q, gb_quant_config *out, gb_error *err) {
    const char *version = "gemm";
    int rc = gb_json_get_str(json, q, "version", &version, err);
    if (!rc) rc = gb_json_need_u64(json, q, gb_json_find(q, "bits") ? "bits" : "w_bit", 16, &out->bits, err);
    if (!rc) rc = read_group(json, q, out, err);
    if (rc) return rc;
    if (strcasecmp(version, "gemm") != 0) return refuse_variant(json, "version", version, "gemm", err);
    if (out->bits != 4)
        return gb_fail(err, GB_EINPUT, "%s: AWQ of %llu bits is not supported (known: 4)", json->path,
                       (unsigned long long)out->bits);
    return GB_OK;
}

static int read_method(const gb_json *json, const cJSON *q, gb_quant_config *out, gb_error *err) {
    const char *method = gb_json_find(q, "bits") ? "gptq" : ""; /* quantize_config.json names none */
    const int rc = gb_json_get_str(json, q, "quant_method", &method, err);
    if (rc) return rc;
    if (strcmp(method, "gptq") == 0) {
        out->method = GB_QUANT_GPTQ;
        return read_gptq(json, q, out, err);
    }
    if (strcmp(method, "awq") == 0) {
        out->method = GB_QUANT_AWQ;
        return read_awq(json, q, out, err);
    }
    if (strcmp(method, "bitsandbytes") == 0) { /* every tensor brings its own description */
        out->method = GB_QUANT_BNB;
        return GB_OK;
    }
    return refuse_variant(json, "quant_method", method, "gptq, awq, bitsandbytes", err);
}

int gb_quant_config_read(const gb_json *config, const char *dir, gb_quant_config *out, gb_error *err) {
    const cJSON *q = gb_json_find(config->root, "quantization_config");
    char path[GB_PATH_SIZE];
    *out = (gb_quant_config){.method = GB_QUANT_NONE};
    if (q) return read_method(config, q, out, err);
    int rc = gb_path_join(dir, "quantize_config.json", path, err);
    if (rc || access(path, F_OK) != 0) return rc;
    gb_json json = {0};
    rc = gb_json_open(path, MAX_CONFIG, &json, err);
    if (!rc) rc = read_method(&json, json.root, out, err);
    gb_json_close(&json);
    return rc;
}
