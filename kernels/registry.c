#include "kernels/registry.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kernels/built.h"
#include "reference/reference.h"

#define GB_KIND_WEIGHT_W      1
#define GB_KIND_WEIGHT_WA     1
#define GB_KIND_WEIGHT_A      0
#define GB_KIND_WEIGHT_D      0
#define GB_KIND_ACTIVATION_W  0
#define GB_KIND_ACTIVATION_WA 1
#define GB_KIND_ACTIVATION_A  1
#define GB_KIND_ACTIVATION_D  0

const gb_format_info gb_formats[GB_FORMAT_COUNT] = {
#define GB_FORMAT_INFO(name, NAME, kind, type, elems, bytes, partner)                                                  \
    {#name, #NAME, type, elems, bytes, GB_FORMAT_##partner, GB_KIND_WEIGHT_##kind, GB_KIND_ACTIVATION_##kind},
    GB_FORMATS(GB_FORMAT_INFO)
#undef GB_FORMAT_INFO
};

#define GB_FORMAT_FITS(name, NAME, kind, type, elems, bytes, partner)                                                  \
    _Static_assert((elems) <= GB_MAX_BLOCK_ELEMS && (bytes) <= GB_MAX_BLOCK_BYTES, #name ": a larger block");
GB_FORMATS(GB_FORMAT_FITS)
#undef GB_FORMAT_FITS

const gb_head gb_heads[GB_FORMAT_COUNT] = {
    [GB_FORMAT_f32] = {0, 0}, /* most have none, and C11 wants at least one initializer */
#define GB_HEAD(name, bytes, span) [GB_FORMAT_##name] = {bytes, span},
    GB_HEADS(GB_HEAD)
#undef GB_HEAD
};

#define GB_HEAD_FITS(name, bytes, span) _Static_assert((bytes) <= GB_MAX_HEAD_BYTES, #name ": a larger header");
GB_HEADS(GB_HEAD_FITS)
#undef GB_HEAD_FITS

int gb_format_needs_importance(gb_format f) {
#define GB_NEEDS(name) f == GB_FORMAT_##name ||
    return GB_NEED_IMPORTANCE(GB_NEEDS) 0;
#undef GB_NEEDS
}

gb_format gb_format_by_name(const char *name) {
    int f = 0;
    while (f < GB_FORMAT_COUNT && strcasecmp(gb_formats[f].name, name) != 0) f++;
    return (gb_format)f;
}

gb_format gb_format_by_ggml_type(uint32_t type) {
    int f = 0;
    while (f < GB_FORMAT_COUNT && gb_formats[f].ggml_type != type) f++;
    return (gb_format)f;
}

const char *const gb_op_names[GB_OP_COUNT] = {
#define GB_OP_NAME(op) #op,
    GB_OPS(GB_OP_NAME)
#undef GB_OP_NAME
};

/* GB_BUILT_<isa> is 1 or 0 on the compiler's command line: the architecture matches, the compiler knows the flags, and
 * GB_TIERS does not leave it out. */
const gb_isa_info gb_isas[GB_ISA_COUNT] = {
#define GB_ISA(name, arch, needs, flags) {#name, #arch, needs, flags, GB_BUILT_##name},
#include "kernels/isa.def"
#undef GB_ISA
};

const gb_kernel gb_kernels[] = {
#define GB_KERNEL(format, op, isa, file)                                                                               \
    {"gb_" #format "_" #op "_" #isa, GB_FORMAT_##format, GB_OP_##op, GB_ISA_##isa,                                     \
     GB_FN(GB_BUILT_##isa, gb_##format##_##op##_##isa, op)},
#include "kernels/kernels.def"
#undef GB_KERNEL
};
const size_t gb_kernel_count = sizeof gb_kernels / sizeof gb_kernels[0];

#define GB_REF_FNS_W(name)                                                                                             \
    [GB_OP_quantize] = {.quantize = gb_ref_##name##_quantize},                                                         \
    [GB_OP_dequantize] = {.dequantize = gb_ref_##name##_dequantize}, [GB_OP_dot] = {.dot = gb_ref_##name##_dot},       \
    [GB_OP_gemv] = {.gemv = gb_ref_##name##_gemv}, [GB_OP_gemm] = {.gemm = gb_ref_##name##_gemm}
#define GB_REF_FNS_A(name)                                                                                             \
    [GB_OP_quantize_act] = {.quantize_act = gb_ref_##name##_quantize_act}, [GB_OP_dequantize] = {                      \
                                                                               .dequantize =                           \
                                                                                   gb_ref_##name##_dequantize}
#define GB_REF_FNS_D(name)  [GB_OP_quantize] = {.any = NULL}
#define GB_REF_FNS_WA(name) GB_REF_FNS_W(name), [GB_OP_quantize_act] = {.quantize_act = gb_ref_##name##_quantize_act}

static const gb_fn block_reference[GB_FORMAT_COUNT][GB_OP_COUNT] = {
#define GB_REF_FNS(name, NAME, kind, type, elems, bytes, partner) [GB_FORMAT_##name] = {GB_REF_FNS_##kind(name)},
    GB_FORMATS(GB_REF_FNS)
#undef GB_REF_FNS
};

#define GB_REF_ATTENTION(name)                                                                                         \
    [GB_OP_attn_score] = {.attn_score = gb_ref_##name##_attn_score}, [GB_OP_attn_acc] = {.attn_acc =                   \
                                                                                             gb_ref_##name##_attn_acc}

static const gb_fn engine_reference[GB_FORMAT_COUNT][GB_OP_COUNT] = {
    [GB_FORMAT_f32] = {GB_REF_ATTENTION(f32), [GB_OP_rmsnorm] = {.rmsnorm = gb_ref_f32_rmsnorm},
                       [GB_OP_rope] = {.rope = gb_ref_f32_rope}, [GB_OP_softmax] = {.softmax = gb_ref_f32_softmax},
                       [GB_OP_silu_mul] = {.silu_mul = gb_ref_f32_silu_mul}, [GB_OP_add] = {.add = gb_ref_f32_add},
                       [GB_OP_argmax] = {.argmax = gb_ref_f32_argmax}},
    [GB_FORMAT_f16] = {GB_REF_ATTENTION(f16)},
    [GB_FORMAT_q8_0] = {GB_REF_ATTENTION(q8_0)},
};

gb_fn gb_reference(gb_format format, gb_op op) {
    const gb_fn fn = block_reference[format][op];
    return fn.any ? fn : engine_reference[format][op];
}

gb_quantize_fn *gb_compat_quantize(gb_format format) {
    return format == GB_FORMAT_iq3_s ? gb_ref_iq3_s_quantize_ggml : NULL;
}

gb_isa gb_isa_by_name(const char *name) {
    int i = 0;
    while (i < GB_ISA_COUNT && strcasecmp(gb_isas[i].name, name) != 0) i++;
    return (gb_isa)i;
}

gb_op gb_op_by_name(const char *name) {
    int op = 0;
    while (op < GB_OP_COUNT && strcmp(gb_op_names[op], name) != 0) op++;
    return (gb_op)op;
}

int gb_isa_stands_in(gb_isa isa) {
    return gb_isas[isa].built && (gb_isas[isa].needs & gb_cpu_stand_in());
}

const char *gb_isa_missing(gb_isa isa, gb_cpu_mask features, char *buf, size_t size) {
    const gb_isa_info *info = &gb_isas[isa];
    if (!info->built) {
#if defined(__x86_64__)
        const char *here = "x86_64";
#elif defined(__aarch64__)
        const char *here = "aarch64";
#else
        const char *here = "other";
#endif
        if (strcmp(info->arch, here) == 0)
            snprintf(buf, size, "not built: GB_TIERS leaves it out%s%s", *info->flags ? ", or the compiler lacks " : "",
                     info->flags);
        else
            snprintf(buf, size, "not built: needs %s, this program is for %s", info->arch, here);
        return buf;
    }
    const gb_cpu_mask missing = info->needs & ~features;
    if (!missing) return NULL;
    if (!(missing & ~gb_cpu_stand_in())) {
        snprintf(buf, size, "this program replaces its instructions, for verify and perplexity --stand-in only");
        return buf;
    }
    int used = snprintf(buf, size, "this CPU or OS lacks");
    for (int f = 0; f < GB_CPU_FEATURE_COUNT; f++) {
        if (!(missing >> f & 1U) || used < 0 || (size_t)used >= size) continue;
        used += snprintf(buf + used, size - (size_t)used, " %s,", gb_cpu_feature_names[f]);
    }
    if (used > 0 && (size_t)used < size) buf[used - 1] = '\0'; /* the last comma */
    return buf;
}

static int cap_of_tier(gb_isa isa, gb_cpu_mask have, gb_cap *cap, char *message, size_t size) {
    char why[256];
    if (gb_isa_missing(isa, have, why, sizeof why)) {
        snprintf(message, size, "ISA '%s' cannot run here: %s", gb_isas[isa].name, why);
        return -1;
    }
    *cap = (gb_cap){.features = gb_isas[isa].needs};
    return 0;
}

int gb_cap_from_name(const char *name, gb_cap *cap, char *message, size_t size) {
    *cap = (gb_cap){.features = gb_cpu_features(), .reference_only = 0};
    if (!name || !*name || strcasecmp(name, "auto") == 0) return 0;
    if (strcasecmp(name, "reference") == 0) {
        *cap = (gb_cap){.features = 0, .reference_only = 1};
        return 0;
    }
    const gb_isa isa = gb_isa_by_name(name);
    if (isa == GB_ISA_COUNT) {
        int used = snprintf(message, size, "unknown ISA '%s'; known: auto reference", name);
        for (int i = 0; i < GB_ISA_COUNT && used > 0 && (size_t)used < size; i++)
            used += snprintf(message + used, size - (size_t)used, " %s", gb_isas[i].name);
        return -1;
    }
    return cap_of_tier(isa, cap->features, cap, message, size);
}

int gb_cap_stand_in(const char *name, gb_cap *cap, char *message, size_t size) {
    const gb_isa isa = gb_isa_by_name(name);
    if (isa == GB_ISA_COUNT || !gb_isa_stands_in(isa)) {
        snprintf(message, size, "this program replaces no instructions of an ISA '%s'", name);
        return -1;
    }
    return cap_of_tier(isa, gb_cpu_features() | gb_cpu_stand_in(), cap, message, size);
}

const gb_kernel *gb_select(gb_format format, gb_op op, const gb_cap *cap) {
    if (cap->reference_only) return NULL;
    for (size_t i = 0; i < gb_kernel_count; i++) {
        const gb_kernel *k = &gb_kernels[i];
        if (k->format == format && k->op == op && k->fn.any && !(gb_isas[k->isa].needs & ~cap->features)) return k;
    }
    return NULL;
}

gb_fn gb_resolve(gb_format format, gb_op op, const gb_cap *cap) {
    const gb_kernel *k = gb_select(format, op, cap);
    return k ? k->fn : gb_reference(format, op);
}
