/* fm.system.catch_signals(f): signals that would end the process are passed to f(name, count)
 * instead, at the next safe point: between two instructions of Lua, at a call of a field by the
 * ODE engine, or at fm.system.heed_signals(). f may raise. The handler itself only counts and sets
 * a hook, as lua.c does. catch_signals(nil) restores what was before. */
#define _GNU_SOURCE /* sigaction */
#include "signals.h"
#include "coroutines.h"

#include <signal.h>
#include <string.h>

static const struct {
    int number;
    const char *name;
} caught[] = {{SIGINT, "INT"}, {SIGTERM, "TERM"}, {SIGHUP, "HUP"}, {SIGUSR1, "USR1"}};
static const int ignored[] = {SIGPIPE, SIGXFSZ}; /* the write that caused them fails, and says so */
enum { CAUGHT = sizeof caught / sizeof *caught, IGNORED = sizeof ignored / sizeof *ignored, LAST = 3 };

static volatile sig_atomic_t waits, arrived[CAUGHT];
static sig_atomic_t told[CAUGHT];
static struct sigaction former[CAUGHT + IGNORED];
static bool catching;
static lua_State *main_state; /* whose instructions the hook interrupts */
static const char told_key = 0;

bool bind_signal_waits(void) {
    return waits != 0;
}

int bind_heed_signals(lua_State *L) {
    if (!waits) return 0;
    waits = 0;
    for (int i = 0; i < CAUGHT; i++) {
        while (told[i] < arrived[i]) {
            told[i]++;
            if (lua_rawgetp(L, LUA_REGISTRYINDEX, &told_key) != LUA_TFUNCTION) return 0;
            lua_pushstring(L, caught[i].name);
            lua_pushinteger(L, told[i]);
            lua_call(L, 2, 0);
        }
    }
    return 0;
}

static void on_hook(lua_State *L, lua_Debug *unused) {
    (void)unused;
    lua_sethook(L, NULL, 0, 0);
    bind_heed_signals(L);
}

static void on_signal(int number) {
    for (int i = 0; i < CAUGHT; i++) {
        if (caught[i].number != number) continue;
        arrived[i]++;
        if (arrived[i] == LAST) signal(number, SIG_DFL); /* nobody listens: the next one ends the process */
    }
    waits = 1;
    fm_coroutines_hook(main_state, on_hook);
}

static void start_catching(lua_State *L) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    main_state = lua_tothread(L, -1);
    lua_pop(L, 1);
    for (int i = 0; i < CAUGHT; i++) {
        arrived[i] = told[i] = 0;
        action.sa_handler = on_signal;
        sigaction(caught[i].number, NULL, &former[i]);
        if (former[i].sa_handler != SIG_IGN || caught[i].number == SIGUSR1) sigaction(caught[i].number, &action, NULL); /* nohup's stays */
    }
    for (int i = 0; i < IGNORED; i++) {
        action.sa_handler = SIG_IGN;
        sigaction(ignored[i], &action, &former[CAUGHT + i]);
    }
    waits = 0;
    catching = true;
}

static void stop_catching(lua_State *L) {
    for (int i = 0; i < CAUGHT; i++) sigaction(caught[i].number, &former[i], NULL);
    for (int i = 0; i < IGNORED; i++) sigaction(ignored[i], &former[CAUGHT + i], NULL);
    if (waits) lua_sethook(main_state, NULL, 0, 0);
    waits = 0;
    catching = false;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &told_key);
}

static int system_catch_signals(lua_State *L) {
    if (catching) stop_catching(L);
    if (lua_isnoneornil(L, 1)) return 0;
    bind_check_function(L, 1);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &told_key);
    start_catching(L);
    return 0;
}

void bind_signals(lua_State *L) {
    static const bind_function functions[] = {
        {"catch_signals", system_catch_signals, 1}, {"heed_signals", bind_heed_signals, 0}, {NULL, NULL, 0}};
    bind_module(L, "system", functions);
}
