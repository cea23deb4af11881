#include "harness/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int read_all(int fd, size_t most, char **text, size_t *size, const char *name, gb_error *err) {
    size_t room = 1 << 16;
    size_t used = 0;
    char *data = malloc(room);
    int rc = GB_OK;
    if (!data) return gb_fail(err, GB_ESYSTEM, "%s: out of memory", name);
    while (!rc) {
        if (used + 1 == room) {
            char *more = room > most ? NULL : realloc(data, 2 * room);
            if (!more) {
                rc = gb_fail(err, GB_EINPUT, "%s writes more than %zu bytes", name, used);
                break;
            }
            data = more;
            room *= 2;
        }
        const ssize_t n = read(fd, data + used, room - used - 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) rc = gb_fail(err, GB_ESYSTEM, "reading from %s: %s", name, strerror(errno));
        if (n <= 0) break;
        used += (size_t)n;
    }
    if (rc) {
        free(data);
        return rc;
    }
    data[used] = 0;
    *text = data;
    *size = used;
    return GB_OK;
}

static int spawn(char *const *argv, int out, pid_t *pid, gb_error *err) {
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return gb_fail(err, GB_ESYSTEM, "%s: out of memory", argv[0]);
    int code = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (!code) code = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return code ? gb_fail(err, GB_EINPUT, "%s: cannot be run: %s", argv[0], strerror(code)) : GB_OK;
}

int gb_child_output(char *const *argv, size_t most, char **text, size_t *size, int *status, gb_error *err) {
    int ends[2];
    pid_t pid = 0;
    *text = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0) return gb_fail(err, GB_ESYSTEM, "no pipe: %s", strerror(errno));
    int rc = spawn(argv, ends[1], &pid, err);
    (void)close(ends[1]);
    if (!rc) {
        rc = read_all(ends[0], most, text, size, argv[0], err);
        (void)close(ends[0]); /* a child that still writes ends by SIGPIPE */
        int raw = 0;
        while (waitpid(pid, &raw, 0) < 0 && errno == EINTR) {
        }
        *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + (WIFSIGNALED(raw) ? WTERMSIG(raw) : 0);
        return rc;
    }
    (void)close(ends[0]);
    return rc;
}
