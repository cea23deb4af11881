/* The truth: for every (format, operation) the one defined result, as plain C.
 *
 * Written to be read as a specification, never optimized: IEEE binary32, one rounding per operation, in the written
 * order; built for the baseline instruction set with -ffp-contract=off -fno-tree-vectorize. The symbols are
 * gb_ref_<format>_<op>, with the operation types of kernels/kernel.h. */
#ifndef GB_REFERENCE_H
#define GB_REFERENCE_H

#include "kernels/kernel.h"

#define GB_REF_W(name)                                                                                                 \
    gb_quantize_fn gb_ref_##name##_quantize;                                                                           \
    gb_dequantize_fn gb_ref_##name##_dequantize;                                                                       \
    gb_dot_fn gb_ref_##name##_dot;                                                                                     \
    gb_gemv_fn gb_ref_##name##_gemv;                                                                                   \
    gb_gemm_fn gb_ref_##name##_gemm;
#define GB_REF_A(name)                                                                                                 \
    gb_quantize_act_fn gb_ref_##name##_quantize_act;                                                                   \
    gb_dequantize_fn gb_ref_##name##_dequantize;
#define GB_REF_D(name)
#define GB_REF_WA(name)                                           GB_REF_W(name) gb_quantize_act_fn gb_ref_##name##_quantize_act;
#define GB_REF_ROW(name, NAME, kind, type, elems, bytes, partner) GB_REF_##kind(name)
GB_FORMATS(GB_REF_ROW)
#undef GB_REF_ROW
#undef GB_REF_WA
#undef GB_REF_D
#undef GB_REF_A
#undef GB_REF_W

/* ggml's iq3_s encoder with its defect: super-blocks that have a zero among their 32s are damaged, the others equal. */
gb_quantize_fn gb_ref_iq3_s_quantize_ggml;

/* gemv and gemm of any format are defined by its dot (R3): one output element, one dot. */
void gb_ref_gemv(gb_dot_fn *dot, const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y);
void gb_ref_gemm(gb_dot_fn *dot, const gb_gemm_args *g);

gb_rmsnorm_fn gb_ref_f32_rmsnorm;
gb_rope_fn gb_ref_f32_rope;
gb_softmax_fn gb_ref_f32_softmax;
gb_silu_mul_fn gb_ref_f32_silu_mul;
gb_add_fn gb_ref_f32_add;
gb_argmax_fn gb_ref_f32_argmax;
gb_attn_score_fn gb_ref_f32_attn_score, gb_ref_f16_attn_score, gb_ref_q8_0_attn_score;
gb_attn_acc_fn gb_ref_f32_attn_acc, gb_ref_f16_attn_acc, gb_ref_q8_0_attn_acc;

#endif
