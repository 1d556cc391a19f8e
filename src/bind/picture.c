/* fm.picture: the canvas that fm.plot draws on, and what plots need to know about tensors of
 * points. Colors are numbers 0xRRGGBB. */
#include "picture.h"
#include "bytes.h"
#include "object.h"

#include <string.h>

static void release_canvas(lua_State *L, void *object) {
    (void)L;
    fm_picture **slot = object;
    fm_picture_release(*slot);
    *slot = NULL;
}

static const bind_type canvas_type; /* at the foot */

static void release_bytes(lua_State *L, void *object) {
    (void)L;
    fm_file_release(object);
}

static const bind_type bytes_type = {.name = "picture.bytes", .size = sizeof(fm_file), .release = release_bytes};

/* ---- arguments ---- */

static fm_picture *check_canvas(lua_State *L) {
    fm_picture **slot = bind_check_object(L, 1, &canvas_type);
    if (!*slot) bind_error(L, "%s: this canvas was closed", bind_caller(L));
    return *slot;
}

static fm_paint check_paint(lua_State *L, int arg) { /* color, alpha = 1 */
    lua_Integer color = bind_check_whole(L, arg, "color", 0, 0xFFFFFF);
    lua_Number alpha = lua_isnoneornil(L, arg + 1) ? 1 : bind_check_number(L, arg + 1);
    if (!(alpha >= 0 && alpha <= 1)) bind_argument(L, arg + 1, "an alpha within 0..1");
    fm_paint paint = {.alpha = (float)alpha};
    for (int k = 0; k < 3; k++) paint.color[k] = (float)(color >> (16 - 8 * k) & 0xFF) / 255;
    return paint;
}

/* Points [..., 2]. */
static fm_tensor *check_points(lua_State *L, int arg, size_t *n) {
    fm_tensor *t = bind_check_tensor(L, arg);
    char shape[FM_SHAPE_TEXT];
    if (!t->rank || fm_last(t) != 2) bind_error(L, "picture: points are [n, 2], found %s", fm_shape_text(t, shape));
    *n = t->count / 2;
    return t;
}

static fm_map check_map(lua_State *L, int arg) {
    return (fm_map){bind_check_number(L, arg), bind_check_number(L, arg + 1), bind_check_number(L, arg + 2), bind_check_number(L, arg + 3)};
}

/* [H, W] or [H, W, 1..4]. */
static fm_tensor *check_image(lua_State *L, int arg, size_t shape[3]) {
    fm_tensor *t = bind_check_tensor(L, arg);
    char text[FM_SHAPE_TEXT];
    if (t->rank < 2 || t->rank > 3 || !t->count || (t->rank == 3 && t->shape[2] > 4))
        bind_error(L, "picture: an image is [H, W] or [H, W, 1..4], found %s", fm_shape_text(t, text));
    shape[0] = t->shape[0];
    shape[1] = t->shape[1];
    shape[2] = t->rank == 3 ? t->shape[2] : 1;
    return t;
}

/* ---- the canvas ---- */

static int picture_canvas(lua_State *L) { /* width, height, color */
    size_t width = (size_t)bind_check_whole(L, 1, "width", 1, 1 << 20), height = (size_t)bind_check_whole(L, 2, "height", 1, 1 << 20);
    fm_paint background = check_paint(L, 3);
    fm_error err;
    fm_picture **slot = bind_push_object(L, &canvas_type);
    *slot = fm_picture_new(width, height, background.color, &err);
    return *slot ? 1 : bind_raise(L, &err);
}

static int canvas_close(lua_State *L) {
    return bind_release(L, &canvas_type);
}

static int canvas_clip(lua_State *L) { /* x, y, width, height */
    fm_picture *p = check_canvas(L);
    double box[4];
    for (int i = 0; i < 4; i++) {
        box[i] = bind_check_number(L, i + 2);
        if (box[i] != box[i]) bind_argument(L, i + 2, "a number");
    }
    fm_picture_clip(p, box[0], box[1], box[2], box[3]);
    return 0;
}

static int canvas_rectangle(lua_State *L) { /* x, y, width, height, color, alpha */
    fm_picture *p = check_canvas(L);
    fm_picture_rectangle(p, bind_check_number(L, 2), bind_check_number(L, 3), bind_check_number(L, 4), bind_check_number(L, 5),
                         check_paint(L, 6));
    return 0;
}

static int canvas_discs(lua_State *L) { /* points, x, dx, y, dy, radius, color, alpha */
    fm_picture *p = check_canvas(L);
    size_t n;
    fm_tensor *points = check_points(L, 2, &n);
    fm_map map = check_map(L, 3);
    fm_picture_discs(p, n, fm_data(points), map, bind_check_number(L, 7), check_paint(L, 8));
    return 0;
}

static int canvas_lines(lua_State *L) { /* points [m, 2], or [n, m, 2] for n lines, x, dx, y, dy, width, color, alpha */
    fm_picture *p = check_canvas(L);
    size_t n;
    fm_tensor *points = check_points(L, 2, &n);
    fm_map map = check_map(L, 3);
    double width = bind_check_number(L, 7);
    fm_paint paint = check_paint(L, 8);
    size_t each = points->rank >= 2 ? points->shape[points->rank - 2] : 1;
    for (size_t first = 0; first < n; first += each) fm_picture_line(p, each, fm_data(points) + 2 * first, map, width, paint);
    return 0;
}

static int canvas_image(lua_State *L) { /* image, x, y, width, height */
    fm_picture *p = check_canvas(L);
    size_t shape[3];
    fm_tensor *image = check_image(L, 2, shape);
    fm_picture_image(p, bind_check_number(L, 3), bind_check_number(L, 4), bind_check_number(L, 5), bind_check_number(L, 6), shape,
                     fm_data(image));
    return 0;
}

static int canvas_text(lua_State *L) { /* text, x, y, size, anchor, upwards, color, alpha */
    fm_picture *p = check_canvas(L);
    size_t bytes;
    const char *text = bind_check_text(L, 2, &bytes);
    fm_lettering how = {.size = bind_check_number(L, 5), .anchor = bind_check_number(L, 6), .upwards = lua_toboolean(L, 7)};
    how.paint = check_paint(L, 8);
    fm_picture_text(p, bind_check_number(L, 3), bind_check_number(L, 4), text, bytes, &how);
    return 0;
}

static int canvas_save(lua_State *L) {
    fm_picture *p = check_canvas(L);
    size_t bytes;
    const char *path = bind_check_text(L, 2, &bytes);
    if (!bytes || strlen(path) != bytes) bind_argument(L, 2, "a path without a NUL byte");
    fm_error err;
    return bind_done(L, fm_picture_save(p, path, &err), &err);
}

/* ---- questions ---- */

static int picture_text_width(lua_State *L) { /* text, size */
    size_t bytes;
    const char *text = bind_check_text(L, 1, &bytes);
    lua_pushnumber(L, fm_text_width(text, bytes, bind_check_number(L, 2)));
    return 1;
}

static void push_pair(lua_State *L, const char *name, const double v[2]) {
    lua_createtable(L, 2, 0);
    for (int k = 0; k < 2; k++) {
        lua_pushnumber(L, v[k]);
        lua_rawseti(L, -2, k + 1);
    }
    lua_setfield(L, -2, name);
}

static int picture_extent(lua_State *L) { /* points -> {low, high, inner_low, inner_high}, or nil when none is finite */
    size_t n;
    fm_tensor *points = check_points(L, 1, &n);
    fm_extent extent;
    fm_error err;
    if (!fm_points_extent(n, fm_data(points), &extent, &err)) return bind_raise(L, &err);
    if (!extent.count) return 0;
    lua_createtable(L, 0, 4);
    push_pair(L, "low", extent.low);
    push_pair(L, "high", extent.high);
    push_pair(L, "inner_low", extent.inner_low);
    push_pair(L, "inner_high", extent.inner_high);
    return 1;
}

static int picture_count(lua_State *L) { /* points, x0, y0, x1, y1, rows, columns -> counts [rows, columns], how many in all */
    size_t n;
    fm_tensor *points = check_points(L, 1, &n);
    double low[2] = {bind_check_number(L, 2), bind_check_number(L, 3)}, high[2] = {bind_check_number(L, 4), bind_check_number(L, 5)};
    size_t shape[2] = {(size_t)bind_check_whole(L, 6, "rows", 1, 1 << 14), (size_t)bind_check_whole(L, 7, "columns", 1, 1 << 14)};
    fm_tensor *counts = bind_push_new(L, 2, shape);
    lua_pushinteger(L, (lua_Integer)fm_points_count(n, fm_data(points), low, high, shape[0], shape[1], fm_data(counts)));
    return 2;
}

static int picture_colors(lua_State *L) { /* values, low, high, colors [n, 3] -> [..., 3] */
    fm_tensor *values = bind_check_tensor(L, 1), *colors = bind_check_tensor(L, 4);
    double low = bind_check_number(L, 2), high = bind_check_number(L, 3);
    size_t shape[FM_MAX_RANK];
    char text[FM_SHAPE_TEXT];
    if (values->rank == FM_MAX_RANK) return bind_error(L, "picture.colors: no room for one axis more");
    if (colors->rank != 2 || colors->shape[0] < 2 || colors->shape[1] != 3)
        return bind_error(L, "picture.colors: colors are [n, 3], found %s", fm_shape_text(colors, text));
    memcpy(shape, values->shape, sizeof values->shape);
    shape[values->rank] = 3;
    fm_tensor *out = bind_push_new(L, values->rank + 1, shape);
    fm_colors_of(values->count, fm_data(values), low, high, colors->shape[0], fm_data(colors), fm_data(out));
    return 1;
}

/* ---- images as text ---- */

static int push_base64(lua_State *L, const void *bytes, size_t size) {
    luaL_Buffer buffer;
    char *to = luaL_buffinitsize(L, &buffer, FM_BASE64(size));
    luaL_pushresultsize(&buffer, fm_base64(bytes, size, to));
    return 1;
}

static int picture_base64(lua_State *L) { /* the bytes of a file in base64; of an image: those of a PNG file */
    size_t shape[3], size;
    if (lua_type(L, 1) == LUA_TSTRING) {
        const char *bytes = lua_tolstring(L, 1, &size);
        return push_base64(L, bytes, size);
    }
    fm_tensor *image = check_image(L, 1, shape);
    fm_error err;
    fm_file *file = bind_push_object(L, &bytes_type);
    if (!fm_image_encode(shape, fm_data(image), file, &err)) return bind_raise(L, &err);
    push_base64(L, file->bytes, file->size);
    fm_file_release(file);
    return 1;
}

static const bind_function canvas_methods[] = {
    {"clip", canvas_clip, 5},   {"rectangle", canvas_rectangle, 7}, {"discs", canvas_discs, 9},
    {"lines", canvas_lines, 9}, {"image", canvas_image, 6},         {"text", canvas_text, 9},
    {"save", canvas_save, 2},   {"close", canvas_close, 1},         {NULL, NULL, 0},
};
static const bind_type canvas_type = {.name = "canvas",
                                      .expected = "a canvas",
                                      .size = sizeof(fm_picture *),
                                      .closes = true,
                                      .release = release_canvas,
                                      .methods = canvas_methods};
static const bind_function picture_functions[] = {
    {"canvas", picture_canvas, 4},
    {"text_width", picture_text_width, 2},
    {"extent", picture_extent, 1},
    {"count", picture_count, 7},
    {"colors", picture_colors, 4},
    {"base64", picture_base64, 1},
    {NULL, NULL, 0},
};

void bind_picture(lua_State *L) {
    bind_open_type(L, &bytes_type);
    bind_open_type(L, &canvas_type);
    lua_newtable(L);
    bind_module(L, "picture", picture_functions);
    lua_setfield(L, -2, "picture");
}
