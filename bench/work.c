#include "bench/work.h"

enum { MOST_N = 4096, LEAST_N = 256, HEAD = 128, FLOAT = 4 };

int gb_op_is_row(gb_op op) {
    switch (op) {
    case GB_OP_gemv:
    case GB_OP_gemm:
    case GB_OP_rope:
    case GB_OP_attn_score:
    case GB_OP_attn_acc:
        return 0;
    default:
        return 1;
    }
}

int gb_op_takes_matrix(gb_op op) {
    return op == GB_OP_quantize || op == GB_OP_dequantize || op == GB_OP_dot || op == GB_OP_gemv || op == GB_OP_gemm;
}

gb_work gb_work_of(gb_format format, gb_op op, const gb_shape *shape) {
    const double n = (double)shape->n;
    const double rows = (double)shape->rows;
    const double cols = (double)shape->cols;
    const double row = (double)gb_row_bytes(format, shape->n);
    const double act = (double)gb_row_bytes(gb_formats[format].partner, shape->n);
    switch (op) {
    case GB_OP_quantize:
    case GB_OP_quantize_act:
    case GB_OP_dequantize:
        return (gb_work){.weights = n, .bytes = n * FLOAT + row};
    case GB_OP_dot:
        return (gb_work){.weights = n, .bytes = row + act + FLOAT, .ops = 2 * n};
    case GB_OP_gemv:
        return (gb_work){n * rows, rows * row + act + rows * FLOAT, 2 * n * rows};
    case GB_OP_gemm:
        return (gb_work){n * rows * cols, rows * row + cols * act + rows * cols * FLOAT, 2 * n * rows * cols};
    case GB_OP_rmsnorm:
        return (gb_work){n, 3 * n * FLOAT, 4 * n};
    case GB_OP_rope:
        return (gb_work){n * rows, (2 * rows + 1) * n * FLOAT, 3 * n * rows};
    case GB_OP_softmax:
        return (gb_work){.weights = n, .bytes = 2 * n * FLOAT};
    case GB_OP_silu_mul:
        return (gb_work){.weights = n, .bytes = 3 * n * FLOAT};
    case GB_OP_add:
        return (gb_work){n, 3 * n * FLOAT, n};
    case GB_OP_argmax:
        return (gb_work){.weights = n, .bytes = n * FLOAT};
    case GB_OP_attn_score:
    case GB_OP_attn_acc:
        return (gb_work){n * rows, rows * row + n * FLOAT + rows * FLOAT, 2 * n * rows};
    case GB_OP_COUNT:
        break;
    }
    return (gb_work){0};
}

const char *const gb_arithmetic_names[] = {
#define GB_ARITHMETIC_NAME(name) #name,
    GB_ARITHMETICS(GB_ARITHMETIC_NAME)
#undef GB_ARITHMETIC_NAME
};

gb_arithmetic gb_arithmetic_of(gb_format format, gb_op op) {
    const gb_shape one = {gb_formats[format].block_elems, 1, 1};
    if (gb_work_of(format, op, &one).ops <= 0) return GB_ARITHMETIC_none;
    if (op != GB_OP_dot && op != GB_OP_gemv && op != GB_OP_gemm) return GB_ARITHMETIC_floats;
    const gb_format partner = gb_formats[format].partner;
    const int is_float = partner == GB_FORMAT_f32 || partner == GB_FORMAT_f16 || partner == GB_FORMAT_bf16;
    return is_float ? GB_ARITHMETIC_floats : GB_ARITHMETIC_int8;
}

double gb_bits_per_weight(gb_format format, size_t n) {
    return 8 * (double)gb_row_bytes(format, n) / (double)n;
}

/* Rows that fill what the target leaves beside `fixed` bytes, at least `least`. */
static size_t fit_rows(size_t target, size_t fixed, size_t per_row, size_t least) {
    const size_t rows = target > fixed ? (target - fixed) / per_row : 0;
    return rows > least ? rows : least;
}

/* Bytes that do not grow with the rows: activations of all columns, the query, the angles. */
static size_t fixed_bytes(gb_format format, gb_op op, const gb_shape *s) {
    if (op == GB_OP_gemv || op == GB_OP_gemm) return s->cols * gb_row_bytes(gb_formats[format].partner, s->n);
    return s->n * FLOAT;
}

static size_t bytes_per_row(gb_format format, gb_op op, const gb_shape *s) {
    if (op == GB_OP_rope) return s->n * FLOAT;
    return gb_row_bytes(format, s->n) + s->cols * FLOAT;
}

gb_shape gb_shape_for(gb_format format, gb_op op, size_t target) {
    gb_shape s = {.n = MOST_N, .rows = 1, .cols = op == GB_OP_gemm ? GB_BENCH_COLUMNS : 1};
    if (gb_op_is_row(op)) {
        while (s.n > LEAST_N && gb_work_of(format, op, &s).bytes > (double)target) s.n /= 2;
        return s;
    }
    if (op != GB_OP_gemv && op != GB_OP_gemm) {
        s.n = HEAD;
        s.rows = fit_rows(target, fixed_bytes(format, op, &s), bytes_per_row(format, op, &s), 1);
        return s;
    }
    /* four rows must fit beside activations that take no more than half: the weights are what is measured */
    while (s.n > LEAST_N && (fixed_bytes(format, op, &s) > target / 2 ||
                             fixed_bytes(format, op, &s) + 4 * bytes_per_row(format, op, &s) > target))
        s.n /= 2;
    s.rows = fit_rows(target, fixed_bytes(format, op, &s), bytes_per_row(format, op, &s), 4);
    return s;
}
