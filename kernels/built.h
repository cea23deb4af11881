/* A gb_fn of a kernel, or of nothing where its tier is not built: the compiler's command line defines GB_BUILT_<isa>
 * as 1 or 0. */
#ifndef GB_BUILT_H
#define GB_BUILT_H

#define GB_FN_1(symbol, op)                                                                                            \
    { .op = symbol }
#define GB_FN_0(symbol, op)                                                                                            \
    { .any = NULL }
#define GB_FN_EXPAND(built, symbol, op) GB_FN_##built(symbol, op)
#define GB_FN(built, symbol, op)        GB_FN_EXPAND(built, symbol, op)

#endif
