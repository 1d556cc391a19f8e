/* Files in Lua. A missing or damaged file and a full disk give nil and a message. Wrong arguments
 * raise. */
#include "files.h"

#include "atomic_file.h"
#include "cifar.h"
#include "digest.h"
#include "idx.h"
#include "npy.h"
#include "object.h"
#include "png_file.h"
#include "safetensors.h"
#include "vectors.h"

#include <string.h>

static const char *check_path(lua_State *L, int arg) {
    size_t n;
    const char *path = bind_check_text(L, arg, &n);
    if (n == 0) bind_error(L, "%s: the path is empty", bind_caller(L));
    if (strlen(path) != n) bind_error(L, "%s: the path holds a NUL byte", bind_caller(L));
    return path;
}

/* ---- who is told about data that is read: a run, which records it ---- */

static const char reader_key = 0; /* its address is the registry key of the function */

/* on_read(f) calls f(path) before a file is read by a loader; on_read(nil) ends that. */
static int file_on_read(lua_State *L) {
    if (!lua_isnoneornil(L, 1)) bind_check_function(L, 1);
    lua_settop(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &reader_key);
    return 0;
}

/* The path of a file that is going to be read. */
static const char *check_source(lua_State *L, int arg) {
    const char *path = check_path(L, arg);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &reader_key) == LUA_TFUNCTION) {
        lua_pushvalue(L, arg);
        lua_call(L, 1, 0);
    } else {
        lua_pop(L, 1);
    }
    return path;
}

/* ---- results of readers, owned by Lua while their parts are pushed: a raise leaks nothing ---- */

static void release_safetensors(lua_State *L, void *object) {
    (void)L;
    fm_safetensors_release(object);
}

static void release_vectors(lua_State *L, void *object) {
    (void)L;
    fm_vectors_release(object);
}

static void release_file(lua_State *L, void *object) {
    (void)L;
    fm_file_release(object);
}

static const bind_type safetensors_type = {.name = "safetensors", .size = sizeof(fm_safetensors), .release = release_safetensors};
static const bind_type vectors_type = {.name = "vectors", .size = sizeof(fm_vectors), .release = release_vectors};
static const bind_type file_type = {.name = "file", .size = sizeof(fm_file), .release = release_file};

/* Hands one reference over to a new handle on the stack. */
static void push_handle(lua_State *L, fm_tensor **from) {
    fm_tensor **slot = bind_push_empty(L);
    *slot = *from;
    *from = NULL;
}

/* ---- save, load: safetensors ---- */

/* Pushes key and value of the i-th pair, and returns where the value is. */
static int push_pair(lua_State *L, int list, size_t i) {
    lua_rawgeti(L, list, (lua_Integer)(2 * i + 1));
    lua_rawgeti(L, list, (lua_Integer)(2 * i + 2));
    return lua_gettop(L);
}

static fm_text check_key(lua_State *L, int index, const char *what) {
    fm_text t;
    if (lua_type(L, index) != LUA_TSTRING) bind_error(L, "save: %s must be strings, found a %s", what, luaL_typename(L, index));
    t.at = lua_tolstring(L, index, &t.size);
    return t;
}

/* Borrows texts and tensors from the list of the table's pairs, which stays on the stack. */
static void take_tensors(lua_State *L, int table, fm_safetensors *s) {
    size_t n = bind_push_pairs(L, table);
    int list = lua_gettop(L);
    s->tensors = lua_newuserdatauv(L, (n + 1) * sizeof *s->tensors, 0);
    for (size_t i = 0; i < n; i++, lua_pop(L, 2)) {
        int value = push_pair(L, list, i);
        fm_named_tensor *t = &s->tensors[s->n];
        t->name = check_key(L, value - 1, "names of tensors");
        if (!bind_is_tensor(L, value) || bind_is_released(L, value))
            bind_error(L, "save: \"%s\": expected a tensor, found %s", t->name.at, bind_push_kind(L, value));
        t->tensor = bind_check_tensor(L, value);
        s->n++;
    }
}

static void take_metadata(lua_State *L, int table, fm_safetensors *s) {
    size_t n = bind_push_pairs(L, table);
    int list = lua_gettop(L);
    s->metadata = lua_newuserdatauv(L, (n + 1) * sizeof *s->metadata, 0);
    for (size_t i = 0; i < n; i++, lua_pop(L, 2)) {
        int value = push_pair(L, list, i);
        fm_text_pair *pair = &s->metadata[s->n_metadata];
        pair->key = check_key(L, value - 1, "keys of metadata");
        if (lua_type(L, value) != LUA_TSTRING) {
            bind_error(L, "save: metadata \"%s\": expected a string, found a %s", pair->key.at, luaL_typename(L, value));
        }
        pair->value.at = lua_tolstring(L, value, &pair->value.size);
        s->n_metadata++;
    }
}

static int fm_save(lua_State *L) {
    const char *path = check_path(L, 1);
    bind_check_table(L, 2);
    if (!lua_isnoneornil(L, 3)) bind_check_table(L, 3);
    lua_settop(L, 3);
    fm_safetensors s = {0};
    fm_error err;
    take_tensors(L, 2, &s);
    if (lua_istable(L, 3)) take_metadata(L, 3, &s);
    return bind_done(L, fm_safetensors_save(path, &s, &err), &err);
}

static int fm_load(lua_State *L) {
    const char *path = check_source(L, 1);
    fm_error err;
    fm_safetensors *s = bind_push_object(L, &safetensors_type);
    if (!fm_safetensors_load(path, s, &err)) return bind_failure(L, &err);
    lua_createtable(L, 0, (int)(s->n < 1 << 20 ? s->n : 1 << 20));
    for (size_t i = 0; i < s->n; i++) {
        lua_pushlstring(L, s->tensors[i].name.at, s->tensors[i].name.size);
        push_handle(L, &s->tensors[i].tensor);
        lua_rawset(L, -3);
    }
    lua_newtable(L);
    for (size_t i = 0; i < s->n_metadata; i++) {
        lua_pushlstring(L, s->metadata[i].key.at, s->metadata[i].key.size);
        lua_pushlstring(L, s->metadata[i].value.at, s->metadata[i].value.size);
        lua_rawset(L, -3);
    }
    fm_safetensors_release(s);
    return 2;
}

/* ---- one tensor in a file ---- */

static int load_one(lua_State *L, bool (*load)(const char *path, fm_tensor **out, fm_error *err)) {
    const char *path = check_source(L, 1);
    fm_error err;
    fm_tensor **slot = bind_push_empty(L);
    return load(path, slot, &err) ? 1 : bind_failure(L, &err);
}

static int save_one(lua_State *L, bool (*save)(const char *path, const fm_tensor *t, fm_error *err)) {
    const char *path = check_path(L, 1);
    fm_error err;
    return bind_done(L, save(path, bind_check_tensor(L, 2), &err), &err);
}

static int npy_load(lua_State *L) {
    return load_one(L, fm_npy_load);
}

static int npy_save(lua_State *L) {
    return save_one(L, fm_npy_save);
}

static int png_load(lua_State *L) {
    return load_one(L, fm_png_load);
}

/* A tensor that is not a picture is the script's mistake; a full disk is not. */
static int png_save(lua_State *L) {
    check_path(L, 1);
    const fm_tensor *t = bind_check_tensor(L, 2);
    char shape[FM_SHAPE_TEXT];
    if (!fm_png_fits(t)) return bind_error(L, "png.save: expected a tensor [H, W] or [H, W, 1..4], found %s", fm_shape_text(t, shape));
    return save_one(L, fm_png_save);
}

static int idx_load(lua_State *L) {
    return load_one(L, fm_idx_load);
}

static int cifar10_load(lua_State *L) {
    const char *path = check_source(L, 1);
    fm_error err;
    fm_tensor **images = bind_push_empty(L), **labels = bind_push_empty(L);
    return fm_cifar10_load(path, images, labels, &err) ? 2 : bind_failure(L, &err);
}

static int vectors_load(lua_State *L) {
    const char *path = check_source(L, 1);
    fm_error err;
    fm_vectors *v = bind_push_object(L, &vectors_type);
    if (!fm_vectors_load(path, v, &err)) return bind_failure(L, &err);
    push_handle(L, &v->vectors);
    lua_createtable(L, (int)(v->n < 1 << 24 ? v->n : 1 << 24), 0);
    for (size_t i = 0; i < v->n; i++) {
        lua_pushlstring(L, v->words[i].at, v->words[i].size);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    fm_vectors_release(v);
    return 2;
}

/* ---- fm.file: what a run's folder needs ---- */

static int file_write(lua_State *L) {
    size_t size;
    const char *path = check_path(L, 1), *text = bind_check_text(L, 2, &size);
    fm_error err;
    return bind_done(L, fm_file_write(path, text, size, &err), &err);
}

/* A number of bytes, or as many as this machine has. */
static uint64_t opt_most(lua_State *L, int arg) {
    return lua_isnoneornil(L, arg) ? UINT64_MAX : (uint64_t)bind_check_whole(L, arg, "most bytes", 0, LUA_MAXINTEGER);
}

static int file_read(lua_State *L) { /* read(path [, most]): text | nil, message */
    const char *path = check_source(L, 1);
    uint64_t most = opt_most(L, 2);
    fm_error err;
    fm_file *file = bind_push_object(L, &file_type);
    if (!fm_file_read_at_most(path, most, file, &err)) return bind_failure(L, &err);
    lua_pushlstring(L, (const char *)file->bytes, file->size);
    fm_file_release(file);
    return 1;
}

static int file_append(lua_State *L) {
    size_t size;
    const char *path = check_path(L, 1), *text = bind_check_text(L, 2, &size);
    fm_error err;
    return bind_done(L, fm_file_append(path, text, size, &err), &err);
}

static int file_sync(lua_State *L) {
    fm_error err;
    return bind_done(L, fm_file_sync(check_path(L, 1), &err), &err);
}

static int file_cut(lua_State *L) { /* cut(path, bytes) */
    const char *path = check_path(L, 1);
    uint64_t bytes = (uint64_t)bind_check_whole(L, 2, "bytes", 0, LUA_MAXINTEGER);
    fm_error err;
    return bind_done(L, fm_file_cut(path, bytes, &err), &err);
}

static int file_has_room(lua_State *L) { /* has_room(folder, bytes) */
    const char *path = check_path(L, 1);
    uint64_t bytes = (uint64_t)bind_check_whole(L, 2, "bytes", 0, LUA_MAXINTEGER);
    fm_error err;
    return bind_done(L, fm_folder_has_room(path, bytes, &err), &err);
}

static int file_mkdir_new(lua_State *L) { /* true | nil, message, "exists" or nil */
    bool exists;
    fm_error err;
    if (fm_folder_new(check_path(L, 1), &exists, &err)) return bind_done(L, true, &err);
    bind_failure(L, &err);
    lua_pushstring(L, exists ? "exists" : NULL);
    return 3;
}

static int file_hash(lua_State *L) {
    size_t size;
    const char *text = bind_check_text(L, 1, &size);
    char digest[FM_DIGEST_TEXT];
    fm_digest(text, size, digest);
    lua_pushstring(L, digest);
    return 1;
}

static int file_hash_file(lua_State *L) { /* hash_file(path [, most]) */
    char digest[FM_DIGEST_TEXT];
    fm_error err;
    if (!fm_digest_file(check_path(L, 1), opt_most(L, 2), digest, &err)) return bind_failure(L, &err);
    lua_pushstring(L, digest);
    return 1;
}

static const bind_function npy_functions[] = {{"load", npy_load, 1}, {"save", npy_save, 2}, {NULL, NULL, 0}};
static const bind_function png_functions[] = {{"load", png_load, 1}, {"save", png_save, 2}, {NULL, NULL, 0}};
static const bind_function idx_functions[] = {{"load", idx_load, 1}, {NULL, NULL, 0}};
static const bind_function cifar10_functions[] = {{"load", cifar10_load, 1}, {NULL, NULL, 0}};
static const bind_function vectors_functions[] = {{"load", vectors_load, 1}, {NULL, NULL, 0}};
static const bind_function file_functions[] = {
    {"read", file_read, 2},           {"write", file_write, 2}, {"append", file_append, 2},
    {"sync", file_sync, 1},           {"cut", file_cut, 2},     {"has_room", file_has_room, 2},
    {"mkdir_new", file_mkdir_new, 1}, {"hash", file_hash, 1},   {"hash_file", file_hash_file, 2},
    {"on_read", file_on_read, 1},     {NULL, NULL, 0},
};
static const struct {
    const char *name;
    const bind_function *functions;
} modules[] = {{"npy", npy_functions},         {"png", png_functions},         {"idx", idx_functions},
               {"cifar10", cifar10_functions}, {"vectors", vectors_functions}, {"file", file_functions}};
static const bind_function functions[] = {{"save", fm_save, 3}, {"load", fm_load, 1}, {NULL, NULL, 0}};

void bind_files(lua_State *L) {
    bind_open_type(L, &safetensors_type);
    bind_open_type(L, &vectors_type);
    bind_open_type(L, &file_type);
    bind_functions(L, NULL, functions);
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        lua_newtable(L);
        bind_module(L, modules[i].name, modules[i].functions);
        lua_setfield(L, -2, modules[i].name);
    }
    bind_json(L);
}
