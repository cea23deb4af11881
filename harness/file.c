#include "harness/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/alloc.h"

/* --- temporaries that a signal must remove --------------------------------------------------------------------- */

enum { SLOTS = 32, FREE = 0, CLAIMED = 1, LIVE = 2 };

/* Written by ordinary code, read by the handler: `state` LIVE publishes the other fields. */
static struct temporary {
    _Atomic int state;
    pid_t owner; /* a forked child must not remove its parent's file */
    char path[PATH_MAX];
} temporaries[SLOTS];

static const int fatal_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { FATAL_COUNT = sizeof fatal_signals / sizeof fatal_signals[0] };
static struct sigaction previous[FATAL_COUNT];

/* Async-signal-safe calls only. After the removal the signal takes its former course. */
static void remove_and_reraise(int number) {
    const int saved = errno;
    for (int i = 0; i < SLOTS; i++)
        if (atomic_load(&temporaries[i].state) == LIVE && temporaries[i].owner == getpid())
            (void)unlink(temporaries[i].path);
    for (int i = 0; i < FATAL_COUNT; i++)
        if (fatal_signals[i] == number) (void)sigaction(number, &previous[i], NULL);
    (void)raise(number);
    errno = saved;
}

static void install_handlers(void) {
    for (int i = 0; i < FATAL_COUNT; i++) {
        struct sigaction now;
        if (sigaction(fatal_signals[i], NULL, &now) != 0) continue;
        if (now.sa_handler == SIG_IGN || now.sa_handler == remove_and_reraise) continue; /* nohup keeps its meaning */
        struct sigaction mine = {.sa_handler = remove_and_reraise};
        (void)sigemptyset(&mine.sa_mask);
        previous[i] = now;
        (void)sigaction(fatal_signals[i], &mine, NULL);
    }
    /* A file-size limit should be an error with a message, not a death. */
    struct sigaction now;
    if (sigaction(SIGXFSZ, NULL, &now) == 0 && now.sa_handler == SIG_DFL) (void)signal(SIGXFSZ, SIG_IGN);
}

static struct temporary *claim_temporary(void) {
    for (int i = 0; i < SLOTS; i++) {
        int expected = FREE;
        if (atomic_compare_exchange_strong(&temporaries[i].state, &expected, CLAIMED)) return &temporaries[i];
    }
    return NULL;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static const char *kind_of(mode_t mode) {
    return S_ISDIR(mode) ? "a directory" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

int gb_map_open(const char *path, gb_map *map, gb_error *err) {
    *map = (gb_map){0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer must not block */
    if (fd < 0) return gb_fail(err, GB_EINPUT, "%s: cannot open: %s", path, strerror(errno));
    struct stat st;
    int rc = GB_OK;
    if (fstat(fd, &st) != 0) {
        rc = gb_fail(err, GB_ESYSTEM, "%s: cannot read its size: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        rc = gb_fail(err, GB_EINPUT, "%s: found %s, expected a regular file", path, kind_of(st.st_mode));
    } else if ((uintmax_t)st.st_size > SIZE_MAX) {
        rc = gb_fail(err, GB_EINPUT, "%s: %jd bytes do not fit the address space", path, (intmax_t)st.st_size);
    } else if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
            rc = gb_fail(err, GB_ESYSTEM, "%s: cannot map %jd bytes: %s", path, (intmax_t)st.st_size, strerror(errno));
        else
            *map = (gb_map){.data = p, .size = (size_t)st.st_size};
    }
    (void)close(fd);
    return rc;
}

double gb_map_resident(const gb_map *map) {
    const long page = sysconf(_SC_PAGESIZE);
    if (!map->data || page <= 0) return NAN;
    const size_t pages = (map->size + (size_t)page - 1) / (size_t)page;
    unsigned char *in = calloc(pages, 1);
    double share = NAN;
    if (in && mincore((void *)(uintptr_t)map->data, map->size, in) == 0) {
        size_t there = 0;
        for (size_t i = 0; i < pages; i++) there += in[i] & 1U;
        share = (double)there / (double)pages;
    }
    free(in);
    return share;
}

void gb_map_close(gb_map *map) {
    if (map->data) (void)munmap((void *)(uintptr_t)map->data, map->size);
    *map = (gb_map){0};
}

void gb_map_let_go(const uint8_t *from, const uint8_t *to) {
    const size_t mask = (size_t)sysconf(_SC_PAGESIZE) - 1;
    const uint8_t *begin = from + (-(uintptr_t)from & mask);
    const uint8_t *end = to - ((uintptr_t)to & mask);
    if (begin < end) (void)madvise((void *)(uintptr_t)begin, (size_t)(end - begin), MADV_DONTNEED);
}

/* Reads to the end of fd into *data, growing it. */
static int read_stream(int fd, const char *name, size_t max, uint8_t **data, size_t *size, gb_error *err) {
    size_t capacity = 0;
    size_t used = 0;
    uint8_t *buffer = NULL;
    for (;;) {
        if (used == capacity) {
            const size_t wanted = capacity ? capacity * 2 : 65536; /* stays below 2 * (max + 1) */
            capacity = wanted > max ? max + 1 : wanted;            /* one byte more shows that there is too much */
            uint8_t *grown = capacity < SIZE_MAX ? realloc(buffer, capacity + 1) : NULL;
            if (!grown) {
                free(buffer);
                return gb_fail(err, GB_ESYSTEM, "%s: out of memory (%zu bytes)", name, capacity);
            }
            buffer = grown;
        }
        const ssize_t got = read(fd, buffer + used, capacity - used);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            const int code = errno == EISDIR ? GB_EINPUT : GB_ESYSTEM;
            free(buffer);
            return gb_fail(err, code, "%s: reading at byte %zu failed: %s", name, used, strerror(errno));
        }
        used += (size_t)got;
        if (used > max) {
            free(buffer);
            return gb_fail(err, GB_EINPUT, "%s: more than %zu bytes, the most that is read here", name, max);
        }
        if (got == 0) break;
    }
    buffer[used] = 0;
    *data = buffer;
    *size = used;
    return GB_OK;
}

int gb_read_all(const char *path, size_t max, uint8_t **data, size_t *size, gb_error *err) {
    *data = NULL;
    *size = 0;
    if (max > SIZE_MAX / 4) max = SIZE_MAX / 4;
    if (!path || strcmp(path, "-") == 0) return read_stream(STDIN_FILENO, "standard input", max, data, size, err);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return gb_fail(err, GB_EINPUT, "%s: cannot open: %s", path, strerror(errno));
    const int rc = read_stream(fd, path, max, data, size, err);
    (void)close(fd);
    return rc;
}

/* --- output ------------------------------------------------------------------------------------------------------ */

enum { BUFFER = 1 << 18 };

struct gb_output {
    int fd;
    int failed;             /* a write failed: commit refuses */
    struct temporary *temp; /* NULL: a device or pipe, written directly */
    char *final;            /* where the file will stand: the path with symbolic links resolved */
    uint64_t offset;        /* bytes given so far */
    size_t filled;
    uint8_t *buffer;
};

static void output_free(gb_output *out) {
    if (out->fd >= 0) (void)close(out->fd);
    if (out->temp) atomic_store(&out->temp->state, FREE);
    free(out->final);
    free(out->buffer);
    free(out);
}

void gb_output_abort(gb_output *out) {
    if (!out) return;
    if (out->temp && out->fd >= 0) (void)unlink(out->temp->path);
    output_free(out);
}

/* Creates the temporary beside the final file. */
static int open_temporary(gb_output *out, mode_t mode, gb_error *err) {
    install_handlers();
    struct temporary *t = claim_temporary();
    if (!t) return gb_fail(err, GB_ESYSTEM, "%s: more than %d output files at once", out->final, SLOTS);
    out->temp = t;
    t->owner = getpid();
    for (int attempt = 0; attempt < 100; attempt++) {
        const int n = attempt == 0
                          ? snprintf(t->path, sizeof t->path, "%s.tmp.%ld", out->final, (long)t->owner)
                          : snprintf(t->path, sizeof t->path, "%s.tmp.%ld.%d", out->final, (long)t->owner, attempt);
        if (n < 0 || (size_t)n >= sizeof t->path)
            return gb_fail(err, GB_EINPUT, "%s: the name is too long", out->final);
        atomic_store(&t->state, LIVE); /* before the file exists: no signal falls between */
        out->fd = open(t->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        const int error = errno;
        if (out->fd >= 0) {
            if (mode) (void)fchmod(out->fd, mode & 07777U); /* an existing file keeps its permissions */
            return GB_OK;
        }
        if (error != EEXIST) return gb_fail(err, GB_EINPUT, "%s: cannot create it: %s", out->final, strerror(error));
    }
    return gb_fail(err, GB_ESYSTEM, "%s: a hundred temporaries of this name exist; remove '%s*'", out->final, t->path);
}

int gb_output_open(const char *path, gb_output **result, gb_error *err) {
    *result = NULL;
    gb_output *out = gb_new(1, sizeof *out, path, err);
    if (!out) return GB_ESYSTEM;
    out->fd = -1;
    out->buffer = malloc(BUFFER);
    struct stat st;
    const int exists = stat(path, &st) == 0;
    out->final = exists ? realpath(path, NULL) : strdup(path);
    int rc = GB_OK;
    if (!out->buffer || !out->final) {
        rc = gb_fail(err, GB_ESYSTEM, "%s: cannot prepare the output: %s", path, strerror(errno));
    } else if (exists && S_ISDIR(st.st_mode)) {
        rc = gb_fail(err, GB_EINPUT, "%s: found a directory, expected the name of a file to write", path);
    } else if (exists && !S_ISREG(st.st_mode)) {
        out->fd = open(path, O_WRONLY | O_CLOEXEC);
        if (out->fd < 0) rc = gb_fail(err, GB_EINPUT, "%s: cannot open for writing: %s", path, strerror(errno));
    } else {
        rc = open_temporary(out, exists ? st.st_mode : 0, err);
    }
    if (rc) {
        gb_output_abort(out);
        return rc;
    }
    *result = out;
    return GB_OK;
}

static int write_through(gb_output *out, const uint8_t *data, size_t size, gb_error *err) {
    while (size) {
        const ssize_t done = write(out->fd, data, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) {
            out->failed = 1;
            return gb_fail(err, GB_ESYSTEM, "%s: writing near byte %llu failed: %s", out->final,
                           (unsigned long long)out->offset, strerror(done < 0 ? errno : EIO));
        }
        data += done;
        size -= (size_t)done;
    }
    return GB_OK;
}

static int flush_buffer(gb_output *out, gb_error *err) {
    const size_t n = out->filled;
    out->filled = 0;
    return write_through(out, out->buffer, n, err);
}

int gb_output_write(gb_output *out, const void *data, size_t size, gb_error *err) {
    if (out->failed) return gb_fail(err, GB_ESYSTEM, "%s: an earlier write failed", out->final);
    if (size > BUFFER - out->filled) {
        const int rc = flush_buffer(out, err);
        if (rc) return rc;
    }
    out->offset += size;
    if (size > BUFFER) return write_through(out, data, size, err);
    if (size) memcpy(out->buffer + out->filled, data, size);
    out->filled += size;
    return GB_OK;
}

int gb_output_pad(gb_output *out, size_t alignment, gb_error *err) {
    static const uint8_t zeros[4096];
    uint64_t left = (alignment - (out->offset & (alignment - 1))) & (alignment - 1);
    while (left) {
        const size_t step = left < sizeof zeros ? (size_t)left : sizeof zeros;
        const int rc = gb_output_write(out, zeros, step, err);
        if (rc) return rc;
        left -= step;
    }
    return GB_OK;
}

uint64_t gb_output_offset(const gb_output *out) {
    return out->offset;
}

/* The new name is only safe on disk when the directory is; a file system that cannot do that is left alone. */
static void sync_directory(const char *path) {
    char *copy = strdup(path);
    if (!copy) return;
    char *slash = strrchr(copy, '/');
    if (slash) slash[slash == copy] = 0;
    const int fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
    free(copy);
}

int gb_output_commit(gb_output *out, gb_error *err) {
    int rc = GB_OK;
    if (out->failed)
        rc = gb_fail(err, GB_ESYSTEM, "%s: not written, an earlier write failed", out->final);
    else
        rc = flush_buffer(out, err);
    if (!rc && out->temp && fsync(out->fd) != 0)
        rc = gb_fail(err, GB_ESYSTEM, "%s: writing to disk failed: %s", out->final, strerror(errno));
    if (!rc && out->temp && rename(out->temp->path, out->final) != 0)
        rc =
            gb_fail(err, GB_ESYSTEM, "%s: cannot rename the finished file into place: %s", out->final, strerror(errno));
    if (rc) {
        gb_output_abort(out);
        return rc;
    }
    if (out->temp) sync_directory(out->final);
    const int fd = out->fd;
    out->fd = -1;
    if (close(fd) != 0) rc = gb_fail(err, GB_ESYSTEM, "%s: closing failed: %s", out->final, strerror(errno));
    output_free(out);
    return rc;
}
