/* A crash is a result: runs a function with SIGILL, SIGSEGV, SIGBUS, SIGFPE and SIGTRAP caught. */
#ifndef GB_HARNESS_TRAP_H
#define GB_HARNESS_TRAP_H

typedef void gb_trap_fn(void *ctx);

/* Calls fn(ctx). Returns 0 if it returned, else the signal that ended it (the call is then abandoned where it stood, so
 * fn must not hold locks or memory); *address (may be NULL) is the address the signal reports, or NULL.
 *
 * Calls nest, and threads may each have their own. Handlers are installed by the first call in progress and put back
 * when the last ends, so many short calls inside one long one cost no system call. A signal that hits a thread outside
 * any call goes to the handler that was there before. */
int gb_trap_run(gb_trap_fn *fn, void *ctx, const void **address);

/* "SIGSEGV"; "signal N" is not needed: NULL for a signal that is not one of the five. */
const char *gb_trap_name(int signal);

#endif
