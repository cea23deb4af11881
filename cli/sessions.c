#include "cli/sessions.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/print.h"
#include "harness/alloc.h"
#include "harness/child.h"
#include "results/compare_print.h"
#include "results/identity.h"

static const size_t most_output = (size_t)1 << 30;

/* The words of one child's command line. */
typedef struct words {
    char *word[48];
    char text[48][96];
    size_t count;
} words;

static void add(words *w, const char *option, const char *value) {
    w->word[w->count++] = (char *)option;
    if (value) w->word[w->count++] = (char *)value;
}

/* The buffer that the next value may use. */
static char *value(words *w, const char *format, double v) {
    char *text = w->text[w->count];
    (void)snprintf(text, sizeof w->text[0], format, v);
    return text;
}

static char *levels(words *w, const gb_bench_options *o) {
    char *text = w->text[w->count];
    text[0] = 0;
    for (int l = 0; l < GB_BENCH_LEVEL_COUNT; l++) {
        const size_t n = strlen(text);
        if (o->level[l]) (void)snprintf(text + n, sizeof w->text[0] - n, "%s%s", n ? "," : "", gb_bench_level_names[l]);
    }
    return text;
}

/* The effort of verification is full in the first session only: the kernels are the same in all. `other` is another
 * build, perhaps an older one: it gets only what was asked for. */
static void command_line(words *w, const char *program, const gb_bench_arguments *a, bool yardstick, bool first,
                         bool other) {
    const gb_bench_options *o = &a->options;
    *w = (words){0};
    add(w, program, "bench");
    add(w, "--json", NULL);
    if (o->format >= 0) add(w, "--format", gb_formats[o->format].name);
    if (o->op >= 0) add(w, "--op", gb_op_names[o->op]);
    if (o->isa >= 0) add(w, "--isa", gb_isas[o->isa].name);
    if (o->best) add(w, "--best", NULL);
    if (o->filter) add(w, "--filter", o->filter);
    if (a->shape)
        add(w, "--shape", a->shape);
    else
        add(w, "--size", levels(w, o));
    if (o->cold) add(w, "--cold", NULL);
    add(w, "--samples", value(w, "%.0f", (double)o->samples));
    add(w, "--min-time", value(w, "%.9g", o->min_ms));
    if (!other || a->precision_given) add(w, "--precision", value(w, "%.9g", o->precision * 100));
    if (o->max_ms > 0) add(w, "--max-time", value(w, "%.9g", o->max_ms));
    if (a->counters) add(w, "--counters", a->counters);
    if (a->events) add(w, "--events", a->events);
    char *seed = w->text[w->count];
    (void)snprintf(seed, sizeof w->text[0], "%llu", (unsigned long long)o->seed);
    add(w, "--seed", seed);
    if (a->cpu >= 0) add(w, "--cpu", value(w, "%.0f", a->cpu));
    if (a->place.cpu_list) add(w, "--cpu-list", a->place.cpu_list);
    if (a->place.numa_text) add(w, "--numa", a->place.numa_text);
    if (!first || o->effort == GB_EFFORT_QUICK) add(w, "--quick", NULL);
    if (yardstick) add(w, "--yardstick", NULL);
}

static int one_session(const char *program, const gb_bench_arguments *a, bool yardstick, bool first, bool other,
                       gb_results *out, gb_error *err) {
    words w;
    char *text = NULL;
    size_t size = 0;
    int status = 0;
    char name[4096];
    command_line(&w, program, a, yardstick, first, other);
    int rc = gb_child_output(w.word, most_output, &text, &size, &status, err);
    (void)snprintf(name, sizeof name, "%.3000s bench", program);
    if (!rc && status == 1 && size) /* records came: of kernels with wrong bits among them */
        rc = gb_fail(err, GB_EFINDING, "%s: kernels fail verification; nothing is compared", name);
    else if (!rc && status != 0)
        rc = gb_fail(err, GB_EINPUT, "%s: ended with status %d", name, status);
    if (!rc) rc = gb_results_parse(out, text, size, name, err);
    free(text);
    return rc;
}

static void show(size_t done, size_t total) {
    if (isatty(STDERR_FILENO) != 1) return;
    fputs("\r\033[K", stderr);
    if (done < total) fprintf(stderr, "session %zu of %zu", done + 1, total);
}

static int own_path(char *path, size_t size, gb_error *err) {
    const ssize_t n = readlink("/proc/self/exe", path, size - 1);
    if (n <= 0)
        return gb_fail(err, GB_ESYSTEM, "/proc/self/exe cannot be read: this program does not know its own path");
    path[n] = 0;
    return GB_OK;
}

static int run_all(const gb_bench_arguments *a, bool yardstick, const char *const program[2], gb_results *sessions,
                   gb_error *err) {
    const size_t n = a->sessions;
    int rc = GB_OK;
    for (size_t s = 0; !rc && s < n; s++) {
        show(s, n);
        for (size_t turn = 0; !rc && turn < 2; turn++) {
            const size_t which = (s + turn) % 2; /* AB BA AB ...: neither gains by a drift */
            if (program[which])
                rc = one_session(program[which], a, yardstick, s == 0, which == 0, &sessions[which * n + s], err);
        }
    }
    show(n, n);
    return rc;
}

int gb_sessions_run(const gb_bench_arguments *a, bool yardstick, const char *other, const gb_run *run, gb_results *mine,
                    gb_results *others, gb_error *err) {
    char self[4096];
    size_t left_out[2] = {0};
    const size_t n = a->sessions;
    gb_results *sessions = gb_new(2 * n, sizeof *sessions, "sessions", err);
    if (!sessions) return GB_ESYSTEM;
    int rc = own_path(self, sizeof self, err);
    const char *const program[2] = {other, self};
    if (!rc) rc = run_all(a, yardstick, program, sessions, err);
    if (!rc) rc = gb_results_join(sessions + n, n, run, mine, &left_out[1], err);
    if (!rc && other) rc = gb_results_join(sessions, n, run, others, &left_out[0], err);
    if (!rc && left_out[0] + left_out[1])
        fprintf(stderr, "%zu results are not in every session and were left out\n", left_out[0] + left_out[1]);
    for (size_t i = 0; i < 2 * n; i++) gb_results_free(&sessions[i]);
    free(sessions);
    return rc;
}

void gb_sessions_print(const gb_results *all, const gb_run *run) {
    size_t unreliable = 0;
    size_t fewest = SIZE_MAX;
    printf("%s\n\n%-44s %11s %25s %9s  %s\n", run->command, "kernel", "ns/call", "95 % interval", "A/A", "samples");
    for (size_t i = 0; i < all->count; i++) {
        gb_measured m;
        gb_measured noise;
        char text[3][32];
        char interval[72];
        char *label = gb_result_label(&all->of[i], NULL);
        if (label && gb_result_metric(&all->of[i], "ns_per_call", &m)) {
            if (!gb_result_metric(&all->of[i], "aa_noise", &noise)) noise.median = 0;
            (void)snprintf(interval, sizeof interval, "%s-%s", gb_four_digits(m.low, text[0]),
                           gb_four_digits(m.high, text[1]));
            printf("%-44s %11s %25s %7.2f %%  %zu sessions\n", label, gb_four_digits(m.median, text[2]), interval,
                   100 * noise.median, m.n);
            if (gb_result_spoilt(&all->of[i])) printf("    unreliable: %s\n", gb_result_spoilt(&all->of[i]));
            unreliable += gb_result_spoilt(&all->of[i]) != NULL;
            if (m.n < fewest) fewest = m.n;
        }
        free(label);
    }
    gb_bench_print_coverage(stdout, fewest);
    printf("unreliable: %zu of %zu timings\n", unreliable, all->count);
}
