/* fm.core.system: what the runner needs from the operating system. */
#define _GNU_SOURCE /* gethostname, TIOCGWINSZ */
#include "bind.h"
#include "blas.h"
#include "blas_check.h"
#include "bytes.h"
#include "coroutines.h"
#include "libraries.h"
#include "signals.h"
#include "threads.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <time.h>
#include <unistd.h>

/* threads() tells, threads(n) sets how many work on one op; results do not depend on it. */
static int system_threads(lua_State *L) {
    fm_error err;
    if (!lua_isnoneornil(L, 1) && !fm_set_threads((int)bind_check_whole(L, 1, "threads", 1, 256), &err)) return bind_failure(L, &err);
    lua_pushinteger(L, fm_threads());
    return 1;
}

static int system_blas(lua_State *L) { /* version, kernel family */
    lua_pushstring(L, fm_blas_version());
    lua_pushstring(L, fm_blas_core());
    return 2;
}

/* check_products("OpenBLAS" | "own") -> how many were compared | nil, which is wrong */
static int system_check_products(lua_State *L) {
    fm_error err;
    size_t checked;
    static const char *const multipliers[] = {"OpenBLAS", "own", NULL};
    if (!fm_blas_check((fm_multiplier)luaL_checkoption(L, 1, NULL, multipliers), &checked, &err)) return bind_failure(L, &err);
    lua_pushinteger(L, (lua_Integer)checked);
    return 1;
}

static int system_libraries(lua_State *L) {
    char text[FM_LIBRARIES_TEXT];
    fm_libraries(text);
    lua_pushstring(L, text);
    return 1;
}

static int check_descriptor(lua_State *L) {
    return (int)bind_check_whole(L, 1, "descriptor", 0, 2);
}

static int system_is_terminal(lua_State *L) {
    lua_pushboolean(L, isatty(check_descriptor(L)));
    return 1;
}

static int system_columns(lua_State *L) { /* of the terminal at a descriptor, or nil */
    struct winsize size;
    if (ioctl(check_descriptor(L), TIOCGWINSZ, &size) || !size.ws_col) return 0;
    lua_pushinteger(L, size.ws_col);
    return 1;
}

static int system_seconds(lua_State *L) { /* of a clock that never jumps */
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec * 1e-9);
    return 1;
}

/* The kernel's name for this start of the machine, or "unknown". With it a process id means one
 * process. */
static void read_boot(char *text, size_t size) {
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (!f || !fgets(text, (int)size, f)) snprintf(text, size, "unknown");
    text[strcspn(text, "\n")] = 0;
    if (f) fclose(f);
}

static int system_now(lua_State *L) { /* seconds since 1970, with their fraction */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec * 1e-9);
    return 1;
}

static int system_process(lua_State *L) { /* process id, host name, boot id */
    char host[256] = "", boot[64];
    if (gethostname(host, sizeof host - 1)) strcpy(host, "unknown");
    read_boot(boot, sizeof boot);
    lua_pushinteger(L, getpid());
    lua_pushstring(L, host);
    lua_pushstring(L, boot);
    return 3;
}

/* die_with(pid): kills this process when its parent, of that id, ends. False when it has ended
 * already. */
static int system_die_with(lua_State *L) {
    lua_Integer parent = bind_check_whole(L, 1, "process", 1, INT32_MAX);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    lua_pushboolean(L, getppid() == (pid_t)parent); /* asked afterwards, so that no end of the parent is missed */
    return 1;
}

static int system_real_path(lua_State *L) { /* without links, "." and ".."; nil when nothing is there */
    char path[PATH_MAX];
    lua_pushstring(L, realpath(bind_check_text(L, 1, NULL), path)); /* NULL: nil */
    return 1;
}

static int close_channel(lua_State *L) {
    luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    return luaL_fileresult(L, !fclose(stream->f), NULL);
}

/* channel(descriptor) -> a file to write to | nil, message: a pipe that the process which started
 * this one holds at the other end. */
static int system_channel(lua_State *L) {
    int descriptor = (int)bind_check_whole(L, 1, "descriptor", 3, 1023);
    struct stat about;
    fm_error err;
    luaL_Stream *stream = lua_newuserdatauv(L, sizeof *stream, 0);
    stream->closef = NULL; /* for Lua it is closed */
    luaL_setmetatable(L, LUA_FILEHANDLE);
    bool is_pipe = !fstat(descriptor, &about) && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode));
    if (!is_pipe || fcntl(descriptor, F_SETFD, FD_CLOEXEC) || !(stream->f = fdopen(descriptor, "w"))) {
        fm_fail(&err, "descriptor %d is not a pipe", descriptor);
        return bind_failure(L, &err);
    }
    stream->closef = close_channel;
    return 1;
}

/* ---- Ctrl-C at the prompt ---- */

static lua_State *prompt_state;               /* a signal interrupts its chunk */
static volatile sig_atomic_t interrupts_wait; /* how many came since the last one was heeded */

static void heed_interrupts(bool heed);

static void raise_interrupted(lua_State *L, lua_Debug *unused) {
    (void)unused;
    lua_sethook(L, NULL, 0, 0);
    heed_interrupts(true);
    luaL_error(L, "interrupted!");
}

static void on_interrupt(int number) {
    enum { PATIENCE = 2 }; /* this many wait for C code to return: one more ends the process */
    if (++interrupts_wait == PATIENCE) signal(number, SIG_DFL);
    fm_coroutines_hook(prompt_state, raise_interrupted);
}

static void heed_interrupts(bool heed) {
    interrupts_wait = 0;
    signal(SIGINT, heed ? on_interrupt : SIG_DFL);
}

/* interrupts(true): Ctrl-C raises an error in the running chunk, as in lua. interrupts(false): it
 * ends the process. */
static int system_interrupts(lua_State *L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    prompt_state = lua_tothread(L, -1);
    heed_interrupts(lua_toboolean(L, 1));
    return 0;
}

/* ---- text for a terminal ---- */

static size_t unprintable(const uint8_t *p, size_t size, bool lines) {
    return lines && (*p == '\n' || *p == '\t') ? 0 : fm_unprintable(p, size);
}

/* printable(text [, lines]): what a terminal would obey as escapes, and bytes that are no UTF-8;
 * with `lines`, line ends and tabs stay. */
static int system_printable(lua_State *L) {
    size_t size, i = 0, first = 0;
    const uint8_t *text = (const uint8_t *)bind_check_text(L, 1, &size);
    bool lines = lua_toboolean(L, 2);
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    while (i < size) {
        size_t bytes = unprintable(text + i, size - i, lines);
        if (bytes) {
            luaL_addlstring(&buffer, (const char *)text + first, i - first);
            luaL_addsize(&buffer, fm_escape(text + i, bytes, luaL_prepbuffsize(&buffer, FM_ESCAPE)));
            i += bytes;
            first = i;
        } else {
            i += fm_utf8(text + i, size - i);
        }
    }
    luaL_addlstring(&buffer, (const char *)text + first, size - first);
    luaL_pushresult(&buffer);
    return 1;
}

static const bind_function functions[] = {
    {"printable", system_printable, 2},
    {"threads", system_threads, 1},
    {"blas", system_blas, 0},
    {"libraries", system_libraries, 0},
    {"is_terminal", system_is_terminal, 1},
    {"columns", system_columns, 1},
    {"seconds", system_seconds, 0},
    {"now", system_now, 0},
    {"process", system_process, 0},
    {"die_with", system_die_with, 1},
    {"interrupts", system_interrupts, 1},
    {"channel", system_channel, BIND_ANY},
    {"real_path", system_real_path, 1},
    {"check_products", system_check_products, 1},
    {NULL, NULL, 0},
};

void bind_system(lua_State *L) {
    lua_newtable(L);
    bind_module(L, "system", functions);
    bind_lock(L);
    bind_line_editor(L);
    bind_signals(L);
    lua_pushliteral(L, LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE);
    lua_setfield(L, -2, "lua");
    lua_setfield(L, -2, "system");
}
