/* The first process of the machine of verify-bochs.sh: runs each line of /commands, tells how it ended, powers off. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Errors go to a file: on a terminal verify shows its progress. */
static int run(char *line) {
    char *argv[64] = {0};
    size_t n = 0;
    for (char *word = strtok(line, " \n"); word && n < 63; word = strtok(NULL, " \n")) argv[n++] = word;
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(open("/errors", O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    int status;
    if (waitpid(pid, &status, 0) != pid) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void print_errors(void) {
    char line[512];
    FILE *f = fopen("/errors", "r");
    while (f && fgets(line, sizeof line, f)) fputs(line, stdout);
    if (f) fclose(f);
}

int main(void) {
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    char line[4096];
    FILE *commands = fopen("/commands", "r");
    while (commands && fgets(line, sizeof line, commands)) {
        printf("run: %s", line);
        fflush(stdout);
        printf("exit: %d\n", run(line));
        fflush(stdout);
    }
    print_errors();
    puts("end");
    fflush(stdout);
    tcdrain(STDOUT_FILENO);
    sleep(1); /* what the emulated UART still holds */
    return reboot(RB_POWER_OFF);
}
