/* system.line_editor(complete): the prompt's input. complete(line, cursor) -> text to insert,
 * lines to show below; either may be nil. */
#include "line_editor.h"
#include "object.h"

typedef struct editor {
    fm_line_editor *editor; /* NULL: closed */
    lua_State *L;           /* who reads */
} editor;

static const bind_type editor_type; /* at the foot */

enum { COMPLETE = 1, RESULT, N_VALUES = RESULT }; /* user values: the function, and what it said last */

typedef struct request {
    const char *line;
    size_t size, cursor;
    fm_completion answer;
} request;

/* Protected: the editor, and a request. What complete() says is kept with the editor. */
static int call_complete(lua_State *L) {
    request *r = lua_touserdata(L, 2);
    lua_createtable(L, 2, 0);
    lua_getiuservalue(L, 1, COMPLETE);
    lua_pushlstring(L, r->line, r->size);
    lua_pushinteger(L, (lua_Integer)r->cursor);
    lua_call(L, 2, 2);
    if (lua_type(L, -2) == LUA_TSTRING) r->answer.insert = lua_tostring(L, -2);
    if (lua_type(L, -1) == LUA_TSTRING) r->answer.list = lua_tostring(L, -1);
    lua_rawseti(L, 3, 1);
    lua_rawseti(L, 3, 2);
    lua_setiuservalue(L, 1, RESULT);
    return 0;
}

/* Called inside of the library, which knows nothing of Lua's errors: a failure completes
 * nothing. */
static fm_completion complete(void *context, const char *line, size_t size, size_t cursor) {
    lua_State *L = ((editor *)context)->L;
    request r = {line, size, cursor, {NULL, NULL}};
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 8)) return r.answer;
    lua_pushcfunction(L, call_complete);
    lua_pushvalue(L, 1); /* the editor, whose read() runs */
    lua_pushlightuserdata(L, &r);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) r.answer = (fm_completion){NULL, NULL};
    lua_settop(L, top);
    return r.answer;
}

static fm_line_editor *check_open(lua_State *L) {
    editor *e = bind_check_object(L, 1, &editor_type);
    if (!e->editor) bind_error(L, "line editor: it is closed");
    e->L = L;
    return e->editor;
}

static int editor_read(lua_State *L) { /* read(prompt) -> text | false (cancelled) | nil (the end) */
    fm_line_editor *e = check_open(L);
    const char *prompt = bind_check_text(L, 2, NULL), *text;
    size_t size = 0;
    fm_line_kind kind = fm_line_editor_read(e, prompt, &text, &size);
    if (kind == FM_LINE) lua_pushlstring(L, text, size);
    else if (kind == FM_LINE_CANCELLED) lua_pushboolean(L, false);
    else lua_pushnil(L);
    return 1;
}

static int editor_remember(lua_State *L) {
    fm_line_editor *e = check_open(L);
    fm_line_editor_remember(e, bind_check_text(L, 2, NULL));
    return 0;
}

static void release(lua_State *L, void *object) {
    (void)L;
    editor *e = object;
    fm_line_editor_close(e->editor);
    e->editor = NULL;
}

static int system_line_editor(lua_State *L) {
    fm_error err;
    bind_check_function(L, 1);
    editor *e = bind_push_object(L, &editor_type);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, COMPLETE);
    e->editor = fm_line_editor_open(complete, e, &err);
    return e->editor ? 1 : bind_failure(L, &err);
}

static const bind_function methods[] = {{"read", editor_read, 2}, {"remember", editor_remember, 2}, {NULL, NULL, 0}};
static const bind_type editor_type = {.name = "line editor",
                                      .expected = "a line editor",
                                      .size = sizeof(editor),
                                      .values = N_VALUES,
                                      .closes = true,
                                      .release = release,
                                      .methods = methods};
static const bind_function functions[] = {{"line_editor", system_line_editor, 1}, {NULL, NULL, 0}};

void bind_line_editor(lua_State *L) {
    bind_module(L, "system", functions);
    bind_open_type(L, &editor_type);
}
