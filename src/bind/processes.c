/* fm.core.processes: the processes of one training under mpirun; see processes.h. What travels is a
 * text, or the numbers of a tensor. */
#include "processes.h"
#include "bind.h"

static int processes_expected(lua_State *L) { /* how many there should be (0: mpirun did not start this one), and the rank of this one */
    int rank, size = fm_processes_expected(&rank);
    lua_pushinteger(L, size);
    lua_pushinteger(L, rank);
    return 2;
}

static int processes_can_start(lua_State *L) {
    lua_pushboolean(L, fm_processes_can_start());
    return 1;
}

static int processes_start(lua_State *L) { /* rank, size, portion; or nil, message */
    fm_error err;
    if (!fm_processes_start(&err)) return bind_failure(L, &err);
    lua_pushinteger(L, fm_all.rank);
    lua_pushinteger(L, fm_all.size);
    lua_pushnumber(L, fm_all.portion);
    return 3;
}

static const char *const kinds[] = {"plan", "step", "sum", "failed", NULL}; /* in the order of fm_message */

static fm_message check_kind(lua_State *L) {
    return FM_MESSAGE_PLAN + (fm_message)luaL_checkoption(L, 2, NULL, kinds);
}

static int check_rank(lua_State *L) {
    return (int)bind_check_whole(L, 1, "rank", 0, fm_all.size - 1);
}

static int result(lua_State *L, bool well) { /* true; or false, message */
    lua_pushboolean(L, well);
    if (well) return 1;
    lua_pushstring(L, fm_processes_heard());
    return 2;
}

static int processes_send(lua_State *L) { /* send(rank, kind, text or tensor) */
    size_t size;
    int to = check_rank(L);
    fm_message kind = check_kind(L);
    if (bind_is_tensor(L, 3)) {
        const fm_tensor *t = bind_check_tensor(L, 3);
        return result(L, fm_processes_send(to, kind, fm_data(t), t->count * sizeof(real)));
    }
    const char *text = bind_check_text(L, 3, &size);
    return result(L, fm_processes_send(to, kind, text, size));
}

static int processes_receive(lua_State *L) { /* receive(rank, kind, tensor): into it; receive(rank, kind) -> text; or false, message */
    int from = check_rank(L);
    fm_message kind = check_kind(L);
    if (bind_is_tensor(L, 3)) {
        const fm_tensor *t = bind_check_tensor(L, 3);
        return result(L, fm_processes_receive(from, kind, fm_data(t), t->count * sizeof(real)));
    }
    size_t size;
    if (!fm_processes_size(from, kind, &size)) return result(L, false);
    luaL_Buffer buffer;
    char *to = luaL_buffinitsize(L, &buffer, size + 1);
    if (!fm_processes_receive(from, kind, to, size)) return result(L, false);
    luaL_pushresultsize(&buffer, size);
    return 1;
}

static int processes_finish(lua_State *L) { /* finish(exit code, well): waits for the others, or ends them */
    fm_processes_finish((int)bind_check_whole(L, 1, "code", 0, 255), lua_toboolean(L, 2));
    return 0;
}

void bind_processes(lua_State *L) {
    static const bind_function functions[] = {
        {"expected", processes_expected, 0},
        {"can_start", processes_can_start, 0},
        {"start", processes_start, 0},
        {"send", processes_send, 3},
        {"receive", processes_receive, 3},
        {"finish", processes_finish, 2},
        {NULL, NULL, 0},
    };
    lua_newtable(L);
    bind_module(L, "processes", functions);
    lua_setfield(L, -2, "processes");
}
