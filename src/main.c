/* fmrun: makes a Lua state and hands the command line to lua/fm/cli/main.lua. What may differ from
 * stock Lua is in base.h. */
#define _GNU_SOURCE /* readlink */
#include "base.h"
#include "bind.h"
#include "blas.h"
#include "pool.h"
#include "search.h"

#include <fcntl.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, EXIT_INTERNAL = 4, PATH_SIZE = 4096 };

/* A standard stream that is closed would become the next file to be opened, and what is printed
 * would go into that file. */
static void open_standard_streams(void) {
    int descriptor;
    do {
        descriptor = open("/dev/null", O_RDWR);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0) close(descriptor);
}

/* Whether all output was written. A reader that closed the pipe has read enough: that is not a
 * failure. */
static bool stdout_arrived(void) {
    bool flushed = fflush(stdout) == 0;
    if (flushed && !ferror(stdout)) return true;
    struct stat about;
    return fstat(STDOUT_FILENO, &about) == 0 && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode));
}

/* Lua's memory comes from the pool, so a warm loop of small objects never reaches malloc. */
static void *pool_allocate(void *unused, void *block, size_t old_size, size_t new_size) {
    (void)unused;
    if (!block) return new_size ? fm_pool_take(new_size) : NULL; /* old_size is a type tag here */
    if (!new_size) {
        fm_pool_give(block, old_size);
        return NULL;
    }
    if (new_size == old_size) return block;
    void *moved = fm_pool_take(new_size);
    if (!moved) return new_size < old_size ? block : NULL; /* Lua counts on shrinking */
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    fm_pool_give(block, old_size);
    return moved;
}

/* Where the Lua files are: beside the build folder of a source tree, or in the prefix's share.
 * False when they are in neither. */
static bool find_library(char library[PATH_SIZE]) {
    static const char *const places[] = {"/../lua", "/../../lua", "/../share"};
    char exe[PATH_SIZE], probe[PATH_SIZE];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) return false;
    exe[n] = 0;
    char *slash = strrchr(exe, '/');
    if (!slash) return false;
    *slash = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int written = snprintf(probe, sizeof probe, "%s%s/fm/cli/main.lua", exe, places[i]);
        if (written <= 0 || (size_t)written >= sizeof probe || access(probe, R_OK)) continue;
        probe[(size_t)written - strlen("/fm/cli/main.lua")] = 0;
        return realpath(probe, library) != NULL;
    }
    return false;
}

static int message_handler(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/* -E before the script: the libraries do not read LUA_PATH and LUA_CPATH. */
static bool ignores_environment(int argc, char **argv) {
    for (int i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (!strcmp(argv[i], "-E")) return true;
    }
    return false;
}

/* Runs protected: opens the libraries, calls main.lua with arguments 0..argc-1, returns its exit
 * code. */
static int protected_main(lua_State *L) {
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    if (ignores_environment(argc, argv)) {
        lua_pushboolean(L, true);
        lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    }
    luaL_openlibs(L);
    fm_base_open(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_fm_core);
    lua_setfield(L, -2, "fm.core");
    lua_pop(L, 1);
    char library[PATH_SIZE];
    fm_search_open(L, find_library(library) ? library : NULL);
    lua_gc(L, LUA_GCGEN, 0, 0);

    lua_getglobal(L, "require");
    lua_pushliteral(L, "fm.cli.main");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "start");
    lua_createtable(L, argc, 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i);
    }
    lua_call(L, 1, 1);
    return 1;
}

int main(int argc, char **argv) {
    open_standard_streams();
    fm_error err;
    if (!fm_blas_start(&err)) {
        fprintf(stderr, "fmrun: %s\n", err.text);
        return EXIT_FAILED;
    }
    lua_State *L = lua_newstate(pool_allocate, NULL);
    if (!L) {
        fputs("fmrun: out of memory\n", stderr);
        return EXIT_INTERNAL;
    }
    lua_pushcfunction(L, message_handler);
    lua_pushcfunction(L, protected_main);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    int code = EXIT_INTERNAL;
    if (lua_pcall(L, 2, 1, 1) != LUA_OK) {
        fprintf(stderr, "fmrun: internal error: %s\n", lua_tostring(L, -1));
    } else {
        code = (int)lua_tointeger(L, -1);
    }
    lua_close(L);
    if (!stdout_arrived()) {
        fputs("fmrun: stdout: not all could be written\n", stderr);
        if (!code) code = EXIT_FAILED;
    }
    return code;
}
