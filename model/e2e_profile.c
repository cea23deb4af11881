/* Load time, first token and memory of one model, in a process of its own: a process that has loaded other models
 * before cannot tell what this one takes. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/alloc.h"
#include "harness/clock.h"
#include "harness/file.h"
#include "model/context.h"
#include "model/e2e.h"

typedef struct answer {
    int rc;
    gb_error err;
    gb_e2e_profile profile;
} answer;

static double ms_since(uint64_t start) {
    return (double)(gb_now_ns() - start) * 1e-6;
}

/* Share of the file's pages that are in memory; NaN if it is not known. */
static double resident_share(const char *path) {
    gb_map map;
    if (gb_map_open(path, &map, NULL) != GB_OK) return NAN;
    const double share = gb_map_resident(&map);
    gb_map_close(&map);
    return share;
}

/* A "Name:   123 kB" line of /proc/self/status in bytes, 0 if there is none. */
static uint64_t status_bytes(const char *name) {
    FILE *f = fopen("/proc/self/status", "r");
    if (!f) return 0;
    char line[256];
    unsigned long long kb = 0;
    const size_t length = strlen(name);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, name, length) == 0 && line[length] == ':') kb = strtoull(line + length + 1, NULL, 10);
    fclose(f);
    return (uint64_t)kb * 1024;
}

static int choose(void *user, size_t first, size_t rows, const float *logits, gb_error *err) {
    (void)first;
    (void)rows;
    (void)err;
    const gb_llama *m = user;
    return m->argmax(logits, m->n_vocab) < m->n_vocab ? GB_OK : GB_ESYSTEM;
}

static int first_tokens(const gb_e2e_params *p, gb_llama *m, gb_context *c, gb_e2e_profile *out, gb_error *err) {
    const size_t count = p->prompt ? p->prompt : 1;
    int32_t *ids = gb_new(count, sizeof *ids, "tokens", err);
    if (!ids) return err->code;
    gb_e2e_tokens(ids, count, m->n_vocab, p->seed);
    uint64_t start = gb_now_ns();
    int rc = gb_context_eval(c, ids, 1, 0, choose, m, err);
    out->first_decode_ms = ms_since(start);
    gb_context_reset(c);
    start = gb_now_ns();
    if (!rc && p->prompt) {
        rc = gb_context_eval(c, ids, count, count - 1, choose, m, err);
        out->ttft_ms = ms_since(start);
    }
    free(ids);
    return rc;
}

static int measure(const gb_e2e_params *p, const char *path, size_t threads, gb_e2e_profile *out, gb_error *err) {
    *out = (gb_e2e_profile){.resident_before = resident_share(path), .ttft_ms = NAN};
    gb_pool *pool = NULL;
    gb_llama *m = NULL;
    gb_context *c = NULL;
    const size_t most = p->prompt > p->generate ? p->prompt : p->generate;
    const gb_context_params params = {.n_ctx = most ? most : 1, .n_batch = p->n_batch, .kv = p->kv};
    int rc = gb_pool_new(threads, p->cpus, p->cpu_count, &pool, err);
    const uint64_t start = gb_now_ns();
    if (!rc) rc = gb_llama_load(path, &p->cap, pool, &m, err);
    if (!rc) rc = gb_context_new(m, pool, &params, &c, err);
    out->load_ms = ms_since(start);
    if (!rc) rc = first_tokens(p, m, c, out, err);
    if (!rc) {
        out->peak_rss_bytes = status_bytes("VmHWM");
        out->rss_anon_bytes = status_bytes("RssAnon");
        out->rss_file_bytes = status_bytes("RssFile");
        out->kv_bytes = gb_context_kv_bytes(c);
        out->work_bytes = gb_context_work_bytes(c);
        out->model_bytes = m->file->map.size;
        out->tensor_bytes = gb_llama_tensor_bytes(m);
        out->bits_per_weight = gb_llama_bits_per_weight(m);
    }
    gb_context_free(c);
    gb_llama_free(m);
    gb_pool_free(pool);
    return rc;
}

static bool transfer(int fd, void *data, size_t size, bool out) {
    char *p = data;
    while (size > 0) {
        const ssize_t n = out ? write(fd, p, size) : read(fd, p, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

int gb_e2e_measure_profile(const gb_e2e_params *params, const char *model, size_t threads, gb_e2e_profile *out,
                           gb_error *err) {
    int ends[2];
    if (pipe(ends) != 0) return gb_fail(err, GB_ESYSTEM, "pipe: %s", strerror(errno));
    const pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return gb_fail(err, GB_ESYSTEM, "fork: %s", strerror(errno));
    }
    answer a = {0};
    if (child == 0) {
        close(ends[0]);
        a.rc = measure(params, model, threads, &a.profile, &a.err);
        _exit(transfer(ends[1], &a, sizeof a, true) ? 0 : 1);
    }
    close(ends[1]);
    const bool whole = transfer(ends[0], &a, sizeof a, false);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (!whole)
        return gb_fail(err, GB_ESYSTEM, "%s: the measuring process ended early (%s %d)", model,
                       WIFSIGNALED(status) ? "signal" : "status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    if (a.rc) {
        if (err) *err = a.err;
        return a.rc;
    }
    *out = a.profile;
    return GB_OK;
}
