/* A terminal for tests: runs a program on a pseudo-terminal of 80 x 24 and talks to it as a script
 * says, so that a test waits for what the program prints and for no clock.
 *   terminal SCRIPT PROGRAM [ARGUMENT...]
 * Lines of the script: `expect TEXT` waits until the program has printed TEXT after what was found
 * before; `type TEXT` sends it. In both, \r \n \t \e \\ \xHH and \_ (a space) stand for bytes. At
 * the script's end the program has to end. What it printed goes to stdout; the exit code is the
 * program's, 128 + N after a signal, 124 when it said nothing expected for 20 seconds, 2 for a bad
 * script. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE = 20000, ROOM = 1 << 20, NO_ANSWER = 124, BAD_SCRIPT = 2 };

static char said[ROOM];
static size_t n_said, searched;
static int master;
static pid_t program;

static void give_up(int code, const char *problem, const char *text) {
    fprintf(stderr, "terminal: %s %s\nafter: %s\n", problem, text, said + searched);
    kill(program, SIGKILL);
    exit(code);
}

static void start(char **argv) {
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) || unlockpt(master)) give_up(BAD_SCRIPT, "no pseudo-terminal:", strerror(errno));
    program = fork();
    if (program) return;
    setsid();
    int terminal = open(ptsname(master), O_RDWR);
    ioctl(terminal, TIOCSCTTY, 0);
    ioctl(terminal, TIOCSWINSZ, &size);
    for (int d = 0; d < 3; d++) dup2(terminal, d);
    close(terminal);
    close(master);
    execvp(argv[0], argv);
    _exit(127);
}

/* Reads what the program prints; false at its end, or when it was silent for too long. */
static bool listen_once(bool *late) {
    struct pollfd from = {master, POLLIN, 0};
    *late = poll(&from, 1, PATIENCE) == 0;
    if (*late || n_said + 1 >= ROOM) return false;
    ssize_t n = read(master, said + n_said, ROOM - 1 - n_said);
    if (n <= 0) return false;
    fwrite(said + n_said, 1, (size_t)n, stdout);
    fflush(stdout);
    n_said += (size_t)n;
    return true;
}

/* Turns escapes into bytes, in place; returns how many. */
static size_t unescape(char *text) {
    char *to = text;
    for (char *from = text; *from; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        switch (*++from) {
        case 'r':
            *to++ = '\r';
            break;
        case 'n':
            *to++ = '\n';
            break;
        case 't':
            *to++ = '\t';
            break;
        case 'e':
            *to++ = 27;
            break;
        case '\\':
            *to++ = '\\';
            break;
        case '_':
            *to++ = ' ';
            break;
        case 'x': {
            char digits[3] = {from[1], from[1] ? from[2] : 0, 0};
            *to++ = (char)strtol(digits, NULL, 16);
            from += 2;
            break;
        }
        default:
            give_up(BAD_SCRIPT, "unknown escape in", text);
        }
    }
    *to = 0;
    return (size_t)(to - text);
}

static void expect(const char *text, size_t size) {
    bool late = false;
    for (;;) {
        char *found = memmem(said + searched, n_said - searched, text, size);
        if (found) {
            searched = (size_t)(found - said) + size;
            return;
        }
        if (!listen_once(&late)) give_up(NO_ANSWER, late ? "waited in vain for" : "it ended before it printed", text);
    }
}

int main(int argc, char **argv) {
    char line[4096];
    if (argc < 3) return BAD_SCRIPT;
    FILE *script = fopen(argv[1], "r");
    if (!script) return BAD_SCRIPT;
    start(argv + 2);
    while (fgets(line, sizeof line, script)) {
        line[strcspn(line, "\n")] = 0;
        char *text = strchr(line, ' ');
        if (!text) give_up(BAD_SCRIPT, "no text in", line);
        *text++ = 0;
        size_t size = unescape(text);
        if (!strcmp(line, "expect")) expect(text, size);
        else if (strcmp(line, "type") != 0) give_up(BAD_SCRIPT, "unknown word", line);
        else if (write(master, text, size) != (ssize_t)size) give_up(BAD_SCRIPT, "cannot type", text);
    }
    bool late;
    while (listen_once(&late)) {
    }
    if (late) give_up(NO_ANSWER, "it did not end", "");
    int status;
    waitpid(program, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
