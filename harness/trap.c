#include "harness/trap.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

static const struct {
    int number;
    const char *name;
} signals[] = {{SIGILL, "SIGILL"}, {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGTRAP, "SIGTRAP"}};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

typedef struct frame {
    sigjmp_buf env;
    struct frame *outer;
    const void *address;
} frame;

static _Thread_local frame *top;
static _Thread_local unsigned char handler_stack[64 * 1024]; /* holds the widest register state with room to spare */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users; /* threads inside gb_trap_run, under lock */
static struct sigaction previous[SIGNALS];

static void on_signal(int signal, siginfo_t *info, void *context) {
    (void)context;
    if (top) {
        top->address = info->si_code > 0 ? info->si_addr : NULL;
        siglongjmp(top->env, signal);
    }
    /* not ours: give it back, and let the instruction fault again (or send it again, if it was sent) */
    for (size_t i = 0; i < SIGNALS; i++)
        if (signals[i].number == signal) (void)sigaction(signal, &previous[i], NULL);
    if (info->si_code <= 0) (void)raise(signal);
}

static void install(void) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    pthread_mutex_lock(&lock);
    if (users++ == 0)
        for (size_t i = 0; i < SIGNALS; i++) (void)sigaction(signals[i].number, &action, &previous[i]);
    pthread_mutex_unlock(&lock);
}

static void restore(void) {
    pthread_mutex_lock(&lock);
    if (--users == 0)
        for (size_t i = 0; i < SIGNALS; i++) (void)sigaction(signals[i].number, &previous[i], NULL);
    pthread_mutex_unlock(&lock);
}

/* SA_NODEFER: the signal is not blocked while its handler runs, so no mask has to be saved and put back (a system call
 * per sigsetjmp). */
static int run_in_frame(gb_trap_fn *fn, void *ctx, const void **address) {
    frame here = {.outer = top, .address = NULL};
    const int signal = sigsetjmp(here.env, 0);
    if (signal == 0) {
        top = &here;
        fn(ctx);
    }
    top = here.outer;
    if (address) *address = here.address;
    return signal;
}

int gb_trap_run(gb_trap_fn *fn, void *ctx, const void **address) {
    if (top) return run_in_frame(fn, ctx, address);
    const stack_t mine = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    stack_t old;
    (void)sigaltstack(&mine, &old);
    install();
    const int signal = run_in_frame(fn, ctx, address);
    restore();
    (void)sigaltstack(&old, NULL);
    return signal;
}

const char *gb_trap_name(int signal) {
    for (size_t i = 0; i < SIGNALS; i++)
        if (signals[i].number == signal) return signals[i].name;
    return NULL;
}
